"""The inventory's settings together make sense, or the process does not start."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.inventory.settings import InventorySettings

URLS = {
    "database_url": "postgresql+asyncpg://user@127.0.0.1/db",
    "bus_url": "kafka://127.0.0.1:9092",
    "redis_url": "redis://127.0.0.1:6379",
    "catalogue_target": "127.0.0.1:1",
}


@pytest.mark.parametrize("cap_seconds", [10, 15])
def test_a_cap_within_the_grace_is_refused(cap_seconds: int) -> None:
    """Every hold would be longer than it may live."""
    with pytest.raises(ValidationError, match="hold_cap_seconds must be more than hold_grace_seconds"):
        InventorySettings.model_validate({**URLS, "hold_cap_seconds": cap_seconds, "hold_grace_seconds": 15})


def test_a_cap_just_beyond_the_grace_is_taken() -> None:
    settings = InventorySettings.model_validate({**URLS, "hold_cap_seconds": 16, "hold_grace_seconds": 15})
    assert settings.hold_cap_seconds == 16

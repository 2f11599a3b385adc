"""Where no Kafka broker is asked for, no stack starts one: its jars would have to be fetched."""

from __future__ import annotations

import os

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Takes out what is marked `kafka`, unless a broker is named or compulsory."""
    if os.environ.get("BALCON_TEST_KAFKA") or os.environ.get("BALCON_REQUIRE_KAFKA") == "1":
        return
    own = [item for item in items if "tests/e2e" in item.path.as_posix() and item.get_closest_marker("kafka")]
    if own:
        config.hook.pytest_deselected(items=own)
        items[:] = [item for item in items if item not in own]

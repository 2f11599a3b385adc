"""What a request's hash depends on, and what settings the process reads."""

from __future__ import annotations

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.types.v1.money_pb2 import Money
from pydantic import ValidationError

from services.catalogue.settings import CatalogueSettings
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import wire_instant

REQUEST = pb.CreatePerformanceRequest(
    idempotency_key="key_1",
    house_id="hse_1",
    hall_id="hal_1",
    production_id="prd_1",
    starts_at=wire_instant(1_900_000_000_000),
    prices=[
        pb.Price(
            category="Stalls",
            ticket_type="normal",
            kind=pb.TICKET_KIND_NORMAL,
            amount=Money(amount_minor=2_500, currency="EUR"),
        )
    ],
)


def content(request: pb.CreatePerformanceRequest | pb.CreateHallRequest | pb.CreateProductionRequest) -> bytes:
    return asked_once(request, lambda _: pb.CreatePerformanceResponse()).content()


def test_the_hash_of_a_request_outlives_the_process_and_fields_that_are_added_later() -> None:
    # Keys are kept for days and over releases: a change of this value makes every retry a reuse.
    assert content(REQUEST).hex() == "28ac1566b82092f4680d55852178aa871c4d944599ecf9c582c730786e9db83b"


def test_the_hash_tells_every_part_and_every_field_apart() -> None:
    later = pb.CreatePerformanceRequest()
    later.CopyFrom(REQUEST)
    later.sale_ends_at.CopyFrom(wire_instant(1_899_999_999_999))
    hashes = {
        content(pb.CreateHallRequest(house_id="ab", name="c")),
        content(pb.CreateHallRequest(house_id="a", name="bc")),
        content(pb.CreateProductionRequest(house_id="a", title="bc")),
        content(REQUEST),
        content(later),
    }
    assert len(hashes) == 5


def test_settings_are_read_with_the_services_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALCON_CATALOGUE_DATABASE_URL", "postgresql+asyncpg://u:secret@127.0.0.1/catalogue")
    monkeypatch.setenv("BALCON_CATALOGUE_BUS_URL", "memory://")
    monkeypatch.setenv("BALCON_CATALOGUE_ACCOUNTS_TARGET", "127.0.0.1:1")
    monkeypatch.setenv("BALCON_CATALOGUE_INVENTORY_TARGET", "127.0.0.1:1")
    monkeypatch.setenv("BALCON_CATALOGUE_PLAN_CACHE_SEATS", "7")
    settings = CatalogueSettings()
    assert settings.plan_cache_seats == 7
    assert "secret" not in repr(settings)
    monkeypatch.setenv("BALCON_CATALOGUE_PLAN_CACHE_SEATS", "-1")
    with pytest.raises(ValidationError):
        CatalogueSettings()

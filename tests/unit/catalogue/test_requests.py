"""What a request's hash depends on, and what settings the process reads."""

from __future__ import annotations

import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.types.v1.money_pb2 import Money
from pydantic import ValidationError

from services.catalogue.api.calls import asked_once
from services.catalogue.settings import CatalogueSettings

REQUEST = pb.CreatePerformanceRequest(
    idempotency_key="key_1",
    house_id="hse_1",
    hall_id="hal_1",
    production_id="prd_1",
    starts_at_ms=1_900_000_000_000,
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
    assert content(REQUEST).hex() == "0611aeda5249bb26a54d0be8819df7a3cf6e6ffa3c254c663d50b02f18de873a"


def test_the_hash_tells_every_part_and_every_field_apart() -> None:
    later = pb.CreatePerformanceRequest()
    later.CopyFrom(REQUEST)
    later.sale_ends_at_ms = 1_899_999_999_999
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
    monkeypatch.setenv("BALCON_CATALOGUE_PLAN_CACHE_SEATS", "7")
    settings = CatalogueSettings()
    assert settings.plan_cache_seats == 7
    assert "secret" not in repr(settings)
    monkeypatch.setenv("BALCON_CATALOGUE_PLAN_CACHE_SEATS", "-1")
    with pytest.raises(ValidationError):
        CatalogueSettings()

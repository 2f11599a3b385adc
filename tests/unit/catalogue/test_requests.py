"""What a request's hash depends on, and what settings the process reads."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.catalogue.domain.performance import PerformanceTerms, Price, TicketKind
from services.catalogue.handlers.once import request_hash
from services.catalogue.settings import CatalogueSettings

TERMS = PerformanceTerms(1_900_000_000_000, (Price("Stalls", "normal", TicketKind.NORMAL, 2_500, "EUR"),))


def test_the_hash_of_a_request_outlives_the_process() -> None:
    # Keys are kept for days and over releases: a change of this value makes every retry a reuse.
    assert request_hash("create_performance", TERMS).hex() == (
        "6e100166687cc957819e263bcc38992dad631955b598c74e14b26c73e9cdc9d8"
    )


def test_the_hash_tells_every_part_and_every_field_apart() -> None:
    hashes = {
        request_hash("create_hall", "ab", "c"),
        request_hash("create_hall", "a", "bc"),
        request_hash("create_production", "a", "bc"),
        request_hash("create_hall", b"a", "bc"),
        request_hash("create_performance", TERMS),
        request_hash("create_performance", PerformanceTerms(TERMS.starts_at_ms, TERMS.prices, 1)),
    }
    assert len(hashes) == 6


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

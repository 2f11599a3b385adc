"""Performances of a museum and a theatre, and quotas for them. No assertions here."""

from __future__ import annotations

from typing import Any

from services.catalogue.domain.kept import Kept
from services.catalogue.domain.performance import Performance, SaleState
from services.catalogue.domain.performance_times import Admission, Times
from services.catalogue.domain.price import Price, TicketKind
from services.catalogue.domain.price_book import PriceBook
from services.catalogue.domain.quota import Quota, QuotaRule
from services.contracts.house_time import refused_or_instant

ZONE = "Europe/Berlin"


def at(text: str) -> int:
    """An instant by the house's clock."""
    found = refused_or_instant("at", ZONE, text)
    assert isinstance(found, int), found
    return found


def show(starts: str, *quotas: Kept[Quota], opens: str = "", closes: str = "", **other: Any) -> Performance:
    """A performance; with `opens` it is a day's admission, opening then."""
    times = Times(
        starts_at_ms=at(starts),
        opens_at_ms=at(opens) if opens else 0,
        closes_at_ms=at(closes) if closes else 0,
        sale_ends_at_ms=at(starts),
    )
    fields: dict[str, Any] = {
        "performance_id": "prf_1",
        "house_id": "hse_1",
        "hall_id": "hal_1",
        "plan_version": 1,
        "production_id": "prd_1",
        "title": "Dinosaurs",
        "times": times,
        "sale_state": SaleState.DRAFT,
        "prices": (Price("Stalls", "normal", TicketKind.NORMAL, 2_500, "EUR"),),
        "seats_per_holder": 10,
        "hold_ttl_seconds": 600,
        "capacity": 100,
        "admission": Admission.DAY if opens else Admission.AT_START,
        "book": PriceBook(time_zone=ZONE),
        "quotas": quotas,
    }
    return Performance(**(fields | other))


def quota(*rules: QuotaRule, quota_id: str = "quo_1", **body: Any) -> Kept[Quota]:
    """Of 100 places, unless said otherwise."""
    fields: dict[str, Any] = {"name": quota_id, "production_id": "prd_1", "size": 100, "rules": rules}
    return Kept("hse_1", quota_id, Quota(**(fields | body)), 1)

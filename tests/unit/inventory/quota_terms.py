"""Quotas for the inventory's unit tests."""

from __future__ import annotations

from services.contracts.quotas import HOUR_MS, QuotaPercentages, SalePhase
from services.inventory.domain.records import QuotaTerms

BOX_OFFICE, ONLINE, BACKEND = 1, 2, 3


def quota(
    size: int,
    *,
    name: str = "All",
    zones: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    day_sale_from_ms: int = 10**15,
    presale_hours: int = 2,
    assignments: frozenset[tuple[str, int, SalePhase]] = frozenset(),
    **percentages: int,
) -> QuotaTerms:
    """Over the whole hall, and in the presale for ever, unless said otherwise."""
    anchor_ms = day_sale_from_ms + presale_hours * HOUR_MS
    caps = QuotaPercentages(**percentages)
    quota_id = f"quo_{name.lower()}"
    return QuotaTerms(quota_id, name, size, categories, zones, anchor_ms, presale_hours, caps, assignments)

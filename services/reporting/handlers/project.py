"""Brings one fact into the read model, inside the transaction that also remembers the event."""

from __future__ import annotations

from typing import assert_never

from services.reporting.domain.facts import (
    Fact,
    PerformanceDescribed,
    SaleConfirmed,
    SalePartlyRefunded,
    SaleRefunded,
    SeatsCounted,
)
from services.reporting.domain.totals import fold
from services.reporting.ports.read_model import ReadModel


async def project(model: ReadModel, fact: Fact) -> None:
    """Loads, folds, saves (INV-7). Raises CurrencyDiffers, and whatever the model raises."""
    before, order = await model.load(fact.house_id, fact.performance_id, _order_id(fact))
    after, order_after = fold(before, order, fact)
    if (after, order_after) != (before, order):
        await model.save(before, after, order_after)


def _order_id(fact: Fact) -> str | None:
    match fact:
        case PerformanceDescribed() | SeatsCounted():
            return None
        case SaleConfirmed() | SalePartlyRefunded() | SaleRefunded():
            return fact.order_id
        case _:
            assert_never(fact)

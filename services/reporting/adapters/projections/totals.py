"""The read model `totals`: the figures of a performance as the releases before told them, filled until those are gone.

It has tables and generations of its own, from before there were several models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from sqlalchemy import Select, Text, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.adapters.event_facts import fact_of
from services.reporting.adapters.postgres_read_model import PostgresReadModel
from services.reporting.adapters.projections.projection import Projection
from services.reporting.adapters.tables import order_lines, orders, performances, sales_lines
from services.reporting.domain.facts import (
    Fact,
    LinesCancelled,
    PerformanceDescribed,
    SaleConfirmed,
    SalePartlyRefunded,
    SaleRefunded,
    SeatsCounted,
)
from services.reporting.domain.totals import fold
from services.reporting.ports.generations import TOTALS_MODEL
from services.reporting.ports.read_model import ReadModel
from services.runtime.bus.topics import AVAILABILITY, CATALOGUE, ORDERS
from services.runtime.outbox.application import EventFailed
from services.runtime.outbox.event import IncomingEvent


async def apply(connection: AsyncConnection, generation: int, events: Sequence[IncomingEvent]) -> None:
    """One event after the other. Raises EventFailed, by EventMalformed, CurrencyDiffers or GenerationGone."""
    model = PostgresReadModel(connection, generation)
    for index, event in enumerate(events):
        try:
            fact = fact_of(event)
            if fact is not None:
                await _bring_in(model, fact)
        except Exception as error:
            raise EventFailed(index, error) from error


async def _bring_in(model: ReadModel, fact: Fact) -> None:
    """Loads, folds, saves (INV-7)."""
    before, order = await model.load(fact.house_id, fact.performance_id, _order_id(fact))
    after, order_after = fold(before, order, fact)
    if (after, order_after) != (before, order):
        await model.save(before, after, order_after)


def _order_id(fact: Fact) -> str | None:
    match fact:
        case PerformanceDescribed() | SeatsCounted():
            return None
        case SaleConfirmed() | LinesCancelled() | SalePartlyRefunded() | SaleRefunded():
            return fact.order_id
        case _:
            assert_never(fact)


def _versions(generation: int) -> Select[str, str, str, int, int]:
    return select(
        literal(AVAILABILITY, Text),
        performances.c.performance_id,
        performances.c.house_id,
        performances.c.counted_epoch,
        performances.c.counted_version,
    ).where(performances.c.generation == generation, performances.c.counted_epoch.is_not(None))


TOTALS: Final = Projection(
    name=TOTALS_MODEL,
    topics=(CATALOGUE, ORDERS),
    states=(AVAILABILITY,),
    tables=(order_lines, orders, sales_lines, performances),
    apply=apply,
    versions=_versions,
)

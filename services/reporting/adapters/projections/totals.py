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

_Told = tuple[int, Fact]  # an event's place in the batch, and what it says


async def apply(connection: AsyncConnection, generation: int, events: Sequence[IncomingEvent]) -> None:
    """Each performance's events in their order. Raises EventFailed, by EventMalformed, CurrencyDiffers or
    GenerationGone."""
    model = PostgresReadModel(connection, generation)
    told: dict[tuple[str, str], list[_Told]] = {}
    for place, event in enumerate(events):
        try:
            fact = fact_of(event)
        except Exception as error:
            raise EventFailed(place, error) from error
        if fact is not None:
            told.setdefault((fact.house_id, fact.performance_id), []).append((place, fact))
    # In one order for all: sales, counts and the catalogue tell of the same performances at once.
    for performance in sorted(told):
        await _bring_in(model, performance, told[performance])


async def _bring_in(model: ReadModel, performance: tuple[str, str], told: Sequence[_Told]) -> None:
    """Loads once, folds each, saves once (INV-7)."""
    order_ids = {order_id for _, fact in told if (order_id := _order_id(fact)) is not None}
    try:
        before, known = await model.load(*performance, order_ids)
    except Exception as error:
        raise EventFailed(told[0][0], error) from error
    after, orders = before, dict(known)
    for place, fact in told:
        order_id = _order_id(fact)
        try:
            after, order = fold(after, None if order_id is None else orders.get(order_id), fact)
        except Exception as error:
            raise EventFailed(place, error) from error
        if order is not None:
            orders[order.order_id] = order
    changed = [order for order_id, order in orders.items() if known.get(order_id) != order]
    if after != before or changed:
        await model.save(before, after, changed)


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

"""Takes the events of the catalogue and of accounts: the house's performances, and its clock."""

from __future__ import annotations

from typing import Final

from balcon.accounts.v1.accounts_events_pb2 import HouseChanged
from balcon.catalogue.v1 import catalogue_events_pb2 as events
from balcon.catalogue.v1 import performances_pb2 as wire
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.contracts.changes import revision_of
from services.contracts.wire_types import instant_ms
from services.integrations.podiumkunst.adapters.postgres_links import keep_house
from services.integrations.podiumkunst.adapters.show_rows import ShowRows
from services.integrations.podiumkunst.domain.show import Show, ShowState
from services.runtime.errors import Fatal
from services.runtime.outbox.event import IncomingEvent

SHOWS_GROUP: Final = "podiumkunst-shows"
HOUSES_GROUP: Final = "podiumkunst-houses"
# The events of a performance all carry the whole performance as field 1.
_OF_PERFORMANCES: Final = frozenset(
    one.DESCRIPTOR.full_name
    for one in (
        events.PerformanceArchived,
        events.PerformanceCancelled,
        events.PerformanceCreated,
        events.PerformanceHidden,
        events.PerformanceMoved,
        events.PerformanceOpenedForSale,
        events.PerformancePublished,
        events.PerformanceSaleClosed,
        events.PerformanceUpdated,
    )
)
_STATES: Final = {
    wire.SALE_STATE_ON_SALE: ShowState.ON_SALE,
    wire.SALE_STATE_CLOSED: ShowState.CLOSED,
    wire.SALE_STATE_CANCELLED: ShowState.CANCELLED,
}
_HOUSE: Final = HouseChanged.DESCRIPTOR.full_name


class ShowEventUnreadable(Fatal):
    """A performance's event has bytes that are not the message that its type names."""


async def copy_show(connection: AsyncConnection, event: IncomingEvent) -> None:
    """An EventHandler. Other types are left alone."""
    if event.type not in _OF_PERFORMANCES:
        return
    try:
        performance = events.PerformanceCreated.FromString(event.payload).performance
    except DecodeError as error:
        raise ShowEventUnreadable(type=event.type, event_id=event.id) from error
    await ShowRows(connection, event.house_id).keep(show_of(performance), event.sequence)


async def copy_house(connection: AsyncConnection, event: IncomingEvent) -> None:
    """Handler of accounts' topic, which carries states. Other types on it are left alone."""
    if event.type == _HOUSE:
        house = HouseChanged.FromString(event.payload).house
        await keep_house(connection, house.house_id, house.time_zone, revision=revision_of(house.etag) or 0)


def show_of(performance: wire.Performance) -> Show:
    """Of an event or an answer."""
    prices: dict[str, int] = {}
    for price in performance.prices:
        if price.ticket_type == NORMAL_TICKET_TYPE:
            prices[price.category] = max(price.amount.amount_minor, prices.get(price.category, 0))
    return Show(
        house_id=performance.house_id,
        performance_id=performance.performance_id,
        code=performance.code,
        title=performance.title,
        production_id=performance.production_id,
        hall_id=performance.hall_id,
        starts_at_ms=instant_ms(performance.starts_at),
        state=_STATES.get(performance.sale_state, ShowState.DRAFT),
        capacity=performance.capacity,
        is_archived=performance.HasField("archived_at"),
        prices=prices,
    )

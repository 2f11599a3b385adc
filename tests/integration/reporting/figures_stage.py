"""Sales with all that a line may say, brought into the read models as a consumer brings them, and asked for figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from balcon.accounts.v1.accounts_events_pb2 import HouseChanged
from balcon.accounts.v1.houses_pb2 import House
from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceCreated
from balcon.catalogue.v1.performances_pb2 import Performance
from balcon.catalogue.v1.prices_pb2 import PriceComponentKind, TicketKind
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed, OrderPartlyRefunded, OrderRefunded
from balcon.orders.v1.orders_service_pb2 import LineComponent, LineDiscount, OrderLine, Vat
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.principal_pb2 import PrincipalKind, PrincipalRef
from balcon.types.v1.seating_pb2 import Channel as WireChannel
from google.protobuf.message import Message as Protobuf
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.wire_types import wire_instant
from services.reporting.adapters.postgres_figures import PostgresFigures
from services.reporting.adapters.postgres_generations import PostgresGenerations
from services.reporting.adapters.projections.registry import PROJECTIONS
from services.reporting.ports.figures import Dimension, Narrowing, Sight, SumRow
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from tests.integration.reporting.sales_stage import HOUSE, place_of

ZONE = "Europe/Amsterdam"
WHOLE = Sight(HOUSE, whole_house=True)
ALL = Narrowing()


def at(text: str, fold: int = 0) -> int:
    """Milliseconds of what the house's clock shows."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE), fold=fold).timestamp() * 1000)


def euros(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="EUR")


def house(house_id: str = HOUSE, zone: str = ZONE) -> HouseChanged:
    return HouseChanged(
        house=House(house_id=house_id, label="elckerlijc", name="Elckerlijc", time_zone=zone, etag='"1"')
    )


def performance(performance_id: str, starts: str = "2027-02-01 20:00", **other: Any) -> PerformanceCreated:
    told = {"house_id": HOUSE, "production_id": "prod_1", "title": "Elckerlijc", "hall_id": "hall_1", "capacity": 100}
    return PerformanceCreated(
        performance=Performance(performance_id=performance_id, starts_at=wire_instant(at(starts)), **{**told, **other})
    )


def line(
    seat_id: str,
    base: int = 2300,
    surcharge: int = 200,
    fee: int = 150,
    *,
    category: str = "A",
    ticket_type: str = "normal",
    kind: str = "NORMAL",
    discount: LineDiscount | None = None,
) -> OrderLine:
    """Base and surcharge at 9 % (`low`), the service fee at 21 % (`high`)."""
    low, high = ("low", 900), ("high", 2100)
    parts = (("BASE", base, *low), ("THEATRE_SURCHARGE", surcharge, *low), ("SERVICE_FEE", fee, *high))
    return OrderLine(
        seat_id=seat_id,
        category=category,
        ticket_type=ticket_type,
        kind=TicketKind.Value(f"TICKET_KIND_{kind}"),
        price=euros(base + surcharge + fee),
        components=[
            LineComponent(
                kind=PriceComponentKind.Value(f"PRICE_COMPONENT_KIND_{name}"),
                amount=euros(amount),
                vat=Vat(vat_class=tax, rate_basis_points=rate, amount=euros(amount * rate // (10_000 + rate))),
            )
            for name, amount, tax, rate in parts
            if amount
        ],
        discount=discount,
    )


def sale(
    order_id: str,
    performance_id: str,
    when: str | int,
    *lines: OrderLine,
    channel: str = "ONLINE",
    seller: tuple[str, str] = ("BUYER", "holder_1"),
    customer_id: str = "",
    house_id: str = HOUSE,
) -> OrderConfirmed:
    sold = lines or (line(f"{order_id}-1"),)
    return OrderConfirmed(
        order_id=order_id,
        house_id=house_id,
        performance_id=performance_id,
        channel=WireChannel.Value(f"CHANNEL_{channel}"),
        lines=sold,
        total=euros(sum(each.price.amount_minor for each in sold)),
        confirmed_at_ms=at(when) if isinstance(when, str) else when,
        customer_id=customer_id,
        sold_by=PrincipalRef(kind=PrincipalKind.Value(f"PRINCIPAL_KIND_{seller[0]}"), subject=seller[1]),
    )


def refund(order_id: str, performance_id: str, when: str) -> OrderRefunded:
    return OrderRefunded(
        order_id=order_id, house_id=HOUSE, performance_id=performance_id, amount=euros(1), refunded_at_ms=at(when)
    )


def part_refund(order_id: str, performance_id: str, when: str, back: int, total: int = 2650) -> OrderPartlyRefunded:
    return OrderPartlyRefunded(
        order_id=order_id,
        house_id=HOUSE,
        performance_id=performance_id,
        total=euros(total),
        refunded=euros(back),
        refunded_at_ms=at(when),
    )


class FiguresStage:
    """Read models over a real database, without a bus."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.figures = PostgresFigures(engine)
        self._numbers: Counter[tuple[str, str]] = Counter()

    async def tell(self, *messages: Protobuf) -> None:
        """Each model is told all of it in one batch, in the generation that it serves."""
        events = [self._event(message) for message in messages]
        for projection in PROJECTIONS.values():
            generation = await PostgresGenerations(self.engine, projection).serving()
            mine = [event for event in events if event.topic in (*projection.topics, *projection.states)]
            async with connected(self.engine, AllHouses("a partition holds events of many houses")) as connection:
                await projection.apply(connection, generation, mine)

    def _event(self, message: Protobuf) -> IncomingEvent:
        topic, key, house_id = place_of(message)
        self._numbers[topic, key] += 1
        number = self._numbers[topic, key]
        return IncomingEvent(
            id=f"{topic}-{key}-{number}",
            source=topic,
            topic=topic,
            key=key,
            type=message.DESCRIPTOR.full_name,
            payload=message.SerializeToString(),
            sequence=number,
            time_ms=number,
            house_id=house_id,
        )

    async def sums(
        self, *by: Dimension, narrowing: Narrowing = ALL, sight: Sight = WHOLE
    ) -> dict[tuple[str, ...], SumRow]:
        rows = await self.figures.sums(sight, narrowing, by)
        assert [row.values for row in rows] == sorted(row.values for row in rows)
        return {row.values: row for row in rows}

    async def tickets(self, *by: Dimension, narrowing: Narrowing = ALL, sight: Sight = WHOLE) -> dict[str, int]:
        """What is left by one dimension or several, their values joined."""
        found = await self.sums(*by, narrowing=narrowing, sight=sight)
        return {" ".join(values): row.sums.tickets for values, row in found.items()}

    async def money(self, *by: Dimension, narrowing: Narrowing = ALL, sight: Sight = WHOLE) -> dict[str, int]:
        found = await self.sums(*by, narrowing=narrowing, sight=sight)
        return {" ".join(values): row.sums.revenue_minor for values, row in found.items()}


@asynccontextmanager
async def figures_stage(url: str, *messages: Protobuf) -> AsyncIterator[FiguresStage]:
    engine = create_engine(url, application="test")
    try:
        stage = FiguresStage(engine)
        await stage.tell(house(), *messages)
        yield stage
    finally:
        await engine.dispose()


def ids(found: Sequence[Any]) -> list[str]:
    return [each.performance_id for each in found]

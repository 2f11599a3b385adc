"""The three services next to orders, each as its twin in memory and as the real thing behind the same port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.inventory.v1 import inventory_service_pb2 as inventory
from balcon.inventory.v1.reservation_service_pb2 import ReserveSeatsRequest
from balcon.types.v1.seating_pb2 import CHANNEL_BACKEND, CHANNEL_ONLINE, SeatRefs

from services.contracts.channels import Channel
from services.contracts.instants import LATEST_MS
from services.contracts.inventory_stream import InventoryCodec, InventoryStreams
from services.contracts.prices import Component, ComponentKind, PercentOff
from services.contracts.wire_types import wire_instant
from services.inventory.adapters.memory_stores import MemoryPerformances
from services.inventory.domain.records import HoldRules
from services.inventory.ports import Performance, SeatPlan
from services.orders.adapters.grpc_catalogue import GrpcCatalogue
from services.orders.adapters.grpc_payments import GrpcPayments
from services.orders.adapters.grpc_seat_inventory import GrpcSeatInventory
from services.orders.adapters.memory_catalogue import MemoryCatalogue
from services.orders.adapters.memory_payments import MemoryPayment, MemoryPayments
from services.orders.adapters.memory_seat_inventory import MemorySeatInventory
from services.orders.adapters.seat_places import SeatPlaces
from services.orders.adapters.streamed_seat_inventory import StreamedSeatInventory
from services.orders.domain.commands import PaymentReport
from services.orders.domain.order import SeatName, TicketKind, of_reservation
from services.orders.domain.pricing import PlanSeat, PriceList
from services.orders.domain.promotions import Promotion
from services.orders.ports import Catalogue, HeldSeats, Offer, Payments, PaymentSeen, SeatInventory
from services.runtime.clock import SystemClock
from services.runtime.rpc.owner_streams import OwnerStreams
from services.runtime.rpc.routing import OwnerRouting
from services.runtime.testing import eventually
from tests.integration.catalogue.stage import START_MS, running_catalogue
from tests.integration.catalogue.stage import Catalogue as RunningCatalogue
from tests.integration.inventory.node import Node, running_node
from tests.integration.payments.rig import DECLINES, PAYS, Rig, RigPlan, running
from tests.unit.orders.builders import HOUSE, PLAN, SHOW, an_offer

CLOCK = SystemClock()
# Holds of the stage end at their time to the second.
GRACE_MS = 0
KEY = inventory.PerformanceKey(house_id=HOUSE, performance_id=SHOW)


class SeatStage(Protocol):
    """A hall of ten seats A-1 … A-10 on sale, and its buyers."""

    @property
    def inventory(self) -> SeatInventory:
        """What orders sees."""
        ...

    async def hold(self, hold_id: str, *seats: str, holder_id: str = "holder_1", seconds: int = 600) -> None:
        """A buyer locks seats."""
        ...

    async def reserve(self, reservation_id: str, *seats: str, holder_id: str = "holder_1") -> None:
        """The house promises seats, with no deadline."""
        ...

    async def move(self, hold_id: str, *seats: str) -> None:
        """The buyer, holder_1, exchanges the hold's seats."""
        ...


class MemorySeats:
    """The twin."""

    def __init__(self) -> None:
        self.inventory = MemorySeatInventory(CLOCK, grace_ms=GRACE_MS)

    async def hold(self, hold_id: str, *seats: str, holder_id: str = "holder_1", seconds: int = 600) -> None:
        until_ms = CLOCK.now_ms() + seconds * 1000
        self.inventory.hold(SHOW, HeldSeats(hold_id, holder_id, PLAN, seats, Channel.ONLINE, until_ms))

    async def reserve(self, reservation_id: str, *seats: str, holder_id: str = "holder_1") -> None:
        name = of_reservation(reservation_id)
        self.inventory.hold(SHOW, HeldSeats(name, holder_id, PLAN, seats, Channel.BACKEND, LATEST_MS))

    async def move(self, hold_id: str, *seats: str) -> None:
        self.inventory.move_hold(SHOW, hold_id, *seats)


class NodeSeats:
    """A node of the inventory."""

    def __init__(self, node: Node) -> None:
        self._stub = node.stub
        self._reservations = node.reservations
        self.routes = OwnerRouting([node.endpoint], CLOCK, lambda: 0.5)
        self.unary = GrpcSeatInventory(self.routes, timeout_seconds=30.0)
        self.inventory: SeatInventory = self.unary

    async def hold(self, hold_id: str, *seats: str, holder_id: str = "holder_1", seconds: int = 600) -> None:
        await self._stub.HoldSeats(
            inventory.HoldSeatsRequest(
                key=KEY,
                hold_id=hold_id,
                holder_id=holder_id,
                seats=SeatRefs(plan_version=PLAN, seat_ids=seats),
                channel=CHANNEL_ONLINE,
                ttl_seconds=seconds,
            )
        )

    async def reserve(self, reservation_id: str, *seats: str, holder_id: str = "holder_1") -> None:
        await self._reservations.ReserveSeats(
            ReserveSeatsRequest(
                key=KEY,
                reservation_id=reservation_id,
                holder_id=holder_id,
                seats=SeatRefs(plan_version=PLAN, seat_ids=seats),
                channel=CHANNEL_BACKEND,
            )
        )

    async def move(self, hold_id: str, *seats: str) -> None:
        moved = SeatRefs(plan_version=PLAN, seat_ids=seats)
        await self._stub.MoveHold(
            inventory.MoveHoldRequest(key=KEY, hold_id=hold_id, holder_id="holder_1", seats=moved)
        )


class StreamSeats(NodeSeats):
    """The same over the shared stream."""

    def __init__(self, node: Node, seat_ids: Sequence[str]) -> None:
        super().__init__(node)
        shows = MemoryCatalogue()
        shows.put(HOUSE, an_offer(), {seat_id: PlanSeat("1") for seat_id in seat_ids})
        self.places = SeatPlaces(shows)
        self.streams: InventoryStreams = OwnerStreams(self.routes, InventoryCodec(), CLOCK)
        self.inventory = StreamedSeatInventory(self.streams, self.places, self.unary, timeout_seconds=30.0)

    async def learn(self) -> None:
        """The first question is answered the unary way."""

        async def is_known() -> None:
            assert self.places.newest(HOUSE, SHOW) is not None

        await eventually(is_known)


@asynccontextmanager
async def seats_of_a_node(redis_url: str, database_url: str, *, streamed: bool = False) -> AsyncIterator[SeatStage]:
    """A node with the hall."""
    seat_ids = [f"A-{number}" for number in range(1, 11)]
    plan = SeatPlan.of(PLAN, seat_ids)
    show = Performance(SHOW, HOUSE, plan, HoldRules(True, 10, 600_000, grace_ms=GRACE_MS))
    async with running_node(redis_url, database_url, MemoryPerformances(show)) as node:
        stage = StreamSeats(node, seat_ids) if streamed else NodeSeats(node)
        keeping_time = asyncio.create_task(node.host.keep_time())
        if isinstance(stage, StreamSeats):
            await stage.learn()
        yield stage
        keeping_time.cancel()
        if isinstance(stage, StreamSeats):
            await stage.streams.close()
        await stage.routes.close()


class MoneyStage(Protocol):
    """Payments, and what buyers and the bus do. A payment that is declined or paid is so when the call returns."""

    @property
    def payments(self) -> Payments:
        """What orders sees."""
        ...

    async def pay(self, seen: PaymentSeen) -> None:
        """The buyer pays on the page."""
        ...

    async def decline(self, seen: PaymentSeen) -> None:
        """The buyer tries a card that the provider turns down."""
        ...

    async def told(self, seen: PaymentSeen) -> Sequence[str]:
        """The names of the events about the payment, in order."""
        ...


class MemoryMoney:
    """The twin."""

    def __init__(self) -> None:
        self._told: list[tuple[str, str]] = []
        self.payments = MemoryPayments(self._tell, CLOCK)

    def _tell(self, payment: MemoryPayment, report: PaymentReport) -> None:
        self._told.append((payment.payment_id, type(report).__name__))

    def _payment(self, seen: PaymentSeen) -> MemoryPayment:
        return next(payment for payment in self.payments.payments() if payment.payment_id == seen.payment_id)

    async def pay(self, seen: PaymentSeen) -> None:
        self.payments.pay(self._payment(seen))

    async def decline(self, seen: PaymentSeen) -> None:
        self.payments.decline(self._payment(seen))

    async def told(self, seen: PaymentSeen) -> Sequence[str]:
        return [name for payment_id, name in self._told if payment_id == seen.payment_id]


class RealMoney:
    """The payments service and the sandbox that pretends to be its provider."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.payments = GrpcPayments(rig.channel)

    async def pay(self, seen: PaymentSeen) -> None:
        await self._try_card(seen, PAYS)

    async def decline(self, seen: PaymentSeen) -> None:
        await self._try_card(seen, DECLINES)

    async def _try_card(self, seen: PaymentSeen, card: str) -> None:
        answer = await self._rig.http.post(seen.payment_url, data={"card": card})
        assert answer.status_code == 303, answer.text

    async def told(self, seen: PaymentSeen) -> Sequence[str]:
        """The words of the payment itself; each refund's own is beside them."""
        events = [event for event in await self._rig.events() if event.payment_id == seen.payment_id]
        return [name for event in events if (name := type(event).__name__) != "RefundSucceeded"]


@asynccontextmanager
async def money_of_a_provider(database_url: str, folder: Path) -> AsyncIterator[MoneyStage]:
    """Payments and its provider."""
    async with running(RigPlan(database_url=database_url, folder=folder)) as rig:
        yield RealMoney(rig)


OFFER = Offer(
    performance_id=SHOW,
    hall_id="hall_1",
    plan_version=1,
    on_sale=True,
    seats_per_holder=4,
    prices=PriceList(
        "EUR",
        {("Stalls", "normal"): 2_500, ("Balcony", "normal"): 1_500},
        {("Stalls", "normal"): TicketKind.NORMAL, ("Balcony", "normal"): TicketKind.NORMAL},
        {
            ("Stalls", "normal"): (Component(ComponentKind.BASE, 2_500),),
            ("Balcony", "normal"): (Component(ComponentKind.BASE, 1_500),),
        },
    ),
    starts_at_ms=START_MS,
)
SEATS = {
    "s1": PlanSeat("Stalls", SeatName("Ground", "A", "1")),
    "s2": PlanSeat("Balcony", SeatName("Ground", "A", "2")),
}


class ShowStage(Protocol):
    """A house with a performance like OFFER, in a hall with SEATS; it has PROMOTION and passes with PASS_NUMBERS."""

    catalogue: Catalogue
    house_id: str
    # OFFER with the ids that it has here.
    offer: Offer

    async def close_sale(self) -> None:
        """The house closes the sale."""
        ...

    async def call_off(self) -> None:
        """The house cancels the performance."""
        ...


PROMOTION = Promotion(
    discount_id="spring",
    effect=PercentOff(2_000),
    code="SPRING",
    ticket_types=frozenset({"normal"}),
    categories=frozenset({"Stalls"}),
    channels=frozenset({Channel.ONLINE}),
    starts_at_ms=1_800_000_000_000,
    ends_at_ms=1_900_000_000_000,
    max_uses=100,
    max_uses_per_order=2,
    max_uses_of_code=3,
    office_id="tourist-office",
)
PASS_NUMBERS = ("NL1", "NL2")


class MemoryShows:
    """The twin."""

    def __init__(self) -> None:
        self._twin = MemoryCatalogue()
        self._twin.put(HOUSE, OFFER, SEATS)
        self._twin.promote(HOUSE, PROMOTION)
        self._twin.accept_passes(HOUSE, "card", PASS_NUMBERS, 2)
        self.catalogue: Catalogue = self._twin
        self.house_id = HOUSE
        self.offer = OFFER

    async def close_sale(self) -> None:
        self._twin.put(HOUSE, replace(OFFER, on_sale=False), SEATS)

    async def call_off(self) -> None:
        self._twin.put(HOUSE, replace(OFFER, on_sale=False, cancelled=True), SEATS)


class RealShows:
    """The catalogue with a venue and a performance."""

    def __init__(self, running: RunningCatalogue, performance: catalogue.Performance) -> None:
        self._running = running
        self.catalogue: Catalogue = GrpcCatalogue(running.channel)
        self.house_id = performance.house_id
        self.offer = replace(OFFER, performance_id=performance.performance_id, hall_id=performance.hall_id)

    async def close_sale(self) -> None:
        await self._running.stub.CloseSale(
            catalogue.CloseSaleRequest(house_id=self.house_id, performance_id=self.offer.performance_id)
        )

    async def call_off(self) -> None:
        await self._running.stub.CancelPerformance(
            catalogue.CancelPerformanceRequest(
                house_id=self.house_id, performance_id=self.offer.performance_id, reason="Fire"
            )
        )


@asynccontextmanager
async def shows_of_the_catalogue(database_url: str) -> AsyncIterator[ShowStage]:
    """A catalogue with the performance on sale."""
    async with running_catalogue(database_url, "memory://") as running_:
        venue = await running_.venue("genova")
        created = await running_.performance(venue, seats_per_holder=OFFER.seats_per_holder)
        await running_.stub.OpenForSale(
            catalogue.OpenForSaleRequest(house_id=created.house_id, performance_id=created.performance_id)
        )
        await _promote(running_, created.house_id)
        await _accept_passes(running_, created.house_id)
        yield RealShows(running_, created)


async def _promote(running_: RunningCatalogue, house_id: str) -> None:
    office = catalogue.Office(office_id=PROMOTION.office_id, name="Tourist office")
    await running_.stub.CreateOffice(
        catalogue.CreateOfficeRequest(idempotency_key="office", house_id=house_id, office=office)
    )
    discount = catalogue.Discount(
        discount_id=PROMOTION.discount_id,
        name="Spring",
        effect=catalogue.DiscountEffect(kind=catalogue.DISCOUNT_EFFECT_KIND_PERCENT_OFF, basis_points=2_000),
        ticket_types=PROMOTION.ticket_types,
        categories=PROMOTION.categories,
        channels=[CHANNEL_ONLINE],
        starts_at=wire_instant(PROMOTION.starts_at_ms),
        ends_at=wire_instant(PROMOTION.ends_at_ms),
        max_uses=PROMOTION.max_uses,
        max_uses_per_order=PROMOTION.max_uses_per_order,
        office_id=PROMOTION.office_id,
    )
    await running_.stub.CreateDiscount(
        catalogue.CreateDiscountRequest(idempotency_key="discount", house_id=house_id, discount=discount)
    )
    code = catalogue.PromotionCode(promotion_code_id=PROMOTION.code, discount_id=PROMOTION.discount_id, max_uses=3)
    await running_.stub.CreatePromotionCode(
        catalogue.CreatePromotionCodeRequest(idempotency_key="code", house_id=house_id, promotion_code=code)
    )


async def _accept_passes(running_: RunningCatalogue, house_id: str) -> None:
    kind = catalogue.PassKind(
        pass_kind_id="card",
        name="Card",
        check_digits=catalogue.CHECK_DIGITS_NONE,
        listed=True,
        max_uses_per_performance=2,
    )
    await running_.stub.CreatePassKind(
        catalogue.CreatePassKindRequest(idempotency_key="kind", house_id=house_id, pass_kind=kind)
    )
    await running_.stub.AddPassNumbers(
        catalogue.AddPassNumbersRequest(house_id=house_id, pass_kind_id="card", numbers=PASS_NUMBERS)
    )

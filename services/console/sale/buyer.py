"""One buyer's visit: look, choose, hold, perhaps think again, order, pay or not, wait for the end. Follows a Script."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from balcon.inventory.v1 import inventory_service_pb2 as inventory_pb
from balcon.orders.v1 import orders_service_pb2 as orders_pb
from balcon.types.v1 import seating_pb2

from services.console.sale.cards import PayPage
from services.console.sale.hall import Hall, choose_seats
from services.console.sale.script import PROMPT, Change, Ending, Script
from services.console.sale.shop import Declined, Method, NoAnswer, Shop
from services.console.sale.tally import TicketSeen
from services.console.sale.watcher import Watcher
from services.contracts.order_stream import OrderRequest
from services.contracts.reasons import Reason
from services.runtime.call_context import CallContext, enter_call
from services.runtime.clock import Clock
from services.runtime.ids import RandomIds, seeded_random
from services.runtime.principal import Principal, PrincipalKind

_MOST_HOLDS = 4
_HOLDS_PER_LOOK = 3
_FIRST_PAUSE_SECONDS = 1.5
_LAST_PAUSE_SECONDS = 4.0
# Where all seats are one of these nobody waits any more.
_GONE = bytes([seating_pb2.SEAT_STATE_SOLD, seating_pb2.SEAT_STATE_REPORTED_SOLD])
_LONG_POLL_SECONDS = 8.0
# What a call that has begun gets even of a buyer who is about to leave.
_BEGUN_SECONDS = 15.0
# How long after the last moment to buy an order may take to end before the buyer goes home without knowing.
ORDER_PATIENCE_SECONDS = 45.0

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")


# What a buyer hears who ordered when the hold had just ended.
_NOT_CHANGED = (
    Reason.SEATS_TAKEN,
    Reason.QUOTA_REACHED,
    Reason.HOLD_EXPIRED,
    Reason.HOLD_NOT_FOUND,
    Reason.HOLD_ENDED,
)
_TOO_LATE = (Reason.HOLD_EXPIRED, Reason.HOLD_NOT_FOUND, Reason.HOLD_ENDED, Reason.ORDER_NOT_OPEN, Reason.SEATS_TAKEN)


class Outcome(Enum):
    """How a visit ended."""

    TICKETS = "tickets"
    PAYMENT_CANCELLED = "payment_cancelled"
    REFUNDED = "refunded"
    ABANDONED_CART = "abandoned_cart"
    ABANDONED_PAYMENT = "abandoned_payment"
    NO_SEATS = "no_seats"
    UNKNOWN = "unknown"
    FAILED = "failed"


_FINAL = {
    orders_pb.ORDER_STATE_CONFIRMED: Outcome.TICKETS,
    orders_pb.ORDER_STATE_CANCELLED: Outcome.PAYMENT_CANCELLED,
    orders_pb.ORDER_STATE_REFUNDED: Outcome.REFUNDED,
}


@dataclass(frozen=True, slots=True)
class PerformanceOnSale:
    """What everybody wants."""

    house_id: str
    key: inventory_pb.PerformanceKey
    plan_version: int


class Buyer:
    """`visit` never raises: what goes wrong is counted in the shop's tally."""

    def __init__(
        self,
        script: Script,
        *,
        seed: int,
        shop: Shop,
        hall: Hall,
        performance: PerformanceOnSale,
        pay_page: PayPage,
        clock: Clock,
    ) -> None:
        self._script = script
        self._shop = shop
        self._hall = hall
        self._performance = performance
        self._pay_page = pay_page
        self._clock = clock
        # Another stream of choices than the script's: what happens in the shop must not change who the buyer is.
        self._random = seeded_random(~(seed * 1_000_003 + script.buyer))
        self._inventory = shop.inventory(script.buyer)
        self._holder_id = f"b{seed}-{script.buyer}"
        self._holds = 0
        self._ending = script.ending
        self._is_sold_out = False
        self._until_seconds = script.leaves_at_seconds

    async def visit(self) -> None:
        """From the door to the door."""
        await self._clock.sleep(max(0.0, self._script.arrives_at_seconds - self._shop.seconds()))
        # As the shop's own process would: it calls, and names the buyer whose visit this is.
        call = CallContext({}, None, RandomIds())
        call.principal = Principal(PrincipalKind.BUYER, self._holder_id)
        enter_call(call)
        tally = self._shop.tally
        tally.arrived += 1
        try:
            outcome = await self._shopping()
        except (Declined, NoAnswer) as error:
            tally.failed(f"buyer {self._script.buyer}: {error}")
            outcome = Outcome.FAILED
        tally.ended(outcome.value)

    async def _shopping(self) -> Outcome:
        if not self._script.watches:
            return await self._shop_around(None)
        async with Watcher(self._shop, self._performance.key, self._script.buyer, self._clock) as watcher:
            return await self._shop_around(watcher)

    async def _shop_around(self, watcher: Watcher | None) -> Outcome:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            async with self._shop.choosing:
                hold = await self._hold_something()
            if self._is_sold_out:
                return Outcome.NO_SEATS
            if hold is not None:
                outcome = await self._buy(hold)
                if outcome is not None:
                    return outcome
            if self._holds >= _MOST_HOLDS or self._shop.seconds() + pause > self._until_seconds:
                return Outcome.NO_SEATS
            if watcher is not None:
                await watcher.wait_for_free_seats(pause)
            else:
                await self._clock.sleep(pause * self._random.uniform(0.7, 1.3))
            pause = min(_LAST_PAUSE_SECONDS, pause * 2)
            # Who has waited for seats to come back does not leave them lying, and has a card that works ready.
            self._ending = Ending.PAYS

    async def _hold_something(self) -> inventory_pb.Hold | None:
        """What the house finds best; or one look at the map, and a few tries on it."""
        if self._script.takes_the_best and not self._holds:
            hold = await self._hold_the_best()
            if hold is not None:
                return hold
        states = await self._look()
        self._is_sold_out = not states.translate(None, _GONE)
        for _ in range(_HOLDS_PER_LOOK):
            seats = choose_seats(self._hall, states, self._script.size, self._script.focus, self._random)
            if not seats:
                return None
            self._holds += 1
            request = inventory_pb.HoldSeatsRequest(
                key=self._performance.key,
                hold_id=f"{self._holder_id}-h{self._holds}",
                holder_id=self._holder_id,
                seats=self._refs(seats),
                channel=seating_pb2.CHANNEL_ONLINE,
            )
            try:
                return (await self._call(self._inventory.HoldSeats, request)).hold
            except Declined as no:
                self._expect(no, Reason.SEATS_TAKEN, Reason.QUOTA_REACHED)
                if no.refusal.reason == Reason.QUOTA_REACHED:
                    return None
                taken = set(no.refusal.lists.get("seats", ()))
                for seat in seats:
                    if self._hall.seat_ids[seat] in taken:
                        states[seat] = seating_pb2.SEAT_STATE_HELD
        return None

    async def _hold_the_best(self) -> inventory_pb.Hold | None:
        """Seats together, or close together; None when so many are not left."""
        self._holds += 1
        request = inventory_pb.HoldBestAvailableRequest(
            key=self._performance.key,
            hold_id=f"{self._holder_id}-h{self._holds}",
            holder_id=self._holder_id,
            plan_version=self._performance.plan_version,
            groups=[inventory_pb.SeatGroup(size=self._script.size)],
            channel=seating_pb2.CHANNEL_ONLINE,
            may_split=True,
        )
        try:
            hold = (await self._call(self._inventory.HoldBestAvailable, request)).hold
        except Declined as no:
            self._expect(no, Reason.SEATS_NOT_TOGETHER, Reason.QUOTA_REACHED)
            return None
        self._shop.tally.count("best_available")
        return hold

    async def _look(self) -> bytearray:
        return bytearray(await self._shop.look(self._seat_map))

    async def _seat_map(self) -> bytes:
        request = inventory_pb.GetSeatMapRequest(key=self._performance.key)
        return (await self._call(self._inventory.GetSeatMap, request)).seat_states

    async def _buy(self, hold: inventory_pb.Hold) -> Outcome | None:
        """None when the seats slipped away and the buyer looks again."""
        changed = await self._think_again(hold)
        if changed is None:
            return None
        try:
            async with self._shop.ordering:
                if self._clock.now_ms() > changed.hold_until_ms:
                    # The clock on the page ran out in the queue: nobody presses the button then.
                    self._shop.tally.count("holds_ran_out_in_the_queue")
                    await self._let_go(changed)
                    return None
                order = await self._order(changed)
        except Declined as no:
            self._expect(no, *_TOO_LATE)
            return None
        if order.state == orders_pb.ORDER_STATE_CANCELLED:
            return None
        if self._ending is Ending.ABANDONS_CART:
            return Outcome.ABANDONED_CART
        if self._ending is Ending.ABANDONS_PAYMENT:
            return Outcome.ABANDONED_PAYMENT
        if order.payment_url and not await self._pay_page.pay(order.payment_url, self._ending):
            self._shop.tally.count("pay_page_did_not_answer")
        return await self._wait_for_end(order.order_id)

    async def _think_again(self, hold: inventory_pb.Hold) -> inventory_pb.Hold | None:
        """Extends, moves or releases the hold when the script says so, once."""
        if self._holds > 1 or self._script.change is Change.NONE:
            return hold
        key, hold_id, holder_id = self._performance.key, hold.hold_id, self._holder_id
        try:
            match self._script.change:
                case Change.EXTEND:
                    extend = inventory_pb.ExtendHoldRequest(key=key, hold_id=hold_id, holder_id=holder_id)
                    return (await self._call(self._inventory.ExtendHold, extend)).hold
                case Change.RELEASE:
                    await self._let_go(hold)
                    return None
                case Change.MOVE:
                    return await self._move(hold)
        except Declined as no:
            self._expect(no, *_NOT_CHANGED)
        return hold

    async def _let_go(self, hold: inventory_pb.Hold) -> None:
        """Until its hidden grace is over it would count against what the buyer may hold."""
        release = inventory_pb.ReleaseHoldRequest(
            key=self._performance.key, hold_id=hold.hold_id, holder_id=self._holder_id, seats=hold.seats
        )
        await self._call(self._inventory.ReleaseHold, release)

    async def _move(self, hold: inventory_pb.Hold) -> inventory_pb.Hold:
        seats = choose_seats(self._hall, await self._look(), self._script.size, self._script.focus, self._random)
        if not seats:
            return hold
        move = inventory_pb.MoveHoldRequest(
            key=self._performance.key, hold_id=hold.hold_id, holder_id=self._holder_id, seats=self._refs(seats)
        )
        return (await self._call(self._inventory.MoveHold, move)).hold

    async def _order(self, hold: inventory_pb.Hold) -> orders_pb.Order:
        """Cart and, unless the buyer leaves it standing, checkout."""
        create = orders_pb.CreateOrderRequest(
            idempotency_key=f"{hold.hold_id}-o",
            house_id=self._performance.house_id,
            performance_id=self._performance.key.performance_id,
            hold_id=hold.hold_id,
            holder_id=self._holder_id,
            seats=[orders_pb.SeatChoice(seat_id=seat_id) for seat_id in hold.seats.seat_ids],
            customer=orders_pb.Customer(
                name=f"Buyer {self._script.buyer}", email=f"buyer{self._script.buyer}@example.com"
            ),
            channel=seating_pb2.CHANNEL_ONLINE,
        )
        order = await self._ask(create)
        self._shop.tally.orders += 1
        if self._ending is Ending.ABANDONS_CART:
            return order
        check_out = orders_pb.CheckOutRequest(
            idempotency_key=f"{hold.hold_id}-c",
            house_id=self._performance.house_id,
            order_id=order.order_id,
            expected_total=order.total,
            return_url="https://shop.example.com/thanks",
        )
        return await self._ask(check_out)

    async def _wait_for_end(self, order_id: str) -> Outcome:
        started = self._shop.seconds()
        request = orders_pb.GetOrderRequest(
            house_id=self._performance.house_id, order_id=order_id, wait_ms=int(_LONG_POLL_SECONDS * 1000)
        )
        until = started + ORDER_PATIENCE_SECONDS
        while self._shop.seconds() < until:
            order = await self._shop.order(
                request,
                self._holder_id,
                until_seconds=until,
                random=self._random,
                waits_seconds=_LONG_POLL_SECONDS,
            )
            if order.state in _FINAL:
                self._note_end(_FINAL[order.state], (self._shop.seconds() - started) * 1000)
                for ticket in order.tickets:
                    self._shop.tally.tickets.append(
                        TicketSeen(ticket.seat_id, ticket.ticket_id, order_id, self._script.buyer)
                    )
                return _FINAL[order.state]
        return Outcome.UNKNOWN

    def _note_end(self, outcome: Outcome, took_ms: float) -> None:
        tally = self._shop.tally
        is_prompt = outcome is Outcome.TICKETS and self._ending in PROMPT
        (tally.order_ms if is_prompt else tally.odd_card_ms).append(took_ms)
        if outcome is Outcome.TICKETS:
            tally.last_ticket_seconds = self._shop.seconds()

    def _refs(self, seats: tuple[int, ...]) -> seating_pb2.SeatRefs:
        seat_ids = [self._hall.seat_ids[seat] for seat in seats]
        return seating_pb2.SeatRefs(plan_version=self._performance.plan_version, seat_ids=seat_ids)

    async def _ask(self, request: OrderRequest) -> orders_pb.Order:
        until = max(self._until_seconds, self._shop.seconds()) + _BEGUN_SECONDS
        return await self._shop.order(request, self._holder_id, until_seconds=until, random=self._random)

    async def _call(self, method: Method[RequestT, ResponseT], request: RequestT) -> ResponseT:
        until = max(self._until_seconds, self._shop.seconds()) + _BEGUN_SECONDS
        return await self._shop.call(method, request, until_seconds=until, random=self._random)

    def _expect(self, no: Declined, *reasons: Reason) -> None:
        """Counts a no that can happen to a buyer; any other is an error of ours and goes on."""
        if no.refusal.reason not in reasons:
            raise no
        self._shop.tally.refused(no.refusal.reason)

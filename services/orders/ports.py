"""What the orders service needs from outside: seats, prices, money, a store of its own. No technology is named here.

An answer that is none (timeout, lost connection, a node that moves) is raised as Unanswered: uncertain is not failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from services.contracts.channels import Channel
from services.contracts.pages import Place
from services.contracts.reasons import Reason
from services.orders.domain.changes import Change
from services.orders.domain.order import Order, OrderPart, OrderState
from services.orders.domain.pricing import PlanSeat, PriceList
from services.orders.domain.refusals import HoldHasOrder
from services.runtime.errors import Refusal, Retryable


class Unanswered(Retryable):
    """Another service gave no certain answer; the call may have had its effect."""

    def __init__(self, call: str, retry_after_ms: int = 0) -> None:
        super().__init__(call=call)
        self.retry_after_ms = retry_after_ms


@dataclass(frozen=True, slots=True)
class Done:
    """It is in the other service's record."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The other service's logic said no, for a reason that we know to be one; nothing was changed there."""

    reason: Reason
    facts: Mapping[str, str] = field(default_factory=dict)


Answer = Done | Declined


@dataclass(frozen=True, slots=True)
class HeldSeats:
    """A hold as inventory tells it."""

    hold_id: str
    holder_id: str
    plan_version: int
    seat_ids: tuple[str, ...]
    channel: Channel
    hold_until_ms: int


class SeatInventory(Protocol):
    """Seats of performances. Every call may be repeated and gets its first answer. Raises Unanswered."""

    async def held_seats(self, house_id: str, performance_id: str, hold_id: str) -> HeldSeats | Declined:
        """The hold, while it stands."""
        ...

    async def release(self, order: Order, part: OrderPart) -> Answer:
        """Gives the part's hold back while it has the part's seats, and no others."""
        ...

    async def claim(self, order: Order, part: OrderPart, *, from_hold: bool) -> Answer:
        """Claims the part's seats out of its hold, or (a late payment) free ones."""
        ...

    async def confirm_claim(self, order: Order, part: OrderPart) -> Answer:
        """Claimed to sold."""
        ...

    async def cancel_claim(self, order: Order, part: OrderPart) -> Answer:
        """Claimed to free."""
        ...

    async def cancel_sale(self, order: Order, part: OrderPart) -> Answer:
        """Sold to free."""
        ...


class PaymentStatus(Enum):
    """What payments knows. CREATING and PENDING both mean: not known yet."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment as payments tells it."""

    payment_id: str
    status: PaymentStatus
    payment_url: str = ""
    refunded: bool = False


class Payments(Protocol):
    """Payments and refunds. Every call may be repeated. Raises Unanswered."""

    async def create(self, order: Order) -> PaymentSeen | Declined:
        """Creates the order's payment under order.payment_key, or tells the one there is."""
        ...

    async def look(self, order: Order) -> PaymentSeen | Declined:
        """The payment as it stands."""
        ...

    async def cancel(self, order: Order) -> PaymentSeen | Declined:
        """Asks for its end and tells what is known then."""
        ...

    async def refund(self, order: Order) -> PaymentSeen | Declined:
        """Asks for the money's return under order.refund_key and tells what is known then."""
        ...


@dataclass(frozen=True, slots=True)
class Offer:
    """A performance as it is sold."""

    performance_id: str
    hall_id: str
    plan_version: int
    on_sale: bool
    seats_per_holder: int
    prices: PriceList


class Catalogue(Protocol):
    """Performances and their prices. Raises Unanswered."""

    async def offer(self, house_id: str, performance_id: str) -> Offer | None:
        """None when the house has no such performance."""
        ...

    async def plan_seats(self, house_id: str, hall_id: str, plan_version: int) -> Mapping[str, PlanSeat] | None:
        """The seats of a plan, which never changes, by seat id; None when there is no such plan."""
        ...


class Operation(Enum):
    """What an idempotency key was used for; keys of different operations never meet."""

    CREATE = "create"
    CHECK_OUT = "check_out"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """A buyer's idempotency key (RULE 27). Until `busy_until_ms` the first request may still be at work."""

    house_id: str
    operation: Operation
    key: str
    request_hash: str
    busy_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class KeyInRecord:
    """What is known of a key that was used before."""

    request_hash: str
    order_id: str
    busy_until_ms: int


@dataclass(frozen=True, slots=True)
class Customer:
    """Personal data: stored with the order, never in events or logs."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to make the outside calls of an order until then. One holder at a time; a crash lets it run out."""

    token: str
    taken_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class LeasedOrder:
    """An order to take on; `failures`: steps taken in a row without news."""

    order: Order
    failures: int


@dataclass(frozen=True, slots=True)
class Acted:
    """A decision with its effect: the order afterwards, and when its next step is due (None: never)."""

    order: Order
    changes: tuple[Change, ...]
    next_step_at_ms: int | None


Act = Callable[[Order], Acted | Refusal]


@dataclass(frozen=True, slots=True)
class Changed:
    """What was stored. `leased`: the caller has the order's lease now and takes its next step."""

    order: Order
    changes: tuple[Change, ...]
    leased: bool


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to list, newest first, after (created_at_ms, order_id) where given.

    Those of a performance are all that have a part in it.
    """

    house_id: str
    performance_id: str = ""
    states: frozenset[OrderState] = frozenset()
    after: Place | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class OrderRef:
    """Names one order of one house."""

    house_id: str
    order_id: str


class OrderStore(Protocol):
    """The record of orders. Each method is one transaction; published changes leave with it (RULE 29)."""

    async def add(
        self, order: Order, customer: Customer, key: RequestKey, next_step_at_ms: int
    ) -> KeyInRecord | HoldHasOrder | None:
        """Stores a new order with the key that asked for it. Nothing is stored where the answer is not None.

        KeyInRecord: the key was used before. HoldHasOrder: another order uses one of the holds, and the key is free
        again.
        """
        ...

    async def find_key(self, house_id: str, operation: Operation, key: str) -> KeyInRecord | None:
        """A key's first use."""
        ...

    async def change(
        self, ref: OrderRef, act: Act, *, key: RequestKey | None = None, lease: Lease | None = None, take: bool = False
    ) -> Changed | Refusal | KeyInRecord | None:
        """Runs `act` on the order under its lock and stores what it says, with `key` in the same transaction.

        None: no such order. KeyInRecord: the key was used before; nothing was changed. An act without changes stores
        nothing. With `lease`: kept (and with `take` acquired, if nobody has one) while the next step is due at once,
        else given back.
        """
        ...

    async def lease_due(self, lease: Lease, limit: int) -> Sequence[LeasedOrder]:
        """Leases up to `limit` orders whose next step is due and that nobody works on."""
        ...

    async def postpone(self, seen: Order, lease: Lease, until_ms: int) -> None:
        """Gives the lease back without news: the step is taken again then, or at once if the order has moved since.

        Nothing happens if the lease was lost.
        """
        ...

    async def get(self, ref: OrderRef) -> Order | None:
        """The order with its tickets."""
        ...

    async def list_orders(self, wanted: OrderFilter) -> Sequence[Order]:
        """Orders of one house with their tickets, newest first."""
        ...

    async def states_of(self, refs: Sequence[OrderRef]) -> Mapping[OrderRef, OrderState]:
        """The states of many orders at once."""
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Forgets old keys; returns how many."""
        ...

    async def unresolved_counts(self) -> Mapping[OrderState, int]:
        """How many orders stand in each state that is not final, and not open."""
        ...

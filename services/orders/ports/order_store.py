"""The record of orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.contracts.pages import Place
from services.orders.domain.changes import Change
from services.orders.domain.order import Order, OrderState
from services.orders.domain.refusals import HoldHasOrder, UsesExhausted
from services.orders.ports.request_key import KeyInRecord, Operation, RequestKey
from services.runtime.errors import Refusal


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
    customer_id: str = ""
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
        self, order: Order, key: RequestKey, next_step_at_ms: int
    ) -> KeyInRecord | HoldHasOrder | UsesExhausted | None:
        """Stores a new order with the key that asked for it. Nothing is stored where the answer is not None.

        KeyInRecord: the key was used before. HoldHasOrder: another order uses one of the holds. UsesExhausted: fewer
        uses of something are left than it takes. After both the key is free again.
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
        nothing. Uses go with the order's death and come with its coming back. With `lease`: kept (and with `take`
        acquired, if nobody has one) while the next step is due at once, else given back.
        """
        ...

    async def lease_due(self, lease: Lease, limit: int) -> Sequence[LeasedOrder]:
        """Leases up to `limit` orders whose next step is due and that nobody works on."""
        ...

    async def postpone(self, seen: Order, lease: Lease, until_ms: int, *, in_vain: bool = True) -> None:
        """Gives the lease back without news: the step is taken again then, or at once if the order has moved since.

        Nothing happens if the lease was lost. Tries in vain are counted; one that was not begins the count anew.
        """
        ...

    async def get(self, ref: OrderRef) -> Order | None:
        """The order with its tickets."""
        ...

    async def list_orders(self, wanted: OrderFilter) -> Sequence[Order]:
        """Orders of one house with their tickets, newest first."""
        ...

    async def has_old_buyers(self, house_id: str) -> bool:
        """Whether orders from before customers were kept still wait to be given to theirs: see OldBuyers."""
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

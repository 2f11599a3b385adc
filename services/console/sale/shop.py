"""Balcon as a buyer's client sees it: calls, repeated with the same key until there is an answer, and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random  # noqa: TID251 (the type only; services.runtime.ids makes them)
from typing import TYPE_CHECKING, Protocol, TypeVar

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as inventory_pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.orders.v1 import orders_service_pb2 as orders_pb

from services.console.sale.tally import HoldAnswered, Tally
from services.contracts.order_stream import OrderRequest, OrdersUnanswered, refusal_in
from services.contracts.reasons import Reason
from services.runtime.clock import Clock
from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.rpc.errors import RemoteRefusal, is_uncertain, is_uncertain_code, refusal_of

if TYPE_CHECKING:  # the generated stubs have an async face for type checkers only
    from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

# Not a no, only a not now: the same request again finds out.
_AGAIN = frozenset({Reason.OVERLOADED, Reason.NOT_OWNER, Reason.REQUEST_IN_FLIGHT, Reason.DEADLINE_PASSED})
_CALL_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.1
_LAST_PAUSE_SECONDS = 2.0
# How old the seat map may be that a shop shows.
_MAP_SECONDS = 0.2

RequestT_contra = TypeVar("RequestT_contra", contravariant=True)
ResponseT_co = TypeVar("ResponseT_co", covariant=True)


class Method(Protocol[RequestT_contra, ResponseT_co]):
    """A unary call of a stub."""

    def __call__(self, request: RequestT_contra, *, timeout: float) -> Awaitable[ResponseT_co]:
        """Sends the request."""
        ...


class AsksOrders(Protocol):
    """See OrderCommands.ask."""

    async def ask(
        self, request: OrderRequest, *, on_behalf_of: PrincipalRef | None = None, timeout_seconds: float = 10.0
    ) -> orders_pb.Order | orders_pb.OrderRefused:
        """The order, or how the call would have ended. Raises OrdersUnanswered."""
        ...


class Declined(Exception):
    """The service said no; `refusal` says why."""

    def __init__(self, refusal: RemoteRefusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


class NoAnswer(Exception):
    """No answer came while the buyer had patience."""


class Shop:
    """Shared by the buyers of one process. At most `choosing` choose and `ordering` order at a time; others queue."""

    def __init__(
        self,
        *,
        inventory: list[grpc.aio.Channel],
        orders: AsksOrders,
        choosing: int,
        ordering: int,
        tally: Tally,
        clock: Clock,
    ) -> None:
        self._inventory = [InventoryServiceStub(channel) for channel in inventory]
        self._orders = orders
        self._looked_at = -_MAP_SECONDS
        self._looking: asyncio.Future[bytes] | None = None
        self._map = b""
        # A buyer takes one for looking and holding together: queueing in between would only make the map look old.
        self.choosing = asyncio.Semaphore(choosing)
        # Its own queue: those who have seats must not wait behind thousands who have none.
        self.ordering = asyncio.Semaphore(ordering)
        self._clock = clock
        self._opened = clock.monotonic()
        self.tally = tally

    def open(self) -> None:
        """The sale begins now; all times count from here."""
        self._opened = self._clock.monotonic()

    def seconds(self) -> float:
        """Since the opening."""
        return self._clock.monotonic() - self._opened

    def inventory(self, buyer: int) -> InventoryServiceAsyncStub:
        """The buyer's own way to the inventory: buyers are spread over the connections."""
        return self._inventory[buyer % len(self._inventory)]

    async def look(self, look: Callable[[], Awaitable[bytes]]) -> bytes:
        """The seat map, at most _MAP_SECONDS old: one look serves all who want one, as a shop's process keeps it."""
        while self.seconds() - self._looked_at >= _MAP_SECONDS:
            if self._looking is None:
                self._looking = asyncio.ensure_future(look())
                self._looking.add_done_callback(self._looked)
                return await asyncio.shield(self._looking)
            # Another buyer's, who may go home earlier: whoever waits longer looks anew.
            await asyncio.wait({self._looking})
        return self._map

    def _looked(self, looking: asyncio.Future[bytes]) -> None:
        self._looking = None
        if not looking.cancelled() and looking.exception() is None:
            self._map, self._looked_at = looking.result(), self.seconds()

    async def order(
        self,
        request: OrderRequest,
        holder_id: str,
        *,
        until_seconds: float,
        random: Random,
        waits_seconds: float = 0.0,
    ) -> orders_pb.Order:
        """As `call`, on the stream that the shop's process has with orders, on the buyer's behalf.

        `waits_seconds` is how long the server may take on purpose (a long poll).
        """
        buyer, pause = PrincipalRef(PrincipalKind.BUYER, holder_id), _FIRST_PAUSE_SECONDS
        while True:
            try:
                answer = await self._orders.ask(
                    request, on_behalf_of=buyer, timeout_seconds=_CALL_SECONDS + waits_seconds
                )
            except OrdersUnanswered:
                told = "unanswered"
            else:
                if isinstance(answer, orders_pb.Order):
                    return answer
                refusal = refusal_in(answer)
                if refusal.reason not in _AGAIN and not is_uncertain_code(refusal.code):
                    raise Declined(refusal)
                told = refusal.reason
            self.tally.count(f"again_{told}".lower())
            if self.seconds() > until_seconds:
                text = f"{type(request).__name__}: {told}"
                raise NoAnswer(text)
            await self._clock.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(_LAST_PAUSE_SECONDS, pause * 2)

    async def call(
        self,
        method: Method[RequestT_contra, ResponseT_co],
        request: RequestT_contra,
        *,
        until_seconds: float,
        random: Random,
    ) -> ResponseT_co:
        """The answer; Declined for a no, NoAnswer when none came by `until_seconds`."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._measured(method, request)
            except grpc.aio.AioRpcError as error:
                refusal = refusal_of(error)
                if refusal is not None and refusal.reason not in _AGAIN and not is_uncertain(error):
                    raise Declined(refusal) from error
                self.tally.count(f"again_{refusal.reason if refusal else error.code().name}".lower())
                if self.seconds() > until_seconds:
                    text = f"{type(request).__name__}: {error.code().name} {error.details()}"
                    raise NoAnswer(text) from error
            await self._clock.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(_LAST_PAUSE_SECONDS, pause * 2)

    async def _measured(self, method: Method[RequestT_contra, ResponseT_co], request: RequestT_contra) -> ResponseT_co:
        if not isinstance(request, inventory_pb.HoldSeatsRequest | inventory_pb.HoldBestAvailableRequest):
            return await method(request, timeout=_CALL_SECONDS)
        started = self.seconds()
        try:
            response = await method(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            if refusal_of(error) is not None:
                self._held(started, accepted=False)
            raise
        self._held(started, accepted=True)
        return response

    def _held(self, started: float, *, accepted: bool) -> None:
        now = self.seconds()
        self.tally.holds.append(HoldAnswered(now, (now - started) * 1000, accepted))
        self.tally.count("holds_accepted" if accepted else "holds_refused")

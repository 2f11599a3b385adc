"""Buyers of two seats as cheap as callers can be: hold, order, check out, pay at the sandbox, wait for the tickets."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Protocol, TypeAlias, TypeVar
from urllib.parse import urlsplit

from balcon.orders.v1 import orders_service_pb2 as pb
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE
from google.protobuf.message import Message

from bench.http2 import Http2Connection, grpc_message, header_block
from services.contracts.inventory_stream import Done, HoldCommand, InventoryCodec, InventoryStreams, OnPerformance
from services.contracts.order_stream import OrderCommands, OrdersUnanswered
from services.runtime.call_context import act_as
from services.runtime.clock import SystemClock
from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.owner_streams import OwnerStreams
from services.runtime.rpc.routing import OwnerRouting

SEATS = 2
CONNECTIONS = 4
PAYING_CONNECTIONS = 32
WAIT_MS = 30_000
_SERVICE = "/balcon.orders.v1.OrdersService/"
_FORM = b"card=4242424242424242"

ResponseT = TypeVar("ResponseT", bound=Message)
OrderRequest: TypeAlias = pb.CreateOrderRequest | pb.CheckOutRequest | pb.GetOrderRequest


class CallFailed(Exception):
    """A call or a page did not end well."""


@dataclass(slots=True)
class Bought:
    """What a run did. Milliseconds: from the form's leaving to the tickets, and from the arrival to them."""

    confirmed: int = 0
    seconds: float = 0.0
    paid_to_tickets_ms: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def per_second(self) -> float:
        """Confirmed orders over the wall clock."""
        return self.confirmed / self.seconds


class AsksOrders(Protocol):
    """A way to orders. Each answers with the order (CallFailed)."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def ask(self, request: OrderRequest, holder: str) -> pb.Order: ...


class OrderStream:
    """As a web process asks: many buyers' commands in one message on one stream."""

    def __init__(self, target: str, credential: Callable[[], str]) -> None:
        self._target = target
        self._credential = credential

    async def open(self) -> None:
        """Connects."""
        act_as(self._credential)
        self._channel = open_channel(self._target, SystemClock())
        self._commands = OrderCommands(self._channel)

    async def close(self) -> None:
        """Disconnects."""
        await self._commands.close()
        await self._channel.close()

    async def ask(self, request: OrderRequest, holder: str) -> pb.Order:
        """On behalf of the buyer who holds the seats."""
        buyer = PrincipalRef(PrincipalKind.BUYER, holder)
        try:
            answer = await self._commands.ask(request, on_behalf_of=buyer, timeout_seconds=WAIT_MS / 1000 + 10)
        except OrdersUnanswered as error:
            raise CallFailed("unanswered") from error
        if isinstance(answer, pb.OrderRefused):
            raise CallFailed(answer.reason)
        return answer


class OrderCalls:
    """Unary calls of orders as prebuilt frames; the answer's bytes are read by protobuf."""

    def __init__(self, target: str, credential: Callable[[], str]) -> None:
        self._target = target
        self._credential = credential
        self._connections: list[Http2Connection] = []
        self._headers: dict[str, tuple[str, bytes]] = {}
        self._waiting: dict[tuple[Http2Connection, int], asyncio.Future[bytes]] = {}
        self._answers: dict[tuple[Http2Connection, int], bytes] = {}
        self._turn = 0

    async def open(self) -> None:
        """Connects."""
        for _ in range(CONNECTIONS):
            self._connections.append(await Http2Connection.connect(self._target, self._ended, self._told))

    async def close(self) -> None:
        """Disconnects."""
        for connection in self._connections:
            connection.close()

    async def ask(self, request: OrderRequest, holder: str) -> pb.Order:
        """On the account of the service that asks."""
        del holder
        match request:
            case pb.CreateOrderRequest():
                return (await self._call("CreateOrder", request, pb.CreateOrderResponse)).order
            case pb.CheckOutRequest():
                return (await self._call("CheckOut", request, pb.CheckOutResponse)).order
            case pb.GetOrderRequest():
                return (await self._call("GetOrder", request, pb.GetOrderResponse)).order

    async def _call(self, method: str, request: Message, kind: type[ResponseT]) -> ResponseT:
        """The answer (CallFailed)."""
        message = grpc_message(request.SerializeToString())
        while True:
            self._turn = (self._turn + 1) % len(self._connections)
            connection = self._connections[self._turn]
            stream = connection.call(self._header(method), message)
            if stream is not None:
                break
            await asyncio.sleep(0.001)
        waiting = self._waiting[connection, stream] = asyncio.get_running_loop().create_future()
        connection.flush()
        return kind.FromString(await waiting)

    def _header(self, method: str) -> bytes:
        credential = self._credential()
        known = self._headers.get(method)
        if known is None or known[0] != credential:
            block = header_block(
                f"{_SERVICE}{method}", self._target, timeout_ms=40_000, metadata={"authorization": credential}
            )
            known = self._headers[method] = credential, block
        return known[1]

    def _told(self, connection: Http2Connection, stream: int, message: bytes) -> None:
        self._answers[connection, stream] = message

    def _ended(self, connection: Http2Connection, stream: int, status: int) -> None:
        waiting, answer = self._waiting.pop((connection, stream)), self._answers.pop((connection, stream), None)
        if waiting.cancelled():
            return
        if status or answer is None:
            waiting.set_exception(CallFailed(f"status {status}"))
        else:
            waiting.set_result(answer)


class PayPages:
    """POSTs of the sandbox's form over kept connections."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.LifoQueue()

    async def open(self) -> None:
        """Connects."""
        for _ in range(PAYING_CONNECTIONS):
            self._free.put_nowait(await asyncio.open_connection(self._host, self._port))

    async def close(self) -> None:
        """Disconnects."""
        while not self._free.empty():
            self._free.get_nowait()[1].close()

    async def pay(self, url: str) -> None:
        """With a card that pays at once (CallFailed). A connection that was closed meanwhile is opened anew."""
        path = urlsplit(url).path.encode()
        request = (
            b"POST %s HTTP/1.1\r\nhost: %s\r\ncontent-type: application/x-www-form-urlencoded\r\n"
            b"content-length: %d\r\n\r\n%s" % (path, self._host.encode(), len(_FORM), _FORM)
        )
        connection = await self._free.get()
        try:
            try:
                head = await self._post(connection, request)
            except (asyncio.IncompleteReadError, ConnectionError):
                connection = await asyncio.open_connection(self._host, self._port)
                head = await self._post(connection, request)
        finally:
            self._free.put_nowait(connection)
        if head.split(b" ", 2)[1] != b"303":
            message = f"pay page {head[:40]!r}"
            raise CallFailed(message)

    @staticmethod
    async def _post(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes) -> bytes:
        reader, writer = connection
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        await reader.readexactly(length)
        return head


class Buyers:
    """All the buyers of one performance: each takes the next two seats of the plan. Enter it to connect."""

    def __init__(
        self,
        *,
        inventory: str,
        orders: AsksOrders,
        pay_page: str,
        performance: OnPerformance,
        seat_ids: list[str],
    ) -> None:
        clock = SystemClock()
        self._routing = OwnerRouting([inventory], clock, lambda: 0.5)
        self._streams: InventoryStreams = OwnerStreams(self._routing, InventoryCodec(), clock)
        self._orders = orders
        self._pages = PayPages(pay_page)
        self._performance = performance
        self._seat_ids = seat_ids
        self._numbers = count()

    async def __aenter__(self) -> Buyers:
        await self._orders.open()
        await self._pages.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._orders.close()
        await self._pages.close()
        await self._streams.close()
        await self._routing.close()

    async def closed_loop(self, orders: int, at_once: int) -> Bought:
        """So many orders, so many buyers at a time, each after the other's tickets."""
        bought, turns, started = Bought(), iter(range(orders)), time.perf_counter()

        async def buy_on() -> None:
            for _ in turns:
                await self._buy(bought)

        await asyncio.gather(*(buy_on() for _ in range(at_once)))
        bought.seconds = time.perf_counter() - started
        return bought

    async def open_loop(self, per_second: float, seconds: float, seed: int = 14) -> Bought:
        """Buyers who come when they come (Poisson), whatever the others wait for."""
        bought, random, tasks = Bought(), Random(seed), list[asyncio.Task[None]]()  # noqa: S311 (arrivals)
        started = time.perf_counter()
        due = started
        while (due := due + random.expovariate(per_second)) < started + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(self._buy(bought, due)))
        await asyncio.gather(*tasks)
        bought.seconds = time.perf_counter() - started
        return bought

    async def _buy(self, bought: Bought, due: float = 0.0) -> None:
        due = due or time.perf_counter()
        try:
            paid_at = await self._paid(next(self._numbers))
        except CallFailed as failed:
            bought.failed[str(failed)] += 1
            return
        now = time.perf_counter()
        bought.confirmed += 1
        bought.paid_to_tickets_ms.append((now - paid_at) * 1000)
        bought.whole_ms.append((now - due) * 1000)

    async def _paid(self, number: int) -> float:
        """The moment of paying, once the tickets are there."""
        order, house_id, holder = await self._ordered(number), self._performance.house_id, f"b{number}"
        check_out = pb.CheckOutRequest(
            idempotency_key=f"c{number}",
            house_id=house_id,
            order_id=order.order_id,
            expected_total=order.total,
            return_url="https://shop.example.com/thanks",
        )
        page = (await self._orders.ask(check_out, holder)).payment_url
        if not page:
            raise CallFailed("no page to pay on")
        paid_at = time.perf_counter()
        await self._pages.pay(page)
        wanted = pb.GetOrderRequest(house_id=house_id, order_id=order.order_id, wait_ms=WAIT_MS)
        ended = await self._orders.ask(wanted, holder)
        if ended.state != pb.ORDER_STATE_CONFIRMED or len(ended.tickets) != SEATS:
            raise CallFailed(pb.OrderState.Name(ended.state))
        return paid_at

    async def _ordered(self, number: int) -> pb.Order:
        seats = range(number * SEATS, number * SEATS + SEATS)
        if seats[-1] >= len(self._seat_ids):
            raise CallFailed("the hall is sold out")
        answer = await self._streams.ask(HoldCommand(self._performance, f"h{number}", f"b{number}", seats))
        if not isinstance(answer, Done):
            raise CallFailed(answer.reason)
        create = pb.CreateOrderRequest(
            idempotency_key=f"o{number}",
            house_id=self._performance.house_id,
            performance_id=self._performance.performance_id,
            hold_id=f"h{number}",
            holder_id=f"b{number}",
            seats=[pb.SeatChoice(seat_id=self._seat_ids[seat]) for seat in seats],
            customer=pb.Customer(name=f"Buyer {number}", email=f"buyer{number}@example.com"),
            channel=CHANNEL_ONLINE,
        )
        return await self._orders.ask(create, create.holder_id)

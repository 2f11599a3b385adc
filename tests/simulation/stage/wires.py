"""gRPC as far as callers can tell: connections between nodes, and between callers and nodes, that break and stall."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import Context
from typing import Any, Protocol

import grpc

from services.inventory.api.forwarding import OwnerForwarding
from services.runtime.clock import Clock
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.interceptors import OutgoingCallInterceptor, OutgoingStreamInterceptor
from services.runtime.rpc.routing import NOT_OWNER
from tests.simulation.stage.network import Network
from tests.simulation.stage.node_rpc import Metadata, NodeRpc, RpcCall, passed_on, status_error
from tests.simulation.stage.processes import SimulatedProcess, outside
from tests.simulation.stage.weather import Weather

UNAVAILABLE, DEADLINE_EXCEEDED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED
# The channel's own: see services.runtime.rpc.client.
ATTEMPTS = 4
FIRST_BACKOFF_SECONDS = 0.05
FORWARD_SECONDS = 10.0
KEEPALIVE_SECONDS = 7
# Until a server finds out that nobody is at the other end.
SERVER_KEEPALIVE_SECONDS = 20.0
# Messages of a stream that are sent and not read: then flow control holds the sender.
WINDOW_MESSAGES = 4


class Served(Protocol):
    """A node as the wires see it."""

    process: SimulatedProcess
    rpc: NodeRpc


class Wires:
    """One per world."""

    def __init__(self, network: Network, clock: Clock, weather: Weather) -> None:
        self.nodes: Mapping[str, Served | None] = {}
        self.network = network
        self.clock = clock
        self.weather = weather
        self.violations: list[str] = []
        self.is_down = False
        # Makes the auditor of a stream's answers where they leave their node.
        self.audits: Callable[[RpcCall], Callable[[bytes], None]] = lambda _: lambda _: None

    def living(self, place: str) -> Served | None:
        """The process that listens there; None: connections are refused."""
        node = self.nodes.get(place)
        return None if node is None or node.process.is_dead else node

    def sees(self, call: RpcCall) -> None:
        """Every call between nodes: it may be passed on once (loops are bounded)."""
        self.weather.met["forwarded"] += 1
        if call.hops > 1:
            self.violations.append(f"{call.method} was passed on {call.hops} times")

    async def unary(self, caller: str, place: str, call: RpcCall) -> bytes:
        """The answer. Raises AioRpcError: the other side's no, UNAVAILABLE after some attempts, DEADLINE_EXCEEDED."""
        backoff = FIRST_BACKOFF_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            reply = await self._attempt(caller, place, call)
            if isinstance(reply, bytes):
                return reply
            if reply.code() is not UNAVAILABLE or attempt == ATTEMPTS:
                raise reply
            await self.clock.sleep(backoff * self.weather.random.uniform(0.8, 1.2))
            backoff *= 2
        raise AssertionError

    async def _attempt(self, caller: str, place: str, call: RpcCall) -> bytes | grpc.aio.AioRpcError:
        """A request that meets a broken connection is UNAVAILABLE at once, one that meets silence waits."""
        weather = self.weather
        answer: asyncio.Future[bytes | grpc.aio.AioRpcError] = asyncio.get_running_loop().create_future()
        if weather.meets("lost_request"):
            if weather.random.random() < 0.5:
                return status_error(UNAVAILABLE, "reset")
        elif not weather.is_cut(caller, place):
            late_seconds = weather.random.uniform(0.3, 6.0) if weather.meets("late_request") else 0.0
            _ = outside(self._deliver(caller, place, call, answer, late_seconds))
        try:
            async with asyncio.timeout_at(call.until):
                return await answer
        except TimeoutError:
            return status_error(DEADLINE_EXCEEDED)

    async def _deliver(
        self, caller: str, place: str, call: RpcCall, answer: asyncio.Future[Any], late_seconds: float
    ) -> None:
        weather = self.weather
        await self.clock.sleep(self.network.delay() + late_seconds)
        node = self.living(place)
        if node is None:
            _answers(answer, status_error(UNAVAILABLE, "refused"))
            return
        task = node.process.start(node.rpc.unary(call), "rpc")
        if weather.meets("twice"):
            _ = node.process.start(node.rpc.unary(call), "rpc again")
        await asyncio.wait([task])
        await self.clock.sleep(self.network.delay())
        if task.cancelled():
            _answers(answer, status_error(UNAVAILABLE, "died"))
        elif weather.is_cut(caller, place):
            weather.met["forward_unknown"] += call.hops
        elif weather.meets("lost_reply"):
            weather.met["forward_unknown"] += call.hops
            if weather.random.random() < 0.5:
                _answers(answer, status_error(UNAVAILABLE, "reset"))
        else:
            _answers(answer, task.result())

    async def stream(
        self, caller: str, caller_is_dead: Callable[[], bool], place: str, call: RpcCall
    ) -> AsyncIterator[bytes]:
        """The answers in their order. Raises AioRpcError as unary() does, also between two of them."""
        await self.clock.sleep(self.network.delay())
        if self.weather.is_cut(caller, place):
            await self.clock.sleep(KEEPALIVE_SECONDS)
            raise status_error(UNAVAILABLE, "silence")
        node = self.living(place)
        if node is None or self.weather.meets("lost_request"):
            raise status_error(UNAVAILABLE, "refused")
        connection = Connection(self, caller, place, node.process)
        audit = self.audits(call)

        async def send(payload: bytes) -> None:
            audit(payload)
            await connection.send(payload)

        connection.serve(node.rpc.stream(call, send))
        _ = outside(connection.watch_over(caller_is_dead))
        try:
            while (payload := await connection.receive()) is not None:
                yield payload
        finally:
            connection.leave()


def _answers(answer: asyncio.Future[Any], reply: object) -> None:
    if not answer.done():
        answer.set_result(reply)


class Connection:
    """One stream of answers: in order, a few of them on their way, broken at any moment."""

    def __init__(self, wires: Wires, caller: str, place: str, server: SimulatedProcess) -> None:
        self._wires = wires
        self._ends = (caller, place)
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._on_the_way: deque[tuple[float, bytes | None]] = deque()
        self._is_moving = False
        self._arrived: asyncio.Queue[bytes | grpc.aio.AioRpcError | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._serving: asyncio.Task[grpc.aio.AioRpcError | None] | None = None
        self._is_over = False

    @property
    def _is_cut(self) -> bool:
        return self._wires.weather.is_cut(*self._ends)

    def serve(self, serving: Any) -> None:
        """Starts the server's side."""
        self._serving = self._server.start(serving, "rpc stream")
        self._serving.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[grpc.aio.AioRpcError | None]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._breaks(status_error(UNAVAILABLE, "died"))
        elif (error := task.result()) is not None:
            self._breaks(error)
        else:
            self._put(None)

    async def send(self, payload: bytes) -> None:
        """Called by the server's side; waits while the reader is behind."""
        while len(self._on_the_way) + self._arrived.qsize() >= WINDOW_MESSAGES and not self._is_over:
            self._room.clear()
            await self._room.wait()
        self._put(payload)

    def _put(self, payload: bytes | None) -> None:
        if self._is_over:
            return
        due = self._wires.clock.monotonic() + self._wires.network.delay()
        if self._on_the_way:
            due = max(due, self._on_the_way[-1][0])
        self._on_the_way.append((due, payload))
        if not self._is_moving:
            self._moves_at(due)
        if payload is not None and self._wires.weather.meets("lost_reply"):
            self._breaks(status_error(UNAVAILABLE, "reset"))

    def _moves_at(self, when: float) -> None:
        self._is_moving = True
        self._loop.call_at(when, self._move, context=Context())

    def _move(self) -> None:
        self._is_moving = False
        if self._is_over:
            return
        now = self._loop.time()
        is_cut = self._is_cut
        while self._on_the_way and not is_cut and self._on_the_way[0][0] <= now + 1e-5:
            self._arrived.put_nowait(self._on_the_way.popleft()[1])
        if self._on_the_way:
            self._moves_at(max(self._on_the_way[0][0], now + 0.25 if is_cut else now))

    async def receive(self) -> bytes | None:
        """The next message, None at the end. Raises AioRpcError where the stream broke."""
        message = await self._arrived.get()
        self._room.set()
        if isinstance(message, grpc.aio.AioRpcError):
            raise message
        return message

    def _breaks(self, error: grpc.aio.AioRpcError) -> None:
        if not self._is_over:
            self._is_over = True
            self._on_the_way.clear()
            self._arrived.put_nowait(error)
            self._tell_server()

    def leave(self) -> None:
        """The reader goes."""
        if not self._is_over:
            self._is_over = True
            self._tell_server()

    def _tell_server(self) -> None:
        if not self._wires.is_down:
            _ = outside(self._server_notices())

    async def _server_notices(self) -> None:
        """Sooner or later: until then it writes into the void."""
        serving = self._serving
        assert serving is not None
        slowly = self._is_cut or self._wires.weather.random.random() < 0.1
        await self._wires.clock.sleep(
            self._wires.weather.random.uniform(1.0, SERVER_KEEPALIVE_SECONDS) if slowly else self._wires.network.delay()
        )
        self._room.set()
        serving.cancel()

    async def watch_over(self, caller_is_dead: Callable[[], bool]) -> None:
        """Keepalive on both sides."""
        silent_seconds = 0
        while not self._is_over and not (self._serving is not None and self._serving.done()):
            await self._wires.clock.sleep(1.0)
            is_silent = self._is_cut or self._server.is_frozen
            silent_seconds = silent_seconds + 1 if is_silent else 0
            if caller_is_dead():
                self.leave()
            elif silent_seconds >= KEEPALIVE_SECONDS or (self._server.is_dead and not is_silent):
                self._breaks(status_error(UNAVAILABLE, "silence"))


class SimulatedForwarding(OwnerForwarding):
    """The real forwarding, whose channels end in the simulated network."""

    def __init__(self, wires: Wires, place: str, process: SimulatedProcess) -> None:
        super().__init__(wires.clock)
        self._wires = wires
        self._place = place
        self._process = process

    def channel_to(self, endpoint: str) -> Any:
        """See OwnerForwarding."""
        return NodeChannel(self._wires, self._place, self._process, endpoint)


class NodeChannel:
    """As much of grpc.aio.Channel as forwarding uses, with the real channels' interceptors: ids and deadlines go on."""

    def __init__(self, wires: Wires, place: str, process: SimulatedProcess, endpoint: str) -> None:
        self._wires = wires
        self._place = place
        self._process = process
        self._endpoint = endpoint

    def unary_unary(self, method: str) -> Callable[..., Any]:
        """See grpc.aio.Channel."""
        carrying = OutgoingCallInterceptor(self._wires.clock, FORWARD_SECONDS, wait_for_ready=False)

        async def pass_on(details: Any, request: bytes) -> bytes:
            call = self._call(details, request)
            try:
                answer = await self._wires.unary(self._place, self._endpoint, call)
            except grpc.aio.AioRpcError as error:
                no = refusal_of(error)
                self._wires.weather.met["forward_refused"] += no is not None and no.reason != NOT_OWNER
                self._wires.weather.met["forward_away"] += error.code() is UNAVAILABLE and no is None
                raise
            self._wires.weather.met["forward_answered"] += 1
            return answer

        async def call(request: bytes, metadata: Metadata) -> Any:
            return await carrying.intercept_unary_unary(pass_on, _details(method, metadata), request)

        return call

    def unary_stream(self, method: str) -> Callable[..., AsyncIterator[bytes]]:
        """See grpc.aio.Channel."""
        carrying = OutgoingStreamInterceptor(self._wires.clock)

        async def pass_on(details: Any, request: bytes) -> AsyncIterator[bytes]:
            self._wires.weather.met["forwarded_watch"] += 1
            call = self._call(details, request)
            return self._wires.stream(self._place, lambda: self._process.is_dead, self._endpoint, call)

        async def call(request: bytes, metadata: Metadata) -> AsyncIterator[bytes]:
            updates = await carrying.intercept_unary_stream(pass_on, _details(method, metadata), request)
            async for update in updates:
                yield update

        return call

    def _call(self, details: Any, request: bytes) -> RpcCall:
        until = None if details.timeout is None else self._wires.clock.monotonic() + details.timeout
        call = passed_on(RpcCall(details.method, request, tuple(details.metadata), until))
        self._wires.sees(call)
        return call


def _details(method: str, metadata: Metadata) -> grpc.aio.ClientCallDetails:
    return grpc.aio.ClientCallDetails(method, None, grpc.aio.Metadata(*metadata), None, None)

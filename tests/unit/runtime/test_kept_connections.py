"""The lean transport of httpx: connections are kept, never shared by two answers, and every fault is httpx's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import uvloop

from services.runtime.clock import SystemClock
from services.runtime.kept_connections import KeptConnections
from services.runtime.kept_lines import KeptLines, Limits, Place
from services.runtime.plain_http import ANSWER_BYTES
from services.runtime.testing import eventually

CLOCK = SystemClock()
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s"
Answering = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server that counts connections and answers as it is told to."""

    def __init__(self) -> None:
        self.connections = 0
        self.heard: list[bytes] = []
        self.answer: Answering = _echo
        self.open: set[asyncio.Task[None] | None] = set()
        self.place = Place("http", "127.0.0.1", 0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(asyncio.current_task())
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
                body = await reader.readexactly(length)
                self.heard.append(head + body)
                await self.answer(head.split(b" ")[1] + body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.open.discard(asyncio.current_task())


async def _echo(said: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(_OK % (len(said), said))


@asynccontextmanager
async def at_a_peer(most: int = 4, seconds: float = 5.0) -> AsyncIterator[tuple[Peer, httpx.AsyncClient]]:
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    peer.place = Place("http", "127.0.0.1", server.sockets[0].getsockname()[1])
    async with httpx.AsyncClient(base_url=url, transport=KeptConnections(most=most), timeout=seconds) as client:
        yield peer, client
    server.close()
    await server.wait_closed()
    await asyncio.gather(*(task for task in peer.open if task is not None))


async def test_one_connection_carries_call_after_call() -> None:
    async with at_a_peer() as (peer, client):
        for number in range(3):
            answer = await client.post(f"/a?{number}", content=b"said", headers={"idempotency-key": "k"})
            assert answer.content == b"/a?%dsaid" % number
        assert peer.connections == 1
        assert b"idempotency-key: k" in peer.heard[0].lower()


async def test_no_more_connections_than_allowed() -> None:
    async with at_a_peer(most=2) as (peer, client):
        answers = await asyncio.gather(*(client.get(f"/{number}") for number in range(9)))
        assert [answer.content for answer in answers] == [b"/%d" % number for number in range(9)]
        assert peer.connections == 2


async def test_one_that_the_other_end_closed_is_opened_anew() -> None:
    async with at_a_peer() as (peer, client):

        async def once(said: bytes, writer: asyncio.StreamWriter) -> None:
            await _echo(said, writer)
            writer.close()

        peer.answer = once
        await client.get("/one")
        await asyncio.to_thread(lambda: None)  # the loop hears that it was closed
        assert (await client.get("/two")).content == b"/two"
        assert peer.connections == 2


async def test_an_answer_that_was_not_waited_for_never_meets_another_question() -> None:
    async with at_a_peer(seconds=0.05) as (peer, client):
        late = asyncio.Event()

        async def silent_first(said: bytes, writer: asyncio.StreamWriter) -> None:
            if said == b"/silent":
                await late.wait()
            await _echo(said, writer)

        peer.answer = silent_first
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/silent")
        late.set()
        answer = await client.get("/next", timeout=5.0)
        assert answer.content == b"/next"


async def test_a_hang_up_and_half_an_answer_are_httpx_faults() -> None:
    async with at_a_peer() as (peer, client):

        async def half(said: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write((_OK % (100, b"half"))[: None if said == b"/half" else 0])
            writer.close()

        peer.answer = half
        for path in ("/half", "/nothing"):
            with pytest.raises(httpx.TransportError):
                await client.get(path)


async def test_garbage_and_endless_answers_are_faults_too() -> None:
    async with at_a_peer() as (peer, client):

        async def bad(said: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(
                b"no http\r\n\r\n" if said == b"/garbage" else _OK % (ANSWER_BYTES * 2, b"x" * ANSWER_BYTES * 2)
            )

        peer.answer = bad
        for path in ("/garbage", "/endless"):
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(path)


async def test_who_is_not_there_is_a_connect_error() -> None:
    async with httpx.AsyncClient(transport=KeptConnections(most=1)) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://127.0.0.1:1/")


async def test_what_is_said_without_being_asked_never_meets_a_question() -> None:
    async with at_a_peer() as (peer, client):

        async def too_much(said: bytes, writer: asyncio.StreamWriter) -> None:
            forged = _OK % (7, b"/forged") if said == b"/one" else b""
            writer.write(_OK % (len(said), said) + forged)

        peer.answer = too_much
        assert (await client.get("/one")).content == b"/one"
        assert (await client.get("/two")).content == b"/two"
        assert peer.connections == 2


async def test_a_question_without_a_length_is_not_sent() -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"said"

    async with at_a_peer() as (peer, client):
        with pytest.raises(httpx.LocalProtocolError):
            await client.post("/", content=endless())
        assert peer.connections == 0


def test_it_speaks_over_the_loop_that_services_run() -> None:
    async def asked() -> bytes:
        async with at_a_peer() as (_, client):
            return (await client.get("/uvloop")).content

    assert uvloop.run(asked()) == b"/uvloop"


_LOOPS = [pytest.param(asyncio.new_event_loop, id="asyncio"), pytest.param(uvloop.new_event_loop, id="uvloop")]
_ASKED = b"GET / HTTP/1.1\r\n\r\n"


def run_on(loop: Callable[[], asyncio.AbstractEventLoop], story: Awaitable[None]) -> None:
    """In time, whatever the other end does."""

    async def bounded() -> None:
        async with asyncio.timeout(20.0):
            await story

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(bounded())


@pytest.mark.parametrize("loop", _LOOPS)
def test_whoever_closes_amid_a_call_leaves_no_connection_and_is_not_asked_again(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def story() -> None:
        async with at_a_peer() as (peer, _):
            release = asyncio.Event()

            async def silent(said: bytes, writer: asyncio.StreamWriter) -> None:
                await release.wait()

            peer.answer = silent
            lines = KeptLines(most=2)
            calls = [asyncio.ensure_future(lines.ask(peer.place, b"GET", _ASKED)) for _ in range(2)]
            await eventually(lambda: len(peer.heard) == 2)
            await lines.close()
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(one) for one in outcomes] == [httpx.RemoteProtocolError] * 2
            with pytest.raises(httpx.ConnectError):
                await lines.ask(peer.place, b"GET", _ASKED)
            release.set()
            await eventually(lambda: not peer.open)

    run_on(loop, story())


@pytest.mark.parametrize("loop", _LOOPS)
def test_an_end_that_reads_nothing_keeps_nobody_from_hanging_up(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def story() -> None:
        over = asyncio.Event()

        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await over.wait()
            writer.close()

        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        lines = KeptLines(most=1)
        place = Place("http", "127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(httpx.ReadTimeout):
            await lines.ask(place, b"POST", b"x" * 32_000_000, Limits(answer=0.05))
        await lines.close()
        over.set()
        server.close()
        await server.wait_closed()

    run_on(loop, story())


@pytest.mark.parametrize("loop", _LOOPS)
def test_a_call_that_is_given_up_at_any_moment_leaves_no_connection(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def story() -> None:
        async with at_a_peer() as (peer, _):
            for moments in range(12):
                lines = KeptLines(most=1)
                call = asyncio.ensure_future(lines.ask(peer.place, b"GET", _ASKED))
                for _ in range(moments):
                    await CLOCK.sleep(0.0)
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
                await lines.close()
                await eventually(lambda: not peer.open)

    run_on(loop, story())


async def test_after_an_answer_that_came_before_all_was_asked_the_rest_is_not_sent_as_the_next_question() -> None:
    async with at_a_peer() as (peer, _):
        early = asyncio.Event()

        async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            peer.connections += 1
            writer.write(_OK % (5, b"early"))
            await early.wait()
            writer.close()

        server = await asyncio.start_server(hasty, "127.0.0.1", 0)
        place = Place("http", "127.0.0.1", server.sockets[0].getsockname()[1])
        lines = KeptLines(most=1)
        for _ in range(2):
            answer = await lines.ask(place, b"POST", b"POST / HTTP/1.1\r\n\r\n" + b"x" * 32_000_000)
            assert answer.content == b"early"
        assert peer.connections == 2
        early.set()
        await lines.close()
        server.close()
        await server.wait_closed()


async def test_connections_that_are_kept_for_other_places_count_too() -> None:
    async with at_a_peer() as (first, _), at_a_peer() as (second, _):
        lines = KeptLines(most=1)
        for peer in (first, second, first):
            await lines.ask(peer.place, b"GET", _ASKED)
            await eventually(lambda: len(first.open) + len(second.open) == 1)
        assert (first.connections, second.connections) == (2, 1)
        await lines.close()


async def test_an_answer_that_drips_is_late_as_a_whole() -> None:
    async with at_a_peer(seconds=0.3) as (peer, client):

        async def drips(said: bytes, writer: asyncio.StreamWriter) -> None:
            for byte in _OK % (1_000, b"x" * 1_000):
                writer.write(bytes([byte]))
                await CLOCK.sleep(0.02)

        peer.answer = drips
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/")

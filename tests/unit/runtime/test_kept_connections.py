"""The lean transport of httpx: connections are kept, never shared by two answers, and every fault is httpx's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
import uvloop

from services.runtime.kept_connections import KeptConnections
from services.runtime.plain_http import ANSWER_BYTES

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s"
Answering = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server that counts connections and answers as it is told to."""

    def __init__(self) -> None:
        self.connections = 0
        self.heard: list[bytes] = []
        self.answer: Answering = _echo
        self.open: set[asyncio.Task[None] | None] = set()

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

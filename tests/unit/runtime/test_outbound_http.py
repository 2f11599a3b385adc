"""How carriers speak HTTP, against a raw server that misbehaves as outside systems do."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from services.runtime.clock import SystemClock
from services.runtime.outbound.http import HttpLimits, OutboundHttp, Question
from services.runtime.outbound.port import Done, Later, Locked, Settled, Target

TARGET = Target("hou_1", "trk_1")
Answering = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
ASKED = Question("POST", "/events", "purchase", body=b"body")


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[str]:
    """A server on the loopback that hands each request's head to `answer`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await answer(head, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def saying(head: str, body: bytes = b"") -> Answering:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {head}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)

    return answer


@asynccontextmanager
async def client(url: str, **limits: float) -> AsyncIterator[OutboundHttp]:
    http = OutboundHttp(url, SystemClock(), limits=HttpLimits(**limits))  # type: ignore[arg-type]
    try:
        yield http
    finally:
        await http.close()


async def test_an_answer_comes_with_its_line_for_the_ledger() -> None:
    async with answering(saying("200 OK", b'{"received": 1}')) as url, client(url) as http:
        answer = await http.ask(TARGET, ASKED)
    exchange = answer.exchange
    assert (answer.status, answer.body, answer.outcome()) == (
        200, b'{"received": 1}', Done(Settled.DELIVERED, 'answered 200: {"received": 1}'),
    )  # fmt: skip
    assert (exchange.asked, exchange.status, exchange.outcome) == ("POST /events", 200, "delivered")
    assert exchange.payload_hash == hashlib.sha256(b"body").hexdigest()


async def test_a_path_or_query_with_a_secret_is_not_in_the_ledger() -> None:
    secret = Question("GET", "/hook/s3cr3t", "hook", query={"key": "s3cr3t"}, asked_as="/hook/***", secrets=["s3cr3t"])
    async with answering(saying("404 Not Found", b"no s3cr3t here")) as url, client(url) as http:
        answer = await http.ask(TARGET, secret)
    assert "s3cr3t" not in repr(answer.exchange)
    assert answer.exchange.asked == "GET /hook/***"


async def test_an_answer_that_drips_ends_in_time() -> None:
    async def drip(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await writer.drain()
            await SystemClock().sleep(0.02)

    async with answering(drip) as url, client(url, total_seconds=0.3, read_seconds=0.2) as http:
        answer = await http.ask(TARGET, ASKED)
    assert answer.status == 0
    assert answer.outcome() == Later("no whole answer within 0.3 s", is_uncertain=True)
    assert answer.exchange.outcome == "later"


async def test_silence_is_uncertain_and_a_closed_port_is_not() -> None:
    async def say_nothing(_: bytes, writer: asyncio.StreamWriter) -> None:
        await SystemClock().sleep(0.5)

    async with answering(say_nothing) as url, client(url, read_seconds=0.05) as http:
        silent = await http.ask(TARGET, ASKED)
    assert silent.was_sent
    async with client(url, connect_seconds=2.0) as http:
        closed = await http.ask(TARGET, ASKED)
    assert not closed.was_sent
    assert closed.outcome() == Later("no answer (ConnectError)")


async def test_no_more_is_read_of_an_answer_than_its_bound() -> None:
    async with answering(saying("200 OK", b"x" * 100_000)) as url, client(url, answer_bytes=1_000) as http:
        answer = await http.ask(TARGET, ASKED)
    assert (len(answer.body), answer.is_whole) == (1_000, False)


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"id": 1}', {"id": 1}),
        (b"[1]", None),
        (b"<html></html>", None),
        (b'{"id": 1', None),
        (b'{"id": "\xff"}', None),
        (b'{"id": 1}' + b" " * 2_000_000, None),
        (b"[" * 200_000, None),
        (b"", None),
    ],
)
async def test_a_document_is_a_whole_json_object_and_nothing_else(body: bytes, document: object) -> None:
    async with answering(saying("200 OK", body)) as url, client(url) as http:
        assert (await http.ask(TARGET, ASKED)).document == document


async def test_a_redirect_is_not_followed() -> None:
    heads: list[bytes] = []

    async def redirect(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        await saying("302 Found\r\nlocation: /elsewhere")(head, writer)

    async with answering(redirect) as url, client(url) as http:
        answer = await http.ask(TARGET, ASKED)
    assert (answer.status, len(heads)) == (302, 1)
    assert isinstance(answer.outcome(), Later)


async def test_no_cookie_goes_from_one_question_to_the_next() -> None:
    heads: list[bytes] = []

    async def set_cookie(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head.lower())
        await saying("200 OK\r\nset-cookie: session=of-the-first-house; path=/")(head, writer)

    async with answering(set_cookie) as url, client(url) as http:
        await http.ask(TARGET, ASKED)
        await http.ask(Target("hou_2", "trk_2"), ASKED)
    assert len(heads) == 2
    assert b"cookie" not in heads[1]


async def test_retry_after_and_refused_credentials_are_told() -> None:
    async with answering(saying("429 Too Many Requests\r\nretry-after: 7")) as url, client(url) as http:
        answer = await http.ask(TARGET, ASKED)
    assert answer.outcome() == Later("answered 429", after_ms=7_000)
    async with answering(saying("401 Unauthorized")) as url, client(url) as http:
        answer = await http.ask(TARGET, ASKED)
    assert answer.outcome() == Locked("answered 401")


@pytest.mark.parametrize("garbage", [b"not http at all\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\n"])
async def test_what_is_no_answer_is_silence(garbage: bytes) -> None:
    async def mumble(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(garbage)

    async with answering(mumble) as url, client(url) as http:
        answer = await http.ask(TARGET, ASKED)
    assert answer.status == 0
    assert answer.outcome() == Later(answer.fault, is_uncertain=True)


async def test_another_address_shares_the_connections_and_a_transport_sees_each_address() -> None:
    seen: list[str] = []

    def look(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200)

    http = OutboundHttp("https://one.example", SystemClock(), transport=httpx.MockTransport(look))
    await http.ask(TARGET, ASKED)
    await http.at("https://two.example/base/").ask(TARGET, ASKED)
    assert seen == ["https://one.example/events", "https://two.example/base/events"]
    await http.close()

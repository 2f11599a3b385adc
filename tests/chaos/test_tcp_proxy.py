"""The proxy does what its modes say: a fault that does not bite proves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from services.runtime.clock import SystemClock
from services.runtime.testing import eventually
from tests.chaos.tcp_proxy import Mode, TcpProxy

SHORT_SECONDS = 0.1


@asynccontextmanager
async def echo_behind_proxy() -> AsyncIterator[TcpProxy]:
    """A proxy before a server that says everything again."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1000):
            writer.write(chunk)
        writer.transport.abort()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = TcpProxy(SystemClock(), server.sockets[0].getsockname()[1], words=[b"FENCED"])
    await proxy.start()
    yield proxy
    await proxy.close()
    while Caller.made:
        Caller.made.pop().writer.transport.abort()
    server.close()
    await server.wait_closed()


class Caller:
    """A connection through the proxy."""

    made: ClassVar[list[Caller]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.made.append(self)

    @classmethod
    async def to(cls, proxy: TcpProxy) -> Caller:
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    def say(self, text: bytes) -> None:
        self.writer.write(text)

    async def hears(self, text: bytes) -> bool:
        async with asyncio.timeout(60):
            return await self.reader.readexactly(len(text)) == text

    async def hears_nothing(self) -> bool:
        try:
            async with asyncio.timeout(SHORT_SECONDS):
                await self.reader.readexactly(1)
        except TimeoutError:
            return True
        return False


async def test_bytes_pass_and_words_are_counted_and_swapped() -> None:
    async with echo_behind_proxy() as proxy:
        proxy.swaps = {b"25001": b"25999"}
        caller = await Caller.to(proxy)
        caller.say(b"FENCED 25001")
        assert await caller.hears(b"FENCED 25999")
        assert proxy.seen[b"FENCED"] == 1


async def test_frozen_bytes_arrive_when_it_is_over() -> None:
    async with echo_behind_proxy() as proxy:
        caller = await Caller.to(proxy)
        await proxy.set_mode(Mode.FREEZE)
        caller.say(b"hello")
        assert await caller.hears_nothing()
        await proxy.set_mode(Mode.PASS)
        assert await caller.hears(b"hello")


async def test_half_open_takes_connections_says_nothing_and_loses_what_it_was_told() -> None:
    async with echo_behind_proxy() as proxy:
        old = await Caller.to(proxy)
        old.say(b"x")
        assert await old.hears(b"x")
        await proxy.set_mode(Mode.HALF_OPEN)
        new = await Caller.to(proxy)
        for caller in (old, new):
            caller.say(b"hello")
            assert await caller.hears_nothing()
        await proxy.set_mode(Mode.PASS)
        assert await old.hears_nothing()
        fresh = await Caller.to(proxy)
        fresh.say(b"again")
        assert await fresh.hears(b"again")


async def test_mute_lets_questions_through_and_loses_the_answers() -> None:
    async with echo_behind_proxy() as proxy:
        caller = await Caller.to(proxy)
        await proxy.set_mode(Mode.MUTE)
        caller.say(b"FENCED")
        assert await caller.hears_nothing()
        assert proxy.seen[b"FENCED"] == 1


async def test_cut_resets_old_connections_and_new_ones() -> None:
    async with echo_behind_proxy() as proxy:
        old = await Caller.to(proxy)
        old.say(b"x")
        assert await old.hears(b"x")
        await proxy.set_mode(Mode.CUT)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await old.hears(b"x")

        async def is_refused() -> bool:
            try:
                caller = await Caller.to(proxy)
                caller.say(b"x")
                return not await caller.hears(b"x")
            except (asyncio.IncompleteReadError, ConnectionError):
                return True

        await eventually(is_refused)


async def test_delayed_bytes_are_late() -> None:
    async with echo_behind_proxy() as proxy:
        caller = await Caller.to(proxy)
        await proxy.set_mode(Mode.DELAY, delay_seconds=SHORT_SECONDS * 2)
        caller.say(b"x")
        assert await caller.hears_nothing()
        assert await caller.hears(b"x")

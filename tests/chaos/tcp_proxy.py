"""A TCP proxy that can be told to misbehave. Knows no protocol: it may count words and swap some of equal length."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum

from services.runtime.clock import Clock

CHUNK_BYTES = 65_536
CONNECT_SECONDS = 2.0
_GONE = (ConnectionError, OSError, TimeoutError, asyncio.IncompleteReadError)


class Mode(Enum):
    """What happens to bytes and connections."""

    PASS = "pass"
    FREEZE = "freeze"  # bytes wait, and arrive when it is over
    HALF_OPEN = "half_open"  # connections are taken, bytes vanish, nothing is ever said
    MUTE = "mute"  # what is asked arrives, the answers vanish
    CUT = "cut"  # connections are reset, new ones too
    DELAY = "delay"  # every chunk is late


class TcpProxy:
    """Listens on (host, port) and passes on to `target` on 127.0.0.1, as its mode allows."""

    def __init__(
        self, clock: Clock, target: int, *, host: str = "127.0.0.1", port: int = 0, words: Sequence[bytes] = ()
    ) -> None:
        self._clock = clock
        self._target = target
        self._host = host
        self.port = port
        self.mode = Mode.PASS
        self.delay_seconds = 0.0
        # Equal-length words swapped in what the server says.
        self.swaps: Mapping[bytes, bytes] = {}
        self._words = words
        self.seen: Counter[bytes] = Counter()
        self._may_pass = asyncio.Event()
        self._may_pass.set()
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], bool] = {}

    def point_at(self, target: int) -> None:
        """The port that new connections go to."""
        self._target = target

    async def start(self) -> None:
        """Opens the port; `port` is known from here on."""
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends everything."""
        if self._server is not None:
            self._server.close()
        await self._end(list(self._connections))

    async def set_mode(self, mode: Mode, *, delay_seconds: float = 0.0) -> None:
        """From now on so. Connections that lost bytes stay silent for ever: nobody tells either end."""
        self.mode, self.delay_seconds = mode, delay_seconds
        if mode is Mode.CUT:
            await self._end(list(self._connections))
        if mode is Mode.FREEZE:
            self._may_pass.clear()
        else:
            self._may_pass.set()

    async def reset_silent(self) -> None:
        """Resets the connections that lost bytes: where a protocol's own patience is not what is looked at."""
        await self._end([task for task, is_silent in self._connections.items() if is_silent])

    @staticmethod
    async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = self.mode is Mode.HALF_OPEN
        try:
            if self.mode is Mode.CUT:
                return
            await self._may_pass.wait()
            async with asyncio.timeout(CONNECT_SECONDS):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                async with asyncio.TaskGroup() as pumps:
                    pumps.create_task(self._pump(reader, far_writer, task, from_server=False))
                    pumps.create_task(self._pump(far_reader, writer, task, from_server=True))
            finally:
                far_writer.transport.abort()
        except* _GONE:
            pass
        except* asyncio.CancelledError:
            # Told to end, and this task is nobody else's.
            pass
        finally:
            writer.transport.abort()
            self._connections.pop(task, None)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: asyncio.Task[None], *, from_server: bool
    ) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            if from_server:
                chunk = self._read(chunk)
            if self.mode is Mode.DELAY:
                await self._clock.sleep(self.delay_seconds)
            await self._may_pass.wait()
            if self.mode is Mode.HALF_OPEN or (self.mode is Mode.MUTE and from_server):
                self._connections[task] = True
            if self._connections[task]:
                if not from_server and self.mode is Mode.MUTE:
                    writer.write(chunk)
                continue
            writer.write(chunk)
            await writer.drain()
        # One side is done: so is the connection.
        raise ConnectionResetError

    def _read(self, chunk: bytes) -> bytes:
        for word in self._words:
            if word in chunk:
                self.seen[word] += chunk.count(word)
        for old, new in self.swaps.items():
            chunk = chunk.replace(old, new)
        return chunk

"""The cheapest gRPC caller there is: prebuilt HTTP/2 frames over plain sockets, some microseconds of our time a call.

A client of the gRPC library costs as much as the server it calls, so on one machine it can overload nothing. Only what
Balcon's servers send is understood here: no Huffman coding, no dynamic header table (they are asked not to use it).
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Mapping
from typing import Any, cast

from services.runtime.testing.access import service_metadata

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
HEADER_TABLE_SIZE, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 1, 3, 4
CANCEL = 8
FIRST_WINDOW = 65_535
WIDE_WINDOW = 2**31 - 1
# What a call ends with when no grpc-status came: the stream was reset.
NO_STATUS = -1
_STATUS = b"grpc-status"
_FRAME = struct.Struct(">IBI")


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One HTTP/2 frame."""
    return _FRAME.pack(len(payload) << 8 | kind, flags, stream) + payload


def grpc_message(payload: bytes) -> bytes:
    """A message as it stands in DATA frames: not compressed, with its length."""
    return struct.pack(">BI", 0, len(payload)) + payload


def header_block(path: str, authority: str, *, timeout_ms: int = 0, metadata: Mapping[str, str] | None = None) -> bytes:
    """HPACK with static indexes and literals only: the same bytes for every call."""

    def literal(text: str) -> bytes:
        """RFC 7541, 5.1 and 5.2: a length with a prefix of 7 bits, then the bytes."""
        length, more = len(text), b""
        if length >= 127:
            rest, length = length - 127, 127
            while rest >= 128:
                more += bytes([rest % 128 + 128])
                rest //= 128
            more += bytes([rest])
        return bytes([length]) + more + text.encode()

    fields = (
        {"te": "trailers"}
        | dict(service_metadata())
        | ({"grpc-timeout": f"{timeout_ms}m"} if timeout_ms else {})
        | dict(metadata or {})
    )
    # :method POST, :scheme http, :path, :authority, content-type; then fields by name.
    block = b"\x83\x86\x04" + literal(path) + b"\x01" + literal(authority) + b"\x0f\x10" + literal("application/grpc")
    return block + b"".join(b"\x00" + literal(name) + literal(value) for name, value in fields.items())


class Http2Connection(asyncio.Protocol):
    """One connection. Tells of messages on streams opened with open(), and of the end of every stream.

    `window` is what the server may send on a stream before it must wait; the connection as a whole is not limited.
    """

    def __init__(
        self,
        on_end: Callable[[Http2Connection, int, int], None],
        on_message: Callable[[Http2Connection, int, bytes], None] | None = None,
        *,
        window: int = WIDE_WINDOW,
    ) -> None:
        self._on_end = on_end
        self._on_message = on_message
        self._window = window
        self._transport: asyncio.Transport | None = None
        self._ready = asyncio.get_running_loop().create_future()
        self._next_stream = 1
        self._in: bytes = b""
        self._out: list[bytes] = []
        self._room = FIRST_WINDOW
        self._stream_room: dict[int, int] = {}
        self._parts: dict[int, bytes] = {}
        self._peer_window = FIRST_WINDOW
        self._live: set[int] = set()
        self.most_streams = 100

    @classmethod
    async def connect(cls, target: str, *arguments: Any, **options: Any) -> Http2Connection:
        """Connects to host:port and waits for the server's settings."""
        host, port = target.rsplit(":", 1)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: cls(*arguments, **options), host, int(port))
        await connection._ready
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW_SIZE, self._window)
        update = struct.pack(">I", WIDE_WINDOW - FIRST_WINDOW)
        self._transport.write(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, update))

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if not self._ready.done():
            self._ready.set_exception(exc or ConnectionResetError())

    def call(self, headers: bytes, message: bytes) -> int | None:
        """Sends a whole unary call; its stream, or None when the server allows no more for now."""
        if len(self._live) >= self.most_streams or len(message) > self._room:
            return None
        stream = self._take_stream()
        self._room -= len(message)
        self._out.append(
            _FRAME.pack(len(headers) << 8 | HEADERS, END_HEADERS, stream)
            + headers
            + _FRAME.pack(len(message) << 8 | DATA, END_STREAM, stream)
            + message
        )
        return stream

    def open(self, headers: bytes, message: bytes | None = None) -> int:
        """Opens a stream; with `message`, a server stream whose only request that is."""
        stream = self._take_stream()
        self._out.append(frame(HEADERS, END_HEADERS, stream, headers))
        self._stream_room[stream] = self._peer_window
        if message is not None:
            self._out.append(frame(DATA, END_STREAM, stream, message))
        return stream

    def send(self, stream: int, message: bytes) -> bool:
        """Sends a message on an open stream; False when flow control holds it back for now."""
        if len(message) > min(self._room, self._stream_room[stream]):
            return False
        self._room -= len(message)
        self._stream_room[stream] -= len(message)
        self._out.append(frame(DATA, 0, stream, message))
        return True

    def cancel(self, stream: int) -> None:
        """Gives a call up, as clients do at their deadline."""
        self._live.discard(stream)
        self._out.append(frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL)))

    def flush(self) -> None:
        """Writes what was put together."""
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
            self._out.clear()

    def stall(self) -> None:
        """Reads no more: what the server sends stays in the kernel's buffers, then in the server's."""
        assert self._transport is not None
        self._transport.pause_reading()

    def resume(self) -> None:
        """Reads again, on every stream, as fast as it comes."""
        assert self._transport is not None
        self._transport.resume_reading()
        update = struct.pack(">I", WIDE_WINDOW - self._window)
        self._transport.write(b"".join(frame(WINDOW_UPDATE, 0, stream, update) for stream in self._live))

    def close(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _take_stream(self) -> int:
        stream = self._next_stream
        self._next_stream += 2
        self._live.add(stream)
        return stream

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        data = self._in + data if self._in else data
        at, size = 0, len(data)
        while size - at >= 9:
            head, flags, stream = _FRAME.unpack_from(data, at)
            end = at + 9 + (head >> 8)
            if end > size:
                break
            self._frame(head & 255, flags, stream, data, at + 9, end)
            at = end
        self._in = data[at:]
        self.flush()

    def _frame(self, kind: int, flags: int, stream: int, data: bytes, start: int, end: int) -> None:
        if kind == DATA:
            if self._on_message is not None:
                self._take_data(stream, data[start:end])
        elif kind == HEADERS:
            if flags & END_STREAM:
                self._ended(stream, _status(data, start, end))
        elif kind == WINDOW_UPDATE:
            (more,) = struct.unpack_from(">I", data, start)
            if not stream:
                self._room += more
            elif stream in self._stream_room:
                self._stream_room[stream] += more
        elif kind == PING and not flags & ACK:
            self._out.append(frame(PING, ACK, 0, data[start:end]))
        elif kind == SETTINGS and not flags & ACK:
            self._take_settings(data[start:end])
        elif kind == RST_STREAM:
            self._ended(stream, NO_STATUS)
        elif kind == GOAWAY:
            raise ConnectionResetError(data[start:end])

    def _take_settings(self, payload: bytes) -> None:
        for name, value in struct.iter_unpack(">HI", payload):
            if name == MAX_CONCURRENT_STREAMS:
                self.most_streams = value
            elif name == INITIAL_WINDOW_SIZE:
                for stream in self._stream_room:
                    self._stream_room[stream] += value - self._peer_window
                self._peer_window = value
        self._out.append(frame(SETTINGS, ACK, 0))
        if not self._ready.done():
            self._ready.set_result(None)

    def _take_data(self, stream: int, payload: bytes) -> None:
        payload = self._parts.pop(stream, b"") + payload
        at = 0
        assert self._on_message is not None
        while len(payload) - at >= 5:
            end = at + 5 + int.from_bytes(payload[at + 1 : at + 5], "big")
            if end > len(payload):
                break
            self._on_message(self, stream, payload[at + 5 : end])
            at = end
        if at < len(payload):
            self._parts[stream] = payload[at:]

    def _ended(self, stream: int, status: int) -> None:
        self._stream_room.pop(stream, None)
        self._parts.pop(stream, None)
        # What was given up may still be answered: the answer was on its way.
        if stream in self._live:
            self._live.discard(stream)
            self._on_end(self, stream, status)


def _status(data: bytes, start: int, end: int) -> int:
    at = data.find(_STATUS, start, end) + len(_STATUS)
    if at < len(_STATUS):
        return NO_STATUS
    length = data[at]
    return int(data[at + 1 : at + 1 + length])

"""HTTP/1.1 as bytes: a question written out, and the one answer to it read; what is not plain is left to h11."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import h11
import httpx

HEAD_BYTES = 16 * 1024
ANSWER_BYTES = 4 * 1024 * 1024
# Of "go on", "still at it" and the like, before the answer itself.
INTERIM_ANSWERS = 16

_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9])(?: [^\x00-\x08\x0a-\x1f\x7f]*)?")
_HEADER = re.compile(rb"([-!#$%&'*+.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
# Of these an answer's length does not follow from its head alone.
_WITHOUT_CONTENT = frozenset({204, 304})
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    headers: list[tuple[bytes, bytes]]
    length: int
    is_last: bool


def question(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], content: bytes = b"") -> bytes:
    """Raises httpx.LocalProtocolError where a line would end early: the rest of it would be another's question."""
    lines = [method + b" " + target + b" HTTP/1.1", *(name + b": " + value for name, value in headers)]
    if b" " in target or any(map(_FORBIDDEN.search, lines)):
        message = "a control character in the head"
        raise httpx.LocalProtocolError(message)
    return b"\r\n".join((*lines, b"", content))


class AnswerReader:
    """Reads one answer. `read` and `end` tell it once it is whole, and raise httpx.RemoteProtocolError."""

    def __init__(self, method: bytes) -> None:
        self._method = method
        self._bytes = bytearray()
        self._head: _Head | None = None
        self._odd: _OddAnswer | None = None
        # Whether another question may follow on the connection, known with the answer.
        self.is_last = True

    def read(self, data: bytes) -> Answer | None:
        """With what came now."""
        if self._odd is not None:
            return self._with_h11(data)
        self._bytes += data
        if self._head is None:
            end = self._bytes.find(b"\r\n\r\n")
            if max(end, len(self._bytes) if end < 0 else 0) > HEAD_BYTES:
                message = f"a head of more than {HEAD_BYTES} bytes"
                raise httpx.RemoteProtocolError(message)
            if end < 0:
                return self._with_h11() if b"\n\n" in self._bytes else None
            self._head = None if self._method == b"HEAD" else _plain_head(bytes(self._bytes[:end]))
            if self._head is None:
                return self._with_h11()
            del self._bytes[: end + 4]
        missing = self._head.length - len(self._bytes)
        if missing > 0:
            return None
        # More than was asked for: nobody knows what it belongs to.
        self.is_last = self._head.is_last or missing < 0
        return Answer(self._head.status, self._head.headers, bytes(self._bytes[: self._head.length]))

    def end(self) -> Answer | None:
        """The other end has hung up: only h11 tells whether that was the end of the answer."""
        if self._head is not None:
            message = "the other end hung up amid its answer"
            raise httpx.RemoteProtocolError(message)
        return self._with_h11(b"") if self._odd is not None else self._with_h11() or self._with_h11(b"")

    def _with_h11(self, data: bytes | None = None) -> Answer | None:
        if self._odd is None:
            self._odd = _OddAnswer(self._method)
            data = bytes(self._bytes)
            if not data:
                return None
        answer = self._odd.read(data or b"")
        self.is_last = answer is not None and self._odd.is_last
        return answer


class _OddAnswer:
    """In chunks, until the end of the connection, of another version, or not HTTP at all."""

    def __init__(self, method: bytes) -> None:
        self._state = h11.Connection(h11.CLIENT)
        self._state.send(h11.Request(method=method, target=b"/", headers=[(b"host", b"asked")]))
        self._state.send(h11.EndOfMessage())
        self._answer: h11.Response | None = None
        self._parts = bytearray()
        self._interim = 0

    @property
    def is_last(self) -> bool:
        named = {name for name, _ in self._answer.headers} if self._answer is not None else set()
        # Somebody in between may have taken the other one for its end (RFC 9112, 6.3).
        has_two_ends = {b"content-length", b"transfer-encoding"} <= named
        return has_two_ends or self._state.their_state is not h11.DONE or self._state.trailing_data != (b"", False)

    def read(self, data: bytes) -> Answer | None:
        try:
            self._state.receive_data(data)
            return self._read()
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError(str(error)) from error

    def _read(self) -> Answer | None:
        while True:
            event = self._state.next_event()
            if event is h11.NEED_DATA:
                return None
            if event is h11.PAUSED:
                message = "another protocol than HTTP/1.1"
                raise httpx.RemoteProtocolError(message)
            if isinstance(event, h11.InformationalResponse):
                self._interim += 1
                if self._interim > INTERIM_ANSWERS:
                    message = f"more than {INTERIM_ANSWERS} answers before the answer"
                    raise httpx.RemoteProtocolError(message)
            elif isinstance(event, h11.Response):
                self._answer = event
            elif isinstance(event, h11.Data):
                self._parts += event.data
                if len(self._parts) > ANSWER_BYTES:
                    message = f"an answer of more than {ANSWER_BYTES} bytes"
                    raise httpx.RemoteProtocolError(message)
            elif isinstance(event, h11.EndOfMessage):
                assert self._answer is not None, "h11 tells no end without a head"
                headers = [(name, value) for name, value in self._answer.headers if name != b"transfer-encoding"]
                return Answer(self._answer.status_code, headers, bytes(self._parts))
            elif isinstance(event, h11.ConnectionClosed):
                message = "the other end hung up without an answer"
                raise httpx.RemoteProtocolError(message)


def _plain_head(head: bytes) -> _Head | None:
    """None for whatever is not one of HTTP/1.1 with its length told once: h11 says what that is."""
    first, *lines = head.split(b"\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None or int(status[1]) in _WITHOUT_CONTENT:
        return None
    headers: list[tuple[bytes, bytes]] = []
    length, is_last = -1, False
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None:
            return None
        name, value = found[1].lower(), found[2].rstrip(b" \t")
        headers.append((name, value))
        if name == b"content-length":
            if length >= 0 or not value.isdigit() or len(value) > 10:
                return None
            length = int(value)
        elif name == b"transfer-encoding":
            return None
        elif name == b"connection":
            is_last = is_last or value.lower() != b"keep-alive"
    if not 0 <= length <= ANSWER_BYTES:
        return None
    return _Head(int(status[1]), headers, length, is_last)

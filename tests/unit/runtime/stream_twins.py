"""Nodes that answer streams, without a network and in virtual time; for tests of OwnerStreams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import grpc

from services.runtime.clock import LoopClock
from services.runtime.principal import PrincipalRef
from services.runtime.rpc.node_stream import Stream
from services.runtime.rpc.owner_streams import OwnerStreams
from services.runtime.rpc.routing import OwnerRouting
from services.runtime.testing import run_virtual

CLOCK = LoopClock()


@dataclass(frozen=True, slots=True)
class Message:
    """Commands are texts such as 'key/what'."""

    batch_id: int
    commands: Sequence[str]
    timeout_ms: int
    guessed: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Empty: nothing was refused."""

    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Response:
    """As much of an answer as the streams look at; `says` goes to every command."""

    batch_id: int
    credit: int = 0
    batch_refused: Reason = field(default_factory=Reason)
    says: str = "yes"


class Call:
    """A stream to a twin. What is written gets the twin's answer, in a task of its own."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.responses: asyncio.Queue[Response | None] = asyncio.Queue()
        self.is_cancelled = False
        self.tasks: set[asyncio.Task[None]] = set()
        if twin.credit:
            self.responses.put_nowait(Response(0, credit=twin.credit))

    async def write(self, message: Message) -> None:
        if self.twin.is_gone:
            raise asyncio.InvalidStateError
        self.twin.heard.append(message)
        self.twin.unanswered += 1
        self.twin.most_unanswered = max(self.twin.most_unanswered, self.twin.unanswered)
        task = asyncio.create_task(self._answer(message))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, message: Message) -> None:
        await CLOCK.sleep(self.twin.seconds)
        await self.twin.gate.wait()
        self.twin.unanswered -= 1
        self.responses.put_nowait(self.twin.answer(message))

    async def __aiter__(self) -> AsyncIterator[Response]:
        if self.twin.is_gone:
            raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())
        while (response := await self.responses.get()) is not None:
            yield response

    def cancel(self) -> None:
        self.is_cancelled = True
        self.responses.put_nowait(None)


class Twin:
    """A node that answers after `seconds`, unless its gate is shut."""

    def __init__(self, credit: int = 64, seconds: float = 0.01) -> None:
        self.credit = credit
        self.seconds = seconds
        self.heard: list[Message] = []
        self.calls: list[Call] = []
        self.opened_with: list[Mapping[str, str]] = []
        self.unanswered = self.most_unanswered = 0
        self.is_gone = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.answer: Callable[[Message], Response] = lambda message: Response(message.batch_id, self.credit)

    def refuses(self, reason: str, **facts: str) -> None:
        """Every message from now on."""
        self.answer = lambda message: Response(message.batch_id, self.credit, Reason(reason, facts))

    def decides(self) -> None:
        """The end of refuses()."""
        self.answer = lambda message: Response(message.batch_id, self.credit)

    def dies(self) -> None:
        """Every stream breaks, no new one opens."""
        self.is_gone = True
        for call in self.calls:
            call.responses.put_nowait(None)

    @property
    def commands(self) -> list[str]:
        return [command for message in self.heard for command in message.commands]

    @property
    def sizes(self) -> list[int]:
        return [len(message.commands) for message in self.heard]


class TwinCodec:
    """Of the twins."""

    def __init__(self, twins: Mapping[str, Twin]) -> None:
        self._twins = twins

    def open(self, channel: Any, metadata: Sequence[tuple[str, str]]) -> Stream:
        twin = self._twins[channel]
        twin.calls.append(Call(twin))
        twin.opened_with.append(dict(metadata))
        return twin.calls[-1]  # type: ignore[return-value]

    def on_behalf_of(self, command: str, principal: PrincipalRef) -> str:
        return f"{command} for {principal.subject}"

    def key_of(self, command: str) -> str:
        return command.split("/", maxsplit=1)[0]

    def group_of(self, command: str) -> Hashable:
        return self.key_of(command)

    def message(self, commands: Sequence[str], batch_id: int, timeout_ms: int, guessed: bool) -> Message:
        return Message(batch_id, commands, timeout_ms, guessed)

    def answers(self, commands: Sequence[str], response: Response) -> Sequence[str]:
        says = response.batch_refused.reason or response.says
        return [f"{command} {says}" for command in commands]

    def busy(self, retry_after_ms: int) -> str:
        return f"busy {retry_after_ms}"


class TwinRouting(OwnerRouting):
    """Its channels are only names."""

    def channel(self, target: str) -> Any:
        return target


Streams = OwnerStreams[str, str]


def streams_to(**twins: Twin) -> Streams:
    """A client whose only known nodes are these."""
    return OwnerStreams(TwinRouting(list(twins), CLOCK, lambda: 0.5), TwinCodec(twins), CLOCK)


def virtual(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """On a clock that jumps."""

    @wraps(test)
    def run() -> None:
        run_virtual(test(), limit_seconds=600)

    # pytest would see the coroutine function behind it.
    del run.__wrapped__
    return run

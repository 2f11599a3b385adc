"""Commands of many callers to services in which each key has one owner, over one long-lived stream to each node.

What is asked for at the same moment travels as one message, on the service's own account; commands say whose they are.
What a message looks like is the business of a StreamCodec; who owns what, that of OwnerRouting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

import grpc

from services.runtime.call_context import current_call, outgoing, outside_call, remaining_seconds
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.principal import PrincipalRef
from services.runtime.rpc.client import DEFAULT_TIMEOUT_SECONDS
from services.runtime.rpc.node_stream import BatchAnswer, NodeStream, Stream, StreamBroken
from services.runtime.rpc.routing import NOT_OWNER, OwnerRouting, OwnerSearch

MESSAGE_COMMANDS = 128
# Messages unanswered at a time for one group. While they are, what else is asked for gathers into the next.
MESSAGES_A_GROUP = 4
# Commands that wait to be sent, of one process.
WAITING_COMMANDS = 16_384
RETRY_AFTER_MS = 100
# The owner is another node, or what became of the message is not known: the very same commands are sent again.
_NOT_HERE = frozenset({NOT_OWNER, "UNAVAILABLE"})

CommandT = TypeVar("CommandT")
AnswerT = TypeVar("AnswerT")
AnswerT_co = TypeVar("AnswerT_co", covariant=True)


class StreamCodec(Protocol[CommandT, AnswerT_co]):
    """How one service's commands travel. Refusals are answers."""

    def open(self, channel: grpc.aio.Channel, metadata: Sequence[tuple[str, str]]) -> Stream:
        """Begins a stream, with this metadata."""
        ...

    def on_behalf_of(self, command: CommandT, principal: PrincipalRef) -> CommandT:
        """The command of a call that is made on somebody's behalf; the same one where commands tell by themselves."""
        ...

    def key_of(self, command: CommandT) -> str:
        """What has an owner."""
        ...

    def group_of(self, command: CommandT) -> Hashable:
        """Commands of one group have one key and may share a message."""
        ...

    def message(self, commands: Sequence[CommandT], batch_id: int, timeout_ms: int, guessed: bool) -> Any:
        """`guessed`: nobody has named the node that it goes to."""
        ...

    def answers(self, commands: Sequence[CommandT], response: Any) -> Sequence[AnswerT_co]:
        """One for each, also where the message was refused as a whole."""
        ...

    def busy(self, retry_after_ms: int) -> AnswerT_co:
        """The refusal for a command that finds no room to wait in."""
        ...


class Unanswered(Retryable):
    """No owner answered in time, or the streams were closed; the command may have had its effect all the same."""


@dataclass(slots=True, eq=False)
class _Asked(Generic[CommandT, AnswerT]):
    """A command and who waits for its answer; `ends` on the clock's monotonic scale."""

    command: CommandT
    answer: asyncio.Future[AnswerT]
    ends: float

    def expire(self) -> None:
        if not self.answer.done():
            self.answer.set_exception(Unanswered())


@dataclass(slots=True, eq=False)
class _Queue(Generic[CommandT, AnswerT]):
    """One group's commands that wait, and how many of its messages are under way."""

    key: str
    group: Hashable
    waiting: dict[_Asked[CommandT, AnswerT], None] = field(default_factory=dict)
    under_way: int = 0
    # A message has begun its way and takes along whatever waits when there is credit for it.
    is_gathering: bool = False

    def take(self) -> list[_Asked[CommandT, AnswerT]]:
        taken = list(islice(self.waiting, MESSAGE_COMMANDS))
        for asked in taken:
            del self.waiting[asked]
        return taken


class OwnerStreams(Generic[CommandT, AnswerT]):
    """One for each service and process. The routing stays the caller's to close."""

    def __init__(self, routing: OwnerRouting, codec: StreamCodec[CommandT, AnswerT], clock: Clock) -> None:
        self._routing = routing
        self._codec = codec
        self._clock = clock
        self._nodes: dict[str, NodeStream] = {}
        self._queues: dict[Hashable, _Queue[CommandT, AnswerT]] = {}
        self._deliveries: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._is_closed = False
        # Streams that ended under messages or without being asked to.
        self.broken = 0

    @property
    def waiting(self) -> int:
        """Commands that are not sent yet: for lack of credit, or because messages of their group are under way."""
        return self._waiting

    async def ask(self, command: CommandT, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> AnswerT:
        """The owner's answer, inside `timeout_seconds` or the current call's deadline. Raises Unanswered.

        Whoever is cancelled meanwhile is forgotten: a command that was not sent yet never is.
        """
        return await self.submit(command, timeout_seconds=timeout_seconds)

    def submit(self, command: CommandT, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> asyncio.Future[AnswerT]:
        """ask() for those who have no task to wait in. Raises Unanswered after close()."""
        if self._is_closed:
            raise Unanswered
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[AnswerT] = loop.create_future()
        if self._waiting >= WAITING_COMMANDS:
            answer.set_result(self._codec.busy(RETRY_AFTER_MS))
            return answer
        call = current_call()
        budget = remaining_seconds(call, self._clock, timeout_seconds)
        if call is not None and call.principal is not None:
            command = self._codec.on_behalf_of(command, call.principal.acts_for)
        queue = self._queue_of(command, budget)
        asked = _Asked(command, answer, self._clock.monotonic() + budget)
        queue.waiting[asked] = None
        self._waiting += 1
        expiry = loop.call_later(budget, asked.expire)
        answer.add_done_callback(partial(self._ended, queue, asked, expiry))
        self._pump(queue)
        return answer

    def _queue_of(self, command: CommandT, budget: float) -> _Queue[CommandT, AnswerT]:
        # A message lives as long as the most patient of its callers, so only those of like patience share one.
        group = (self._codec.group_of(command), int(budget * 1000).bit_length())
        queue = self._queues.get(group)
        if queue is None:
            self._queues[group] = queue = _Queue(self._codec.key_of(command), group)
        return queue

    def _ended(
        self,
        queue: _Queue[CommandT, AnswerT],
        asked: _Asked[CommandT, AnswerT],
        expiry: asyncio.TimerHandle,
        _: asyncio.Future[AnswerT],
    ) -> None:
        expiry.cancel()
        if asked in queue.waiting:
            del queue.waiting[asked]
            self._waiting -= 1

    def _pump(self, queue: _Queue[CommandT, AnswerT]) -> None:
        if queue.waiting and not queue.is_gathering and queue.under_way < MESSAGES_A_GROUP and not self._is_closed:
            queue.is_gathering = True
            queue.under_way += 1
            delivery = asyncio.create_task(self._deliver(queue), context=outside_call())
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._deliveries.discard)

    def _take(self, queue: _Queue[CommandT, AnswerT]) -> list[_Asked[CommandT, AnswerT]]:
        taken = queue.take()
        self._waiting -= len(taken)
        queue.is_gathering = False
        self._pump(queue)
        return _still_wanted(taken)

    async def _deliver(self, queue: _Queue[CommandT, AnswerT]) -> None:
        """One message, from node to node until an owner has answered it."""
        batch: list[_Asked[CommandT, AnswerT]] | None = None
        ends = max((asked.ends for asked in queue.waiting), default=0.0)
        search = self._routing.search(queue.key, ends)
        wait: float | None = 0.0
        try:
            while wait is not None:
                if wait:
                    await self._clock.sleep(wait)
                target = search.target()
                node = self._node(target)
                try:
                    async with asyncio.timeout(search.patience_seconds()):
                        batch_id = await node.admitted()
                        batch = self._take(queue) if batch is None else _still_wanted(batch)
                        if not batch:
                            node.give_back(batch_id)
                            return
                        response = await node.exchange(batch_id, self._message(batch, batch_id, search))
                except (StreamBroken, TimeoutError):
                    wait = search.missed(None)
                else:
                    if response.batch_refused.reason not in _NOT_HERE:
                        search.found()
                        self._answer(batch, response)
                        return
                    wait = search.missed(_hint(response))
                    self._leave_if_idle(target, node)
        finally:
            # No time is left, or these streams are closed.
            _give_up(batch if batch is not None else [asked for asked in queue.waiting if asked.ends <= ends])
            self._delivered(queue, has_taken=batch is not None)

    def _delivered(self, queue: _Queue[CommandT, AnswerT], *, has_taken: bool) -> None:
        queue.under_way -= 1
        if not has_taken:
            queue.is_gathering = False
        self._pump(queue)
        if not queue.under_way and not queue.waiting:
            self._queues.pop(queue.group, None)

    def _message(self, batch: Sequence[_Asked[CommandT, AnswerT]], batch_id: int, search: OwnerSearch) -> Any:
        left = max(asked.ends for asked in batch) - self._clock.monotonic()
        commands = [asked.command for asked in batch]
        return self._codec.message(commands, batch_id, max(1, int(left * 1000)), guessed=not search.was_hinted)

    def _answer(self, batch: Sequence[_Asked[CommandT, AnswerT]], response: Any) -> None:
        answers = self._codec.answers([asked.command for asked in batch], response)
        for asked, answer in zip(batch, answers, strict=True):
            if not asked.answer.done():
                asked.answer.set_result(answer)

    def _node(self, target: str) -> NodeStream:
        """The one stream to a node."""
        channel = self._routing.channel(target)
        node = self._nodes.get(target)
        if node is None:
            node = NodeStream(self._codec.open(channel, outgoing(None)), partial(self._node_ended, target))
            self._nodes[target] = node
        return node

    def _node_ended(self, target: str, node: NodeStream) -> None:
        if self._nodes.get(target) is node:
            del self._nodes[target]
            self.broken += 1

    def _leave_if_idle(self, target: str, node: NodeStream) -> None:
        """What is not had there may be all there was: a node that is stopping waits for the ends of its streams."""
        if node.is_idle and self._nodes.get(target) is node:
            del self._nodes[target]
            node.leave()

    async def close(self) -> None:
        """Ends every stream; whoever waits hears that there is no answer."""
        self._is_closed = True
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        for queue in self._queues.values():
            _give_up(queue.waiting)
        nodes = list(self._nodes.values())
        self._nodes.clear()
        for node in nodes:
            await node.close()


def _still_wanted(batch: Iterable[_Asked[CommandT, AnswerT]]) -> list[_Asked[CommandT, AnswerT]]:
    return [asked for asked in batch if not asked.answer.done()]


def _give_up(batch: Iterable[_Asked[CommandT, AnswerT]]) -> None:
    for asked in batch:
        asked.expire()


def _hint(response: BatchAnswer) -> str | None:
    """As OwnerSearch.missed() wants it."""
    refused = response.batch_refused
    return refused.metadata.get("endpoint", "") if refused.reason == NOT_OWNER else None

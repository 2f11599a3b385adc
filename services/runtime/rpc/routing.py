"""Calls to services in which each key has one owner among several nodes: cache who it was, follow hints, try again.

The server refuses with reason NOT_OWNER and the owner's endpoint; this side repeats the very same request there.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import grpc

from services.runtime.call_context import current_call, remaining_seconds
from services.runtime.clock import Clock
from services.runtime.rpc.client import DEFAULT_TIMEOUT_SECONDS, open_channel
from services.runtime.rpc.errors import RemoteRefusal, refusal_of

FOLLOWS_HINTS_KEY = "x-balcon-follows-hints"
SENT_HERE_KEY = "x-balcon-sent-here"
NOT_OWNER = "NOT_OWNER"

KEYS_CACHED = 100_000
NODES_KEPT = 64
# What is under way on a channel that makes room for another gets so long to end.
LAST_WORD_SECONDS = 10.0
HINTS_IN_A_ROW = 3
FIRST_PAUSE_SECONDS = 0.02
LAST_PAUSE_SECONDS = 0.5
# Nodes that name one another are handing over, which takes moments: whoever waits longer makes the gap.
HANDING_OVER_SECONDS = 0.04
# No node gets all the time there is: one that has been silent for so much of it is asked elsewhere about.
PATIENCE_SHARE = 0.5
LEAST_PATIENCE_SECONDS = 0.5

Answer = TypeVar("Answer")
# Makes the call on a channel, with this timeout and this metadata.
Call = Callable[[grpc.aio.Channel, float, Sequence[tuple[str, str]]], Awaitable[Answer]]

_ASK_AGAIN = {
    # What a server's gRPC says of calls that it has no room to queue; our own cancellation is no AioRpcError.
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}


class OwnerRouting:
    """Channels to the nodes of one service, and who was last seen to own which key.

    `jitter` gives numbers in [0, 1): pauses of many callers must not beat in time.
    """

    def __init__(self, targets: Sequence[str], clock: Clock, jitter: Callable[[], float]) -> None:
        self._targets = list(targets)
        self._clock = clock
        self._jitter = jitter
        self._channels: OrderedDict[str, grpc.aio.Channel] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._turn = 0

    async def call(self, key: str, call: Call[Answer], *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> Answer:
        """Calls the owner of `key`, inside `timeout_seconds` or the current call's deadline, whichever is nearer.

        Repeats the same request while the owner moves or does not answer. Raises the last grpc.aio.AioRpcError.
        """
        budget = remaining_seconds(current_call(), self._clock, timeout_seconds)
        search = self.search(key, self._clock.monotonic() + budget)
        while True:
            target = search.target()
            try:
                answer = await call(self.channel(target), search.patience_seconds(), _metadata(search.was_hinted))
            except grpc.aio.AioRpcError as error:
                refusal = refusal_of(error)
                hint = _hint(refusal)
                if hint is None and error.code() not in _ASK_AGAIN:
                    raise
                wait = search.missed(hint, _asked_for(refusal))
                if wait is None:
                    raise
                if wait:
                    await self._clock.sleep(wait)
            else:
                search.found()
                return answer

    def search(self, key: str, ends: float) -> OwnerSearch:
        """For one request to the owner of `key`, until `ends` on the clock's monotonic scale."""
        return OwnerSearch(self, key, ends, self._clock, self._jitter)

    def owner_of(self, key: str) -> str | None:
        """The node that was last seen to own it."""
        return self._owners.get(key)

    def note(self, key: str, asked: str, hint: str | None) -> bool:
        """Takes a hint over, unless it repeats what was just asked: then the owner is moving and time must pass."""
        if hint and hint != asked:
            self.remember(key, hint)
            return True
        # Another request may know better by now.
        if self._owners.get(key) == asked:
            del self._owners[key]
        return False

    def remember(self, key: str, target: str) -> None:
        """It has answered, or was named."""
        self._owners[key] = target
        self._owners.move_to_end(key)
        if len(self._owners) > KEYS_CACHED:
            self._owners.popitem(last=False)

    def next_target(self) -> str:
        """Any node."""
        self._turn += 1
        return self._targets[self._turn % len(self._targets)]

    def channel(self, target: str) -> grpc.aio.Channel:
        """The one channel to a node."""
        channel = self._channels.get(target)
        if channel is None:
            self._channels[target] = channel = open_channel(target, self._clock, wait_for_ready=False)
            if len(self._channels) > NODES_KEPT:
                _, oldest = self._channels.popitem(last=False)
                closing = asyncio.create_task(oldest.close(LAST_WORD_SECONDS))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
        self._channels.move_to_end(target)
        return channel

    async def close(self) -> None:
        """Closes every channel."""
        for channel in self._channels.values():
            await channel.close()
        await asyncio.gather(*self._closing, return_exceptions=True)


class OwnerSearch:
    """One request on its way to the owner of its key: whom to ask next, for how long, and what to wait before that."""

    def __init__(self, routing: OwnerRouting, key: str, ends: float, clock: Clock, jitter: Callable[[], float]) -> None:
        self._routing = routing
        self._key = key
        self._ends = ends
        self._clock = clock
        self._jitter = jitter
        self._pause = FIRST_PAUSE_SECONDS
        self._hints = 0
        self._target = ""

    @property
    def was_hinted(self) -> bool:
        """Whether another node named the one that is asked next."""
        return self._hints > 0

    def target(self) -> str:
        """The node to ask now."""
        self._target = self._routing.owner_of(self._key) or self._routing.next_target()
        return self._target

    def patience_seconds(self) -> float:
        """How much of the time left one node gets to answer in."""
        left = max(0.001, self._ends - self._clock.monotonic())
        return min(left, max(left * PATIENCE_SHARE, LEAST_PATIENCE_SECONDS))

    def missed(self, hint: str | None, asked_for_seconds: float = 0.0) -> float | None:
        """It was not to be had there. Seconds to wait before another try, None: there is no time for one.

        `hint` is what a NOT_OWNER refusal named, '' for nobody; None: it was something else.
        """
        wait = (self._pause if hint is None else HANDING_OVER_SECONDS) * (0.5 + self._jitter()) + asked_for_seconds
        if self._clock.monotonic() + wait >= self._ends:
            return None
        self._hints = self._hints + 1 if self._routing.note(self._key, self._target, hint) else 0
        # Two nodes that name one another are handing over: time must pass.
        if self._hints % HINTS_IN_A_ROW:
            return 0.0
        if hint is None:
            self._pause = min(self._pause * 2, LAST_PAUSE_SECONDS)
        return wait

    def found(self) -> None:
        """The node asked last has answered as the owner."""
        self._routing.remember(self._key, self._target)


def _metadata(was_hinted: bool) -> Sequence[tuple[str, str]]:
    hints = [(FOLLOWS_HINTS_KEY, "1")]
    return [*hints, (SENT_HERE_KEY, "1")] if was_hinted else hints


def _asked_for(refusal: RemoteRefusal | None) -> float:
    """The wait in seconds that an overloaded node asked for: who comes sooner adds to what it has too much of."""
    if refusal is None or refusal.code is not grpc.StatusCode.RESOURCE_EXHAUSTED:
        return 0.0  # a fault asks for patience with that node; another may be the owner by now
    return (refusal.retry_after_ms or 0) / 1000


def _hint(refusal: RemoteRefusal | None) -> str | None:
    """The endpoint a NOT_OWNER refusal names ('' if none is known); None: it was something else."""
    return refusal.facts.get("endpoint", "") if refusal is not None and refusal.reason == NOT_OWNER else None


def split_targets(targets: str) -> list[str]:
    """Settings name nodes as host:port[,host:port]."""
    return [target.strip() for target in targets.split(",") if target.strip()]

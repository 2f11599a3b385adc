"""Whom OwnerRouting asks, when, and how long one node may be silent. Virtual time; nodes are functions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from services.inventory.domain.refusals import NotOwner
from services.runtime.clock import LoopClock
from services.runtime.errors import Overloaded, Refusal
from services.runtime.rpc.errors import status_of_refusal
from services.runtime.rpc.routing import NODES_KEPT, OwnerRouting
from services.runtime.testing import run_virtual

CLOCK = LoopClock()


def fault(code: grpc.StatusCode) -> grpc.aio.AioRpcError:
    """A call that got no word out of the other side."""
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata())


def refused(refusal: Refusal) -> grpc.aio.AioRpcError:
    """A refusal as a caller meets it."""
    status = rpc_status.to_status(status_of_refusal(refusal))
    trailers = grpc.aio.Metadata(*status.trailing_metadata)
    return grpc.aio.AioRpcError(status.code, grpc.aio.Metadata(), trailers, details=status.details)


class Nodes(OwnerRouting):
    """Routing whose channels are only names, to nodes given as functions of the time that has passed."""

    def __init__(self, **behaviour: Callable[[float], str]) -> None:
        super().__init__(list(behaviour), CLOCK, lambda: 0.5)
        self._behaviour = behaviour
        self.asked: list[str] = []

    def channel(self, target: str) -> Any:
        """The name."""
        return target

    async def ask(self, timeout_seconds: float) -> str:
        """One call; the answer is the name of the node that gave it."""
        return await self.call("perf", self._send, timeout_seconds=timeout_seconds)

    async def _send(self, target: Any, left: float, _: Sequence[tuple[str, str]]) -> str:
        self.asked.append(target)
        says = self._behaviour[target](CLOCK.monotonic())
        if says == "silent":
            await CLOCK.sleep(left)
            raise fault(grpc.StatusCode.DEADLINE_EXCEEDED)
        if says == "shed":
            raise fault(grpc.StatusCode.CANCELLED)
        if says == "gone":
            raise fault(grpc.StatusCode.UNAVAILABLE)
        if says == "overloaded":
            raise refused(Overloaded(300))
        if says != "ok":
            raise refused(NotOwner(says, 3))
        return str(target)


def test_a_silent_owner_does_not_eat_the_whole_deadline() -> None:
    """A stopped process: its lease ends after 6 seconds, and then another node answers."""
    nodes = Nodes(a=lambda now: "ok" if now < 1 else "silent", b=lambda now: "ok" if now > 7 else "a")

    async def scene() -> tuple[str, float]:
        while await nodes.ask(10) != "a":
            pass
        await CLOCK.sleep(1)
        answered_by = await nodes.ask(10)
        return answered_by, CLOCK.monotonic()

    answered_by, at = run_virtual(scene())
    assert answered_by == "b"
    assert 7 <= at <= 10


def test_a_silent_node_that_nobody_replaces_is_told_within_the_deadline() -> None:
    nodes = Nodes(a=lambda _: "silent")

    async def scene() -> float:
        with pytest.raises(grpc.aio.AioRpcError):
            await nodes.ask(4)
        return CLOCK.monotonic()

    assert 3.5 <= run_virtual(scene()) <= 4.0


def test_a_hand_over_is_waited_for_in_small_steps() -> None:
    """While two nodes name one another the new one is asked every few hundredths of a second, however long it takes."""
    nodes = Nodes(a=lambda _: "b", b=lambda now: "ok" if now > 0.8 else "a")

    async def scene() -> float:
        await nodes.ask(10)
        return CLOCK.monotonic()

    assert run_virtual(scene()) <= 0.9


def test_a_node_that_is_gone_is_asked_less_and_less_often() -> None:
    nodes = Nodes(a=lambda now: "ok" if now > 8 else "gone")

    async def scene() -> None:
        await nodes.ask(10)

    run_virtual(scene())
    assert len(nodes.asked) < 25


def test_an_overloaded_node_is_left_alone_for_as_long_as_it_asked() -> None:
    nodes = Nodes(a=lambda now: "ok" if now > 2 else "overloaded")

    async def scene() -> None:
        await nodes.ask(10)

    run_virtual(scene())
    assert len(nodes.asked) <= 8


def test_a_call_that_a_full_node_shed_is_sent_again() -> None:
    nodes = Nodes(a=lambda now: "ok" if now > 0.5 else "shed")

    async def scene() -> str:
        return await nodes.ask(10)

    assert run_virtual(scene()) == "a"


def test_channels_to_nodes_that_come_and_go_are_bounded() -> None:
    """Every rolling update brings new addresses."""
    routing = OwnerRouting([], CLOCK, lambda: 0.5)

    async def scene() -> bool:
        first = routing.channel("127.0.0.1:1")
        for port in range(2, 2 + NODES_KEPT):
            routing.channel(f"127.0.0.1:{port}")
        again = routing.channel("127.0.0.1:1")
        await routing.close()
        return first is again

    assert not asyncio.run(scene())


def test_an_owner_that_another_request_has_learnt_is_not_forgotten_for_the_failure_of_the_old_one() -> None:
    routing = OwnerRouting(["old", "new"], CLOCK, lambda: 0.5)

    async def scene() -> None:
        routing.remember("perf", "old")
        first, second, third = (routing.search("perf", 10.0) for _ in range(3))
        assert {search.target() for search in (first, second, third)} == {"old"}
        assert first.missed("new") == 0.0
        # The second is told the same, the third only that the old one is gone.
        assert second.missed("new") == 0.0
        assert third.missed(None)
        assert [search.target() for search in (first, second, third)] == ["new"] * 3

    run_virtual(scene())

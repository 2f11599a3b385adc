"""The guards of WatchSeats and of forwarding between nodes, each removed by a patch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest

from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.mailbox import HoldWork
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.actors.seat_feed import Delta, SeatFeed, Watcher
from services.inventory.api import forwarding, inventory_servicer
from services.inventory.api.forwarding import OwnerForwarding
from services.inventory.api.watch import _encoded, watch_seats
from services.inventory.domain.refusals import HoldNotFound, NotOwner
from services.runtime.call_context import current_call
from services.runtime.rpc.errors import Refused, refusal_of
from services.runtime.rpc.routing import FOLLOWS_HINTS_KEY, SENT_HERE_KEY


def delta_forgets_a_seat(patch: pytest.MonkeyPatch) -> None:
    """Of several seats that changed, one is not told."""
    flush = SeatFeed.flush

    def forgetful(feed: Any) -> bool:
        if len(feed._changed) > 1:
            feed._changed.discard(max(feed._changed))
        return flush(feed)

    patch.setattr(SeatFeed, "flush", forgetful)


def slow_watcher_not_cut(patch: pytest.MonkeyPatch) -> None:
    """A watcher that is too far behind loses deltas and is left to believe that it has them all."""

    def offer(watcher: Any, delta: Delta) -> bool:
        if not watcher.queue.full():
            watcher.queue.put_nowait(delta)
        return True

    patch.setattr(Watcher, "offer", offer)


def watchers_hear_before_ack(patch: pytest.MonkeyPatch) -> None:
    """What a turn decides is shown before the stores have it; callers still wait for them."""
    decide = PerformanceActor._decide

    def decided_and_shown(actor: Any, works: Sequence[HoldWork]) -> Any:
        decided = decide(actor, works)
        actor.feed.show(range(actor.seat_map.capacity), actor.seat_map.statuses)
        return decided

    patch.setattr(PerformanceActor, "_decide", decided_and_shown)


def watch_outlives_its_owner(patch: pytest.MonkeyPatch) -> None:
    """An owner that ends leaves its watchers waiting."""
    patch.setattr(SeatFeed, "close", lambda _: None)


def snapshot_after_a_pause(patch: pytest.MonkeyPatch) -> None:
    """Between joining the feed and the snapshot there is an await: what comes meanwhile is told twice."""

    async def paused(actor: Any) -> AsyncIterator[Any]:
        watcher = actor.feed.join()
        await actor._clock.sleep(0.2)
        updates = watch_seats(actor)
        try:
            yield await anext(updates)
            while (delta := await watcher.next()) is not None:
                yield _encoded(delta, actor.epoch, actor.performance.plan.plan_version)
        finally:
            actor.feed.leave(watcher)

    patch.setattr(inventory_servicer, "watch_seats", paused)


def superseded_owner_goes_on(patch: pytest.MonkeyPatch) -> None:
    """An owner that is only watched never compares its epoch with the directory's."""

    async def nothing(_host: Any) -> None:
        return

    patch.setattr(PerformanceHost, "_drop_superseded", nothing)


def epoch_of_the_caller_ignored(patch: pytest.MonkeyPatch) -> None:
    """Who has seen a newer epoch is answered out of an older owner's memory."""

    async def nothing(_host: Any, _actor: Any) -> None:
        return

    patch.setattr(PerformanceHost, "_step_down_if_superseded", nothing)


def passed_on_without_end(patch: pytest.MonkeyPatch) -> None:
    """A call that another node has passed on is passed on again."""

    def may_be_passed_on() -> bool:
        call = current_call()
        return call is None or FOLLOWS_HINTS_KEY not in call.metadata

    patch.setattr(forwarding, "_may_be_passed_on", may_be_passed_on)


def epoch_lost_on_the_way(patch: pytest.MonkeyPatch) -> None:
    """The node in between forgets which epoch its caller has seen."""
    watch = OwnerForwarding._watch

    def forgetful(node: Any, method: str, handler: Any) -> Any:
        inner = watch(node, method, handler)

        async def call(request: Any, context: Any) -> AsyncIterator[Any]:
            request.key.epoch = 0
            async for update in inner(request, context):
                yield update

        return call

    patch.setattr(OwnerForwarding, "_watch", forgetful)


def silence_told_as_a_no(patch: pytest.MonkeyPatch) -> None:
    """A call whose answer was lost on the way back ends as if the owner had refused it."""
    abort_alike = forwarding._abort_alike

    async def refuse(error: Any, context: Any) -> Any:
        if refusal_of(error) is None:
            raise Refused(HoldNotFound("unheard"))
        return await abort_alike(error, context)

    patch.setattr(forwarding, "_abort_alike", refuse)


def asked_again_under_a_new_id(patch: pytest.MonkeyPatch) -> None:
    """What the owner may have decided already is decided here under another id."""
    call = OwnerForwarding._call

    def renaming(node: Any, method: str, handler: Any) -> Any:
        inner = handler.unary_unary

        async def renamed(request: Any, context: Any) -> Any:
            if forwarding.was_sent_here() and SENT_HERE_KEY not in dict(context.invocation_metadata()):
                for name in {"hold_id", "order_id"} & set(request.DESCRIPTOR.fields_by_name):
                    setattr(request, name, getattr(request, name) + "_2")
            return await inner(request, context)

        return call(node, method, handler._replace(unary_unary=renamed))

    patch.setattr(OwnerForwarding, "_call", renaming)


def second_owner_in_one_watch(patch: pytest.MonkeyPatch) -> None:
    """A watch that broke at the owner goes on here, as if nothing had been told."""

    def watch(node: Any, method: str, handler: Any) -> Any:
        async def call(request: Any, context: Any) -> AsyncIterator[Any]:
            try:
                async for update in handler.unary_stream(request, context):
                    yield update
            except Refused as refused:
                if not isinstance(refused.refusal, NotOwner) or not forwarding._may_be_passed_on():
                    raise
                remote = node.channel_to(refused.refusal.endpoint).unary_stream(method)
            else:
                return
            try:
                async for update in remote(request.SerializeToString(), metadata=((SENT_HERE_KEY, "1"),)):
                    yield update
                return
            except grpc.aio.AioRpcError as error:
                if not forwarding._is_away(error):
                    await forwarding._abort_alike(error, context)
            forwarding._came_back.set(current_call())
            async for update in handler.unary_stream(request, context):
                yield update

        return call

    patch.setattr(OwnerForwarding, "_watch", watch)


WATCH_MUTANTS = (
    delta_forgets_a_seat,
    slow_watcher_not_cut,
    watchers_hear_before_ack,
    watch_outlives_its_owner,
    snapshot_after_a_pause,
    superseded_owner_goes_on,
    epoch_of_the_caller_ignored,
    passed_on_without_end,
    epoch_lost_on_the_way,
    silence_told_as_a_no,
    asked_again_under_a_new_id,
    second_owner_in_one_watch,
)

"""All the performances that this node owns: brings actors up when asked, watches over them, and hands them over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

from services.inventory.actors.activation import Activation, LeaseLost
from services.inventory.actors.mailbox import lanes_in_turn
from services.inventory.actors.performance_actor import OwnerGone, PerformanceActor
from services.inventory.cluster.placement import pays, preferred, without
from services.inventory.domain.commands import Command
from services.inventory.domain.decisions import Decision
from services.inventory.domain.refusals import NotOwner, PerformanceNotFound, PlanVersionMismatch
from services.inventory.ports import (
    Availability,
    AvailabilityFeed,
    ClaimConflict,
    Fenced,
    Membership,
    Performances,
    StoreUnavailable,
    WritesLost,
)
from services.runtime.call_context import outside_call
from services.runtime.clock import Clock
from services.runtime.errors import Overloaded, Refusal
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import ACTIVATIONS, ACTIVE_PERFORMANCES

_log = get_logger("host")
# Times a command is put to a new activation after its owner was lost under it, all with the same ids.
OWNER_ATTEMPTS = 4
EXPIRY_TICK_SECONDS = 0.2
FEED_TICK_SECONDS = 0.1
RULES_TICK_SECONDS = 1.0
AVAILABILITY_SECONDS = 0.5
BALANCE_TICK_SECONDS = 2.0
# Below this a performance is quiet: its hand-over disturbs nobody.
QUIET_COMMANDS_PER_SECOND = 1.0


Changed = TypeVar("Changed")


class Decided(NamedTuple):
    """One decision per command, and the owner that took them: it may be a newer one than the caller has seen."""

    decisions: Sequence[Decision]
    owner: PerformanceActor


class PerformanceHost:
    """The node's actors by performance."""

    def __init__(
        self,
        membership: Membership,
        performances: Performances,
        activation: Activation,
        feed: AvailabilityFeed,
        clock: Clock,
        *,
        idle_seconds: float = 300.0,
    ) -> None:
        self._membership = membership
        self._performances = performances
        self._activation = activation
        self._feed = feed
        self._clock = clock
        self._rules_came = asyncio.Event()
        self._idle_seconds = idle_seconds
        self._actors: dict[str, PerformanceActor] = {}
        self._runs: dict[PerformanceActor, asyncio.Task[None]] = {}
        self._activating: dict[tuple[str, str], asyncio.Task[PerformanceActor | Refusal]] = {}
        # When, and at which version of its feed, a performance's counts were last told.
        self._told: dict[str, tuple[float, int]] = {}
        self._causes: dict[str, str] = {}
        self._is_draining = False
        # Performances that go over to another plan: nobody brings them up meanwhile.
        self._adopting: dict[str, asyncio.Future[None]] = {}

    @property
    def actors(self) -> Sequence[PerformanceActor]:
        """The actors in memory now."""
        return list(self._actors.values())

    async def execute(
        self,
        house_id: str,
        performance_id: str,
        commands: Sequence[Command],
        *,
        epoch: int = 0,
        deadline: float | None = None,
        was_sent_here: bool = False,
        plan_version: int = 0,
    ) -> Decided | Refusal:
        """The commands decided in their order, or why there is no decision at all.

        `plan_version`: whose indexes they name seats by, 0 where they name none. The owner may have gone over to
        another plan since they were read, and there an index means another seat.

        Raises StoreUnavailable and other Retryable faults: the outcome is unknown, ask again with the same ids.
        """
        fault: Exception | None = None
        for _ in range(OWNER_ATTEMPTS):
            try:
                actor = await self.owner(house_id, performance_id, epoch=epoch, was_sent_here=was_sent_here)
                if isinstance(actor, Refusal):
                    return actor
                if plan_version not in {0, actor.performance.plan.plan_version}:
                    return PlanVersionMismatch(actor.performance.plan.plan_version, plan_version)
                decisions = await _in_lanes(actor, commands, deadline)
                return decisions if isinstance(decisions, Overloaded) else Decided(decisions, actor)
            except (OwnerGone, Fenced, WritesLost, ClaimConflict) as gone:
                fault = gone
        assert fault is not None
        raise fault

    async def owner(
        self, house_id: str, performance_id: str, *, epoch: int = 0, was_sent_here: bool = False
    ) -> PerformanceActor | Refusal:
        """This node's actor for the performance, brought up if need be; NotOwner or PerformanceNotFound otherwise.

        `epoch` is the caller's belief: a higher one than the actor's makes the actor step down first.
        `was_sent_here`: see Activation.take. Raises LeaseLost (nobody can be named), OwnerGone: ask again.
        """
        if self._is_draining:
            return self._somebody_else(performance_id)
        if not self._membership.is_valid():
            self._drop_all("lease_lost")
            raise LeaseLost(performance_id=performance_id)
        actor = self._actors.get(performance_id)
        if actor is not None and actor.is_active and epoch > actor.epoch:
            await self._step_down_if_superseded(actor)
        if actor is None or not actor.is_active:
            brought = await self._bring_up_once(house_id, performance_id, was_sent_here)
            if isinstance(brought, Refusal):
                return brought
            actor = brought
            if epoch > actor.epoch:
                # Another node took over while this one was coming up, and the caller has heard of it already.
                await self._step_down_if_superseded(actor)
            if not actor.is_active:
                # It has ended before its caller could move: a watcher of it would wait for ever.
                raise OwnerGone(performance_id=performance_id)
        if actor.performance.house_id != house_id:
            return PerformanceNotFound(performance_id)
        return actor

    async def _step_down_if_superseded(self, actor: PerformanceActor) -> None:
        """A caller speaks of a newer epoch. Only the directory is believed: callers can send any number."""
        if await self._activation.epoch_of(actor.performance.performance_id) > actor.epoch and actor.is_active:
            self._drop(actor, "superseded")

    def _somebody_else(self, performance_id: str) -> NotOwner:
        """Where a node that is stopping sends its callers."""
        others = without(self._membership.nodes, self._membership.incarnation)
        # Where the others will want it once this node is gone, or it would move twice.
        place = preferred(performance_id, others, self._membership.pins.get(performance_id, ""))
        if place is None:
            raise LeaseLost(performance_id=performance_id)
        return NotOwner(place.endpoint, 0)

    async def _bring_up_once(
        self, house_id: str, performance_id: str, was_sent_here: bool
    ) -> PerformanceActor | Refusal:
        """One activation at a time per performance; whoever of the house comes meanwhile waits for it (INV-8)."""
        key = (house_id, performance_id)
        task = self._activating.get(key)
        if task is None:
            task = asyncio.create_task(self._bring_up(house_id, performance_id, was_sent_here), context=outside_call())
            self._activating[key] = task
            task.add_done_callback(lambda _: self._activating.pop(key, None))
        return await asyncio.shield(task)

    async def _bring_up(self, house_id: str, performance_id: str, was_sent_here: bool) -> PerformanceActor | Refusal:
        while (adopting := self._adopting.get(performance_id)) is not None:
            await asyncio.wait([adopting])
        performance = await self._performances.find(house_id, performance_id)
        if isinstance(performance, Refusal):
            return performance
        ending = self._actors.get(performance_id)
        run = None if ending is None else self._runs.get(ending)
        if run is not None:
            await asyncio.wait([run])
        epoch = await self._activation.take(performance_id, was_sent_here=was_sent_here)
        if isinstance(epoch, NotOwner):
            return epoch
        actor = await self._activation.bring_up(performance, epoch, self._actor_ended)
        if self._is_draining:
            await self._activation.release(performance_id, epoch)
            raise LeaseLost(performance_id=performance_id)
        self._actors[performance_id] = actor
        self._runs[actor] = asyncio.create_task(actor.run(), name=f"actor {performance_id}", context=outside_call())
        cause = self._causes.pop(performance_id, "asked")
        ACTIVATIONS.labels(cause).inc()
        ACTIVE_PERFORMANCES.set(len(self._actors))
        _log.info("performance_activated", performance_id=performance_id, epoch=epoch, cause=cause)
        return actor

    def _actor_ended(self, actor: PerformanceActor, cause: str) -> None:
        performance_id = actor.performance.performance_id
        self._runs.pop(actor, None)
        if self._actors.get(performance_id) is actor:
            del self._actors[performance_id]
            self._told.pop(performance_id, None)
            self._causes[performance_id] = cause
        ACTIVE_PERFORMANCES.set(len(self._actors))

    def _drop(self, actor: PerformanceActor, cause: str) -> None:
        """Forgets an actor and all its memory at once (RULE 9)."""
        run = self._runs.get(actor)
        actor.abandon()
        if run is not None:
            run.cancel()
        self._actor_ended(actor, cause)

    def _drop_all(self, cause: str) -> None:
        for actor in self.actors:
            if actor.is_active:
                self._drop(actor, cause)

    async def hand_over(self) -> None:
        """Graceful stop: decide what waits, release every row, take nothing new. The next owner need not wait."""
        self._is_draining = True
        await asyncio.gather(*(self._retire(actor, "stopping") for actor in self.actors))

    async def let_go(self, performance_id: str) -> bool:
        """Hands one performance over to whoever is asked next; False: this node does not own it."""
        actor = self._actors.get(performance_id)
        if actor is None or not actor.is_active:
            return False
        await self._retire(actor, "moved")
        return True

    async def stop_for_a_change(self, actor: PerformanceActor, change: Callable[[], Awaitable[Changed]]) -> Changed:
        """Lets the actor decide what waits, stops it, and changes its stored state before anybody here brings the
        performance up again. Elsewhere the epoch is the guard. Raises OwnerGone where it did not stop in order.
        """
        performance_id = actor.performance.performance_id
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # With no await since the actor was found active: no activation is under way.
        self._adopting[performance_id] = done
        try:
            run = self._runs.get(actor)
            actor.request_stop()
            if run is not None:
                await asyncio.wait([run])
            # A record's batch of unknown outcome is no matter: its seats count as taken, and the change fences it.
            if actor.ended_by != "stopped":
                raise OwnerGone(performance_id=performance_id)
            return await change()
        finally:
            del self._adopting[performance_id]
            done.set_result(None)

    async def _retire(self, actor: PerformanceActor, cause: str) -> None:
        self._causes[actor.performance.performance_id] = cause
        run = self._runs.get(actor)
        actor.request_stop()
        if run is not None:
            await asyncio.wait([run])
        try:
            await self._activation.release(actor.performance.performance_id, actor.epoch)
        except StoreUnavailable:
            _log.warning("performance_not_released", performance_id=actor.performance.performance_id)

    def load(self) -> float:
        """Commands a second that this node decides, lately."""
        return sum(actor.load for actor in self._actors.values())

    async def keep_balanced(self) -> None:
        """Loop: hands over what belongs elsewhere. Quiet performances at once, busy ones only when it pays."""
        while True:
            await self._clock.sleep(BALANCE_TICK_SECONDS)
            for actor in self.actors:
                actor.measure_load(BALANCE_TICK_SECONDS)
            for actor in self.actors:
                if actor.is_active and self._belongs_elsewhere(actor):
                    await self._retire(actor, "rebalanced")

    def _belongs_elsewhere(self, actor: PerformanceActor) -> bool:
        performance_id = actor.performance.performance_id
        place = self._activation.better_place(performance_id)
        if place is None:
            return False
        told = next((n for n in self._membership.nodes if n.incarnation == self._membership.incarnation), None)
        if (told is not None and told.draining) or self._membership.pins.get(performance_id) == place.endpoint:
            return True
        return actor.load < QUIET_COMMANDS_PER_SECOND or pays(self.load(), place.load, actor.load)

    async def keep_time(self) -> None:
        """Loop: proposes expiries."""
        while True:
            await self._clock.sleep(EXPIRY_TICK_SECONDS)
            for actor in self.actors:
                actor.propose_expiries()

    async def keep_watchers_told(self) -> None:
        """Loop: sends deltas to watchers."""
        while True:
            await self._clock.sleep(FEED_TICK_SECONDS)
            for actor in self.actors:
                actor.flush()

    async def publish_availability(self) -> None:
        """Loop: sends the latest counts to the feed. On its own, because watchers need not wait for a bus."""
        while True:
            await self._clock.sleep(FEED_TICK_SECONDS)
            await self._publish_counts()

    async def _publish_counts(self) -> None:
        now = self._clock.monotonic()
        latest = self._untold(now)
        if not latest:
            return
        await self._feed.publish(latest)
        # Only now: what could not be told is told with the next round.
        for availability in latest:
            self._told[availability.performance_id] = (now, availability.version)

    def _untold(self, now: float) -> list[Availability]:
        latest = []
        for performance_id, actor in self._actors.items():
            told_at, version = self._told.get(performance_id, (float("-inf"), 0))
            if actor.feed.version != version and now - told_at >= AVAILABILITY_SECONDS:
                latest.append(actor.availability(self._clock.now_ms()))
        return latest

    async def _drop_superseded(self) -> None:
        """An owner that is only read from meets no fence: it would show an old map until its next write."""
        try:
            epochs = await self._activation.epochs_of([*self._actors])
        except StoreUnavailable:
            return
        for performance_id, actor in list(self._actors.items()):
            if actor.is_active and epochs.get(performance_id, 0) > actor.epoch:
                self._drop(actor, "superseded")

    def rules_came(self) -> None:
        """Something was heard of performances: whoever opens a sale does not wait for the next look."""
        self._rules_came.set()

    async def take_over_what_is_heard(self) -> None:
        """Loop: takes over changed rules as they come."""
        while True:
            await self._rules_came.wait()
            self._rules_came.clear()
            await self._take_rules_over()

    async def _take_rules_over(self) -> None:
        for performance_id, rules in (await self._performances.rules_of([*self._actors])).items():
            if (actor := self._actors.get(performance_id)) is not None:
                actor.propose_terms(rules)

    async def keep_rules_fresh(self) -> None:
        """Loop: takes over changed rules, drops what has another owner by now, and lets idle performances go."""
        while True:
            await self._clock.sleep(RULES_TICK_SECONDS)
            await self._drop_superseded()
            await self._take_rules_over()
            for actor in list(self._actors.values()):
                if actor.is_idle and self._clock.monotonic() - actor.last_used > self._idle_seconds:
                    await self._retire(actor, "idle")


async def _in_lanes(
    actor: PerformanceActor, commands: Sequence[Command], deadline: float | None
) -> Sequence[Decision] | Overloaded:
    """One lane after the other, so that each command finds what those before it have left."""
    decisions: list[Decision] = []
    for run in lanes_in_turn(commands):
        answer = actor.submit(run, deadline)
        decided = answer if isinstance(answer, Overloaded) else await answer
        if isinstance(decided, Overloaded):
            if not decisions:
                return decided
            return decisions + [decided] * (len(commands) - len(decisions))
        if len(run) == len(commands):
            return decided
        decisions += decided
    return decisions

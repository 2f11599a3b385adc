"""Takes a performance over to another version of its plan: decided by its owner, between the last command and the next.

A plan on sale changes only where nothing is held, sold or blocked.
"""

from __future__ import annotations

from collections.abc import Collection

from services.contracts.plan_changes import PlanInUse, PlanNotNewer
from services.inventory.actors.host import OWNER_ATTEMPTS, PerformanceHost
from services.inventory.actors.performance_actor import OwnerGone, PerformanceActor
from services.inventory.domain.plan_adoption import SeatMoves, decide_adoption
from services.inventory.ports import Fenced, HallPlans, Performance, PlanStore, StoreUnavailable
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.telemetry.logging import get_logger

_log = get_logger("plan_change")
# How long a change whose outcome is unknown is sent again.
PATIENCE_SECONDS = 4.0
RETRY_SECONDS = 0.05


class PlanChanger:
    """Changes plans at their owner."""

    def __init__(self, host: PerformanceHost, halls: HallPlans, plans: PlanStore, clock: Clock) -> None:
        self._host = host
        self._halls = halls
        self._plans = plans
        self._clock = clock

    async def adopt(
        self,
        house_id: str,
        performance_id: str,
        plan_version: int,
        changed: Collection[str],
        *,
        was_sent_here: bool = False,
    ) -> int | Refusal:
        """The version that the performance has now. One that it has already changes nothing.

        Refusals: NotOwner, PerformanceNotFound, SeatingPlanNotFound, PlanNotNewer, PlanInUse. Raises Retryable faults:
        ask again.
        """
        fault: Exception | None = None
        for _ in range(OWNER_ATTEMPTS):
            try:
                actor = await self._host.owner(house_id, performance_id, was_sent_here=was_sent_here)
                if isinstance(actor, Refusal):
                    return actor
                return await self._adopt(actor, plan_version, frozenset(changed))
            except (OwnerGone, Fenced) as gone:
                fault = gone
        assert fault is not None
        raise fault

    async def _adopt(self, actor: PerformanceActor, plan_version: int, changed: frozenset[str]) -> int | Refusal:
        now = actor.performance.plan.plan_version
        if plan_version <= now:
            return now if plan_version == now else PlanNotNewer(now, plan_version)
        after = await self._halls.with_plan(actor.performance, plan_version)
        if isinstance(after, Refusal):
            return after
        # A look before: who cannot change it does not stop it either.
        refused = _decided(actor, after, changed)
        if isinstance(refused, PlanInUse):
            return refused
        if not actor.is_active:
            raise OwnerGone(performance_id=actor.performance.performance_id)
        return await self._host.stop_for_a_change(actor, lambda: self._change(actor, after, changed))

    async def _change(self, actor: PerformanceActor, after: Performance, changed: frozenset[str]) -> int | Refusal:
        """Nothing more is decided by the actor: what it holds in memory is what the stores have."""
        moves = _decided(actor, after, changed)
        if isinstance(moves, PlanInUse):
            return moves
        version = after.plan.plan_version
        started = self._clock.monotonic()
        while True:
            try:
                await self._plans.adopt(actor.performance, actor.epoch, version, moves)
            except StoreUnavailable:
                if self._clock.monotonic() - started > PATIENCE_SECONDS:
                    raise
                await self._clock.sleep(RETRY_SECONDS)
            else:
                _log.info("plan_adopted", performance_id=actor.performance.performance_id, plan_version=version)
                return version


def _decided(actor: PerformanceActor, after: Performance, changed: frozenset[str]) -> SeatMoves | PlanInUse:
    before, plan = actor.performance.plan, after.plan
    return decide_adoption(plan.plan_version, before.seat_ids, plan.index_of, changed, actor.seat_map.statuses)

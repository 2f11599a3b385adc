"""Becoming the owner: take the directory row, raise the fence, load the record, then the holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from services.inventory.actors.performance_actor import OwnerGone, PerformanceActor
from services.inventory.actors.store_clock import StoreClock
from services.inventory.actors.turn_log import TurnLog
from services.inventory.cluster.placement import preferred
from services.inventory.domain.refusals import NotOwner
from services.inventory.domain.restoration import restore
from services.inventory.ports import ClaimStore, Directory, HoldStore, Membership, NodeInfo, Owner, Performance
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.telemetry.logging import get_logger

_log = get_logger("activation")
# Times that another node may be first before the caller is told to ask again.
TAKE_ATTEMPTS = 5


class LeaseLost(Retryable):
    """This node has lost its lease and answers for nothing until it is renewed."""


class OwnershipContended(Retryable):
    """Several nodes want this performance at once; ask again."""


class Activation:
    """Brings a performance up on this node."""

    def __init__(
        self,
        membership: Membership,
        directory: Directory,
        holds: HoldStore,
        claims_of: Callable[[Performance], ClaimStore],
        clock: Clock,
    ) -> None:
        self._membership = membership
        self._directory = directory
        self._holds = holds
        self._claims_of = claims_of
        self._clock = clock

    async def take(self, performance_id: str, *, was_sent_here: bool) -> int | NotOwner:
        """A fresh epoch for this node, or whom to ask instead. Raises LeaseLost, OwnershipContended, StoreUnavailable.

        `was_sent_here`: another node named this one. Then a performance that nobody owns is taken even where placement
        would propose a third node: views differ for moments, and callers must not be sent round in circles.
        """
        for _ in range(TAKE_ATTEMPTS):
            owner = await self._directory.owner_of(performance_id)
            if owner is not None and await self._is_elsewhere(owner):
                return NotOwner(owner.endpoint, owner.epoch)
            if not self._membership.is_valid():
                raise LeaseLost(performance_id=performance_id)
            seen = 0 if owner is None else owner.epoch
            better = None if was_sent_here else self.better_place(performance_id)
            if better is not None:
                return NotOwner(better.endpoint, seen)
            epoch = await self._directory.take(
                performance_id, seen, self._membership.incarnation, self._membership.endpoint
            )
            if epoch is not None:
                return epoch
        raise OwnershipContended(performance_id=performance_id)

    async def _is_elsewhere(self, owner: Owner) -> bool:
        """Whether another live node owns it. An older process at our own endpoint is dead: we have its port now, so
        nobody waits for the end of its lease after a crash, and no call is sent round to ourselves.
        """
        if owner.incarnation in {"", self._membership.incarnation}:
            return False
        if owner.endpoint and owner.endpoint == self._membership.endpoint:
            return False
        return await self._membership.is_alive(owner.incarnation)

    def better_place(self, performance_id: str) -> NodeInfo | None:
        """The other live node that placement proposes for the performance; None: this node will do."""
        pinned_to = self._membership.pins.get(performance_id, "")
        place = preferred(performance_id, self._membership.nodes, pinned_to)
        own = self._membership
        is_here = place is None or place.incarnation == own.incarnation or place.endpoint == own.endpoint != ""
        return None if is_here else place

    async def bring_up(
        self, performance: Performance, epoch: int, on_end: Callable[[PerformanceActor, str], None]
    ) -> PerformanceActor:
        """The actor under `epoch`, state loaded and fence raised.

        Raises Fenced, OwnerGone, StoreUnavailable, WritesLost.
        """
        performance_id = performance.performance_id
        claims = self._claims_of(performance)
        # The record first: whoever could still write to it was shut out when the epoch was taken.
        record = await claims.load(performance_id, epoch)
        if record.plan_version not in {0, performance.plan.plan_version}:
            # The plan was changed after it was read and before the epoch was taken: its indexes mean other seats.
            raise OwnerGone(performance_id=performance_id)
        opened = await self._holds.open(performance_id, epoch)
        # At once: every moment between the reading and this is one that holds would live too long.
        store_clock = StoreClock(self._clock, opened.store_now_ms)
        seat_map, stale = restore(
            len(performance.plan.seat_ids),
            performance.rules,
            record,
            opened.holds,
            performance.plan.layout,
            opened.ended,
        )
        log = TurnLog(performance_id, epoch, self._holds, claims, self._clock)
        stale += opened.unreadable
        if stale:
            _log.info("stale_holds_dropped", performance_id=performance_id, epoch=epoch, holds=len(stale))
            await log.drop_holds(stale)
        return PerformanceActor(performance, epoch, seat_map, log, store_clock, self._clock, on_end)

    async def epochs_of(self, performance_ids: Sequence[str]) -> Mapping[str, int]:
        """The directory's word on the epochs of many performances."""
        return await self._directory.epochs_of(performance_ids)

    async def epoch_of(self, performance_id: str) -> int:
        """The directory's word on the performance's epoch; 0 if it never was owned."""
        owner = await self._directory.owner_of(performance_id)
        return 0 if owner is None else owner.epoch

    async def release(self, performance_id: str, epoch: int) -> None:
        """Gives the performance up."""
        await self._directory.release(performance_id, epoch)

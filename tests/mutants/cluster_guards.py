"""The guards of the inventory, each removed by a patch. A mutant changes the code under test, never the auditor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from services.inventory.actors import activation, turn
from services.inventory.actors.mailbox import HoldWork
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.actors.record_batch import RecordBatch
from services.inventory.actors.turn import hold_writes
from services.inventory.actors.turn_log import TurnLog
from services.inventory.adapters.memory_recorded_seats import RecordedSeats
from services.inventory.adapters.memory_stores import MemoryHoldStore, MemoryRecord
from services.inventory.domain import claiming, decisions, holding
from services.inventory.domain.changes import HoldExpired, RecordChange, apply_to_record
from services.inventory.domain.commands import ExpireHold
from services.inventory.domain.records import Claim, Hold
from services.inventory.domain.refusals import HoldForeign, HoldNotFound
from services.inventory.domain.restoration import restore
from services.inventory.domain.seat_views import HoldingView, RecordView
from services.inventory.ports import Fenced, HoldWrites, OpenedHolds, Owner, WritesLost
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class HoldsOf:
    """How a mutant of the hold store writes, where the real one would have refused."""

    checks_epoch: bool = True
    checks_batch: bool = True

    async def open(self, store: Any, performance_id: str, epoch: int) -> OpenedHolds:
        """MemoryHoldStore.open with or without the compare."""
        kept = store._performances.get(performance_id)
        if kept is not None and not self.checks_epoch and epoch < kept.epoch:
            return OpenedHolds(list(kept.holds.values()), store._clock.now_ms())
        return await _open(store, performance_id, epoch)

    async def append(self, store: Any, performance_id: str, epoch: int, batch: int, writes: HoldWrites) -> None:
        """MemoryHoldStore.append with or without the compares."""
        kept = store._performances.get(performance_id)
        if kept is None:
            await _open(store, performance_id, epoch if not self.checks_batch else 0)
            kept = store._performances[performance_id]
        is_old = epoch < kept.epoch
        if is_old and self.checks_epoch:
            raise Fenced(performance_id=performance_id)
        if is_old or not self.checks_batch:
            batch, epoch = kept.batch + 1, kept.epoch
        await _append(store, performance_id, epoch, batch, writes)


_open, _append = MemoryHoldStore.open, MemoryHoldStore.append
_take, _fenced = MemoryRecord.take, MemoryRecord._fenced


def _holds(patch: pytest.MonkeyPatch, mutant: HoldsOf) -> None:
    # Functions, not bound methods: the store comes first.
    patch.setattr(MemoryHoldStore, "open", lambda store, *args: mutant.open(store, *args))  # noqa: PLW0108
    patch.setattr(MemoryHoldStore, "append", lambda store, *args: mutant.append(store, *args))  # noqa: PLW0108


def no_fence(patch: pytest.MonkeyPatch) -> None:
    """The hold store takes whatever any owner sends."""
    _holds(patch, HoldsOf(checks_epoch=False))


def no_batch_numbers(patch: pytest.MonkeyPatch) -> None:
    """The hold store knows neither SEEN nor GAP."""
    _holds(patch, HoldsOf(checks_batch=False))


def no_epoch_in_the_record(patch: pytest.MonkeyPatch) -> None:
    """The record takes whatever any owner sends; the unique index stands."""

    async def append(
        record: Any, performance_id: str, _epoch: int, _batch: int, changes: Sequence[RecordChange]
    ) -> None:
        kept = record._performances[performance_id]
        seats = kept.seats.copy()
        for change in changes:
            apply_to_record(seats, change)
        kept.seats = seats

    patch.setattr(MemoryRecord, "append", append)
    patch.setattr(MemoryRecord, "_fenced", lambda record, performance_id, _: record._performances[performance_id])


def no_unique_index(patch: pytest.MonkeyPatch) -> None:
    """Neither the epoch nor the unique index: the record is a list."""

    def put_claim(seats: Any, claim: Claim) -> None:
        seats.claims[claim.order_id] = claim

    no_epoch_in_the_record(patch)
    patch.setattr(RecordedSeats, "put_claim", put_claim)


def epoch_without_condition(patch: pytest.MonkeyPatch) -> None:
    """The new epoch is the one that was seen and one more, whoever was first."""

    async def take(record: Any, performance_id: str, seen_epoch: int, incarnation: str, endpoint: str) -> int | None:
        kept = record._performances.get(performance_id)
        if kept is None:
            return await _take(record, performance_id, seen_epoch, incarnation, endpoint)
        kept.owner, kept.batch = Owner(incarnation, endpoint, seen_epoch + 1), 0
        return seen_epoch + 1

    patch.setattr(MemoryRecord, "take", take)


def reply_before_ack(patch: pytest.MonkeyPatch) -> None:
    """Callers hear the decision before the stores have it."""

    async def turn(actor: Any, works: Sequence[HoldWork]) -> None:
        decided, changes, _ = actor._decide(works)
        actor._tell(works, decided, actor.seat_map.take_marked())
        writes, actor._claimed_holds = hold_writes(changes, actor._claimed_holds), []
        if writes.put or writes.ended:
            await actor._log.append_holds(writes)

    patch.setattr(PerformanceActor, "_turn", turn)


def memory_kept_after_a_fault(patch: pytest.MonkeyPatch) -> None:
    """An owner whose batch was refused fails its callers and goes on with what it remembers."""
    until_known = TurnLog._until_known

    async def swallow(log: Any, store: str, send: Any, on_silence: Any) -> None:
        try:
            await until_known(log, store, send, on_silence)
        except (Fenced, WritesLost):
            return

    patch.setattr(TurnLog, "_until_known", swallow)


def claim_of_an_expired_hold(patch: pytest.MonkeyPatch) -> None:
    """A hold that is still in memory can be claimed, whatever its deadline."""

    def living(state: RecordView, hold_id: str, holder_id: str, _now_ms: int) -> Hold | Refusal:
        hold = state.hold(hold_id)
        if hold is None:
            return HoldNotFound(hold_id)
        return hold if hold.holder_id == holder_id else HoldForeign(hold_id)

    patch.setattr(claiming, "living_hold", living)


def timer_decides(patch: pytest.MonkeyPatch) -> None:
    """A proposed expiry is carried out without a look at the stored deadline."""

    def expire(state: HoldingView, command: ExpireHold, _now_ms: int) -> decisions.Decision:
        hold = state.hold(command.hold_id)
        return decisions.Accepted() if hold is None else decisions.Accepted(HoldExpired(hold))

    patch.setattr(holding, "_expire", expire)


def deadlines_ignored(patch: pytest.MonkeyPatch) -> None:
    """What nobody waits for any more is carried out all the same."""
    patch.setattr(PerformanceActor, "_still_wanted", lambda actor, works: works)


def stale_holds_kept(patch: pytest.MonkeyPatch) -> None:
    """Holds that the record overrules stay in the hold store."""
    patch.setattr(activation, "restore", lambda *args: (restore(*args)[0], []))


def ended_holds_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A new owner is not told which holds have ended: a late copy of their command makes them again."""

    async def open_without(store: Any, performance_id: str, epoch: int) -> OpenedHolds:
        return replace(await _open(store, performance_id, epoch), ended=())

    patch.setattr(MemoryHoldStore, "open", open_without)


def holds_before_record(patch: pytest.MonkeyPatch) -> None:
    """The hold is ended first, the claim written second."""

    begin = PerformanceActor._begin_record

    def begun(actor: Any) -> None:
        before = actor._record
        begin(actor)
        if actor._record is not before:
            actor._claimed_holds += actor._record.claimed

    patch.setattr(PerformanceActor, "_begin_record", begun)


def words_out_of_memory(patch: pytest.MonkeyPatch) -> None:
    """Answers that change nothing are told without asking a store whether this still is the owner."""

    append_record = TurnLog.append_record

    async def nothing(_log: Any) -> None:
        return

    async def only_changes(log: Any, changes: Sequence[Any], on_silence: Any) -> None:
        if changes:
            await append_record(log, changes, on_silence)

    patch.setattr(TurnLog, "verify_ownership", nothing)
    patch.setattr(TurnLog, "append_record", only_changes)


def claims_proven_by_the_fence(patch: pytest.MonkeyPatch) -> None:
    """Words about claims are proven by the hold store, whose fence a failover can lose."""
    append_record = TurnLog.append_record

    async def by_the_fence(log: Any, changes: Sequence[Any], on_silence: Any) -> None:
        await (append_record(log, changes, on_silence) if changes else log.verify_ownership())

    patch.setattr(TurnLog, "append_record", by_the_fence)


def holds_on_their_way_into_the_record_are_touched(patch: pytest.MonkeyPatch) -> None:
    """A hold may be released, moved or expire while its claim is being written."""
    patch.setattr(RecordBatch, "conflicts_with", lambda _batch, _command: False)


def nothing_is_reserved_for_the_record(patch: pytest.MonkeyPatch) -> None:
    """Free seats that are being claimed or blocked are sold to others meanwhile."""
    patch.setattr(RecordBatch, "reserve", lambda _batch, _seat_map: None)


def claims_applied_before_the_record_has_them(patch: pytest.MonkeyPatch) -> None:
    """What goes to the record is decided on the map itself: seats are free before their cancellation is recorded."""
    patch.setattr(turn, "Draft", lambda seat_map: seat_map)
    patch.setattr(RecordBatch, "reserve", lambda _batch, _seat_map: None)
    settle = PerformanceActor._settle_record

    def settled(actor: Any) -> None:
        batch = actor._record
        if batch is not None and batch.is_known:
            actor.feed.show(range(actor.seat_map.capacity), actor.seat_map.statuses)
            batch.changes = []
        settle(actor)

    patch.setattr(PerformanceActor, "_settle_record", settled)


CLUSTER_MUTANTS = (
    no_fence,
    no_batch_numbers,
    no_epoch_in_the_record,
    no_unique_index,
    epoch_without_condition,
    reply_before_ack,
    memory_kept_after_a_fault,
    claim_of_an_expired_hold,
    timer_decides,
    deadlines_ignored,
    stale_holds_kept,
    holds_before_record,
    words_out_of_memory,
    claims_proven_by_the_fence,
    holds_on_their_way_into_the_record_are_touched,
    nothing_is_reserved_for_the_record,
    claims_applied_before_the_record_has_them,
)

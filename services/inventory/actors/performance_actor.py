"""One performance, one owner, one turn at a time: decide, append, apply, reply. A turn awaits only the stores.

What needs the record goes there beside the turns, in batches that are applied between two of them: see RecordBatch.
"""

# Turns of holds change the seat map as they decide and tell nobody before the holds' store has them: a failed append
# voids the whole map. A record's batch is decided on a draft: a record that is slow or away costs holds nothing.

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from services.inventory.actors import turn
from services.inventory.actors.expiries import Expiries
from services.inventory.actors.lingering import Lingering
from services.inventory.actors.mailbox import (
    RETRY_AFTER_MS,
    CommandT,
    HoldWork,
    LaneName,
    Mailbox,
    OfOneLane,
    RecordWork,
    Work,
)
from services.inventory.actors.quota_news import QuotaNews
from services.inventory.actors.record_batch import RecordBatch
from services.inventory.actors.seat_feed import SeatFeed
from services.inventory.actors.store_clock import StoreClock
from services.inventory.actors.turn_log import TurnLog
from services.inventory.actors.wait_cap import WaitCap
from services.inventory.domain.changes import HoldChange
from services.inventory.domain.commands import ChangeSaleTerms, ExpireHold
from services.inventory.domain.decisions import Decision
from services.inventory.domain.records import HoldRules
from services.inventory.domain.refusals import DeadlinePassed
from services.inventory.domain.seat_map import SeatMap
from services.inventory.ports import Availability, ClaimConflict, Fenced, Performance, StoreUnavailable, WritesLost
from services.runtime.clock import Clock
from services.runtime.errors import Fatal, Overloaded, Retryable
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import FENCED, MAILBOX_WAIT_SECONDS, TURN_SECONDS

_log = get_logger("performance_actor")
# Commands that may wait for a claim to be known; with a turn's own they stay within one append.
DEFERRED_COMMANDS = 1_024


class OwnerGone(Retryable):
    """This node no longer owns the performance, or has dropped its memory of it; ask again."""


class RecordSilent(Retryable):
    """The record does not answer; ask again with the same ids."""


class TurnBroken(Fatal):
    """The commands broke the turn they were in; nothing of it was told to anybody."""


class PerformanceActor:
    """Owner of one performance under one epoch, from activation until it is told or forced to end."""

    def __init__(
        self,
        performance: Performance,
        epoch: int,
        seat_map: SeatMap,
        log: TurnLog,
        store_clock: StoreClock,
        clock: Clock,
        on_end: Callable[[PerformanceActor, str], None],
    ) -> None:
        self.performance = performance
        self.epoch = epoch
        # As decided, a turn ahead of the stores. What may be told is in the feed.
        self.seat_map = seat_map
        self.feed = SeatFeed(seat_map.statuses)
        self.quota_news = QuotaNews(seat_map, self.feed.statuses, store_clock.now_ms)
        # Commands decided per second, lately.
        self.load = 0.0
        self._decided = 0
        self.last_used = clock.monotonic()
        self._log = log
        self._store_clock = store_clock
        self._clock = clock
        self._on_end = on_end
        self._mailbox = Mailbox()
        self._lingering = Lingering(self._mailbox, clock)
        self._wait_cap = WaitCap(clock.monotonic())
        self._expiries = Expiries(lambda commands: self.submit(commands, None))
        self._ended = False
        self.ended_by = ""  # "stopped": everything was decided, written and told
        self._in_turn: Sequence[HoldWork | RecordWork] = ()
        self._record: RecordBatch | None = None
        self._records_settled = 0
        # Waits for the record batch to be known, because it touches the holds that this one claims.
        self._deferred: list[HoldWork] = []
        self._deferred_by: RecordBatch | None = None
        # Holds that ended in the record and still are in the holds' store.
        self._claimed_holds: list[str] = []
        self._stop_requested = asyncio.Event()
        for hold in seat_map.holds.values():
            self._watch_deadline(hold.hold_until_ms, hold.hold_id)

    @property
    def is_active(self) -> bool:
        """Whether commands may still be submitted."""
        return not self._ended and not self._stop_requested.is_set()

    @property
    def is_idle(self) -> bool:
        """Nothing waits, nobody watches, no hold needs its end watched over."""
        return not (self._has_work() or self._in_turn or self._record or self.feed.has_watchers or self.seat_map.holds)

    @property
    def records_settled(self) -> int | None:
        """Batches that the record has acknowledged to this owner; None while one is under way."""
        return self._records_settled if self._record is None else None

    def submit(
        self, commands: OfOneLane, deadline: float | None
    ) -> asyncio.Future[Sequence[Decision] | Overloaded] | Overloaded:
        """Queues commands of one lane for one turn. The future gets a decision each, after the stores have
        acknowledged (INV-2).

        The future raises OwnerGone or the store's fault when the outcome is not known: ask again with the same ids.
        """
        if not self.is_active:
            raise OwnerGone(performance_id=self.performance.performance_id)
        self.last_used = self._clock.monotonic()
        answer: asyncio.Future[Sequence[Decision] | Overloaded] = asyncio.get_running_loop().create_future()
        refused = self._mailbox.put(commands, answer, deadline, self.last_used)
        return answer if refused is None else refused

    async def run(self) -> None:
        """Turns until the end. Ends by stop(), by cancellation, or by the first fault that voids the memory."""
        cause = "stopped"
        try:
            while not self._may_go():
                await self._lingering.wait()
                self._settle_record()
                self._begin_record()
                self._in_turn = works = self._next_turn()
                if works or self._claimed_holds:
                    await self._turn(works)
                    self._lingering.saw_turn(len(self._in_turn))
                    self._in_turn = ()
                elif not self._could_go_on() and not self._may_go():
                    await self._mailbox.wait()
        except (Fenced, WritesLost, StoreUnavailable, ClaimConflict) as fault:
            cause = type(fault).__name__
            if isinstance(fault, Fenced):
                FENCED.labels("append").inc()
            _log.warning(
                "memory_dropped", performance_id=self.performance.performance_id, epoch=self.epoch, cause=cause
            )
            self._fail_all(fault)
        except asyncio.CancelledError:
            cause = "cancelled"
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, this memory is not to be trusted)
            cause = "broken"
            # Not to be asked again with the same commands: they would break the next activation too.
            self._fail_all(TurnBroken(performance_id=self.performance.performance_id))
            _log.error("actor_broke", performance_id=self.performance.performance_id, epoch=self.epoch, exc_info=error)
        finally:
            self._end(cause)

    def _has_work(self) -> bool:
        waiting = self._mailbox.waiting_for_a_turn + self._mailbox.waiting_for_the_record
        return bool(waiting or self._deferred or self._claimed_holds)

    def _could_go_on(self) -> bool:
        """Whether there is something to take that need not wait for the record."""
        return bool(self._mailbox.waiting_for_a_turn or (self._record is None and self._mailbox.waiting_for_the_record))

    def _may_go(self) -> bool:
        """Whether stop() was asked for and everything is told; nobody waits for a record that is silent."""
        if not self._stop_requested.is_set() or self._has_work():
            return False
        return self._record is None or self._record.is_silent

    def _begin_record(self) -> None:
        """Sends the next batch to the record, if none is under way."""
        if self._record is not None:
            if self._record.is_silent:
                self._fail([*self._record.works, *self._mailbox.drain_for_the_record()], self._record_silent())
            return
        if self._claimed_holds:
            # Out of the holds' store first: a claim cancelled in the record must not leave its hold behind there.
            return
        works = self._still_wanted(self._mailbox.take_for_the_record())
        if not works:
            return
        # Until the batch has them, whatever breaks here is told to them too.
        self._in_turn = works
        now_ms = self._store_clock.now_ms()
        decisions, changes, tally = turn.decide_for_record(self.seat_map, works, now_ms)
        self._decided += sum(tally.values())
        self._record = RecordBatch(works, decisions, changes, on_news=self._mailbox.nudge)
        self._record.reserve(self.seat_map)
        # Not to be told before it is acknowledged.
        self.seat_map.take_marked()
        self._record.start(self._log)

    def _settle_record(self) -> None:
        """Applies and tells what the record has by now."""
        batch = self._record
        if batch is None or not batch.is_known:
            return
        batch.raise_refusal()
        batch.apply_to(self.seat_map)
        self._claimed_holds += batch.claimed
        self._tell(batch.works, batch.decisions, self.seat_map.take_marked())
        self._record = None
        self._records_settled += 1

    def _next_turn(self) -> Sequence[HoldWork]:
        works: list[HoldWork] = []
        if self._deferred and (self._record is None or self._record is not self._deferred_by or self._record.is_silent):
            back, self._deferred = self._deferred, []
            works = [work for work in back if self._is_waited_for(work)]
        works += self._still_wanted(self._mailbox.take())
        batch = self._record
        if batch is None or not batch.claimed or batch.is_silent:
            return works
        return [work for work in works if not self._defer(work, batch)]

    def _defer(self, work: HoldWork, batch: RecordBatch) -> bool:
        """Keeps a single command for when the claim of its hold is known. In a message of many, where others would wait
        with it, and where too many wait already, such a command is sent back instead (see _decide)."""
        if len(work.commands) > 1 or not batch.conflicts_with(work.commands[0]):
            return False
        if isinstance(work.commands[0], ExpireHold) or len(self._deferred) >= DEFERRED_COMMANDS:
            return False
        self._deferred.append(work)
        self._deferred_by = batch
        return True

    def _still_wanted(self, works: Sequence[Work[CommandT]]) -> Sequence[Work[CommandT]]:
        """Drops, before the store sees it, what nobody waits for any more or what has waited too long (RULE 19, 20)."""
        now = self._clock.monotonic()
        longest = self._wait_cap.seconds(now)
        if not self._mailbox.waiting_for_a_turn:
            self._wait_cap.saw_empty(now)
        if works:
            MAILBOX_WAIT_SECONDS.observe(now - min(work.waiting_since for work in works))
        wanted = []
        for work in works:
            if not self._is_waited_for(work):
                continue
            if work.lane is LaneName.HOLDS and now - work.waiting_since > longest:
                work.answer.set_result(Overloaded(RETRY_AFTER_MS))
                continue
            wanted.append(work)
        return wanted

    def _is_waited_for(self, work: Work[Any]) -> bool:
        """Whether its caller still is there and has time left; tells it so if it has none."""
        if work.answer.done():
            return False
        if work.deadline is not None and self._clock.monotonic() >= work.deadline:
            work.answer.set_result([DeadlinePassed()] * len(work.commands))
            return False
        return True

    async def _turn(self, works: Sequence[HoldWork]) -> None:
        started = self._clock.monotonic()
        decisions, changes, tally = self._decide(works)
        marked = self.seat_map.take_marked()
        writes = turn.hold_writes(changes, self._claimed_holds)
        self._claimed_holds = []
        if writes.put or writes.ended:
            await self._log.append_holds(writes)
        elif turn.needs_ownership_check(tally):
            await self._log.verify_ownership()
        for hold in turn.with_new_ends(changes, self.seat_map.holds.values()):
            self._watch_deadline(hold.hold_until_ms, hold.hold_id)
        self._tell(works, decisions, marked)
        took = self._clock.monotonic() - started
        self._wait_cap.saw_turn(took)
        TURN_SECONDS.observe(took)

    def _decide(self, works: Sequence[HoldWork]) -> tuple[list[list[Decision]], list[HoldChange], turn.Tally]:
        batch = self._record
        must_come_back = None if batch is None or not batch.claimed else batch.conflicts_with
        now_ms = self._store_clock.now_ms()
        decisions, changes, tally = turn.decide_holds(self.seat_map, works, now_ms, must_come_back)
        self._decided += sum(tally.values())
        return decisions, changes, tally

    def _tell(
        self, works: Sequence[HoldWork | RecordWork], decisions: Sequence[Sequence[Decision]], marked: Sequence[int]
    ) -> None:
        """What is acknowledged becomes visible, then its callers hear of it."""
        self.feed.show(marked, self.seat_map.statuses)
        for work, decided in zip(works, decisions, strict=True):
            if not work.answer.done():
                work.answer.set_result(decided)

    def _watch_deadline(self, hold_until_ms: int, hold_id: str) -> None:
        self._expiries.watch(hold_until_ms + self.seat_map.rules.grace_ms, hold_id)

    def measure_load(self, seconds: float) -> None:
        """Takes what was decided in the last `seconds` into the load, half and half with what it was."""
        self.load = (self.load + self._decided / seconds) / 2
        self._decided = 0

    def propose_expiries(self) -> None:
        """Puts holds whose time may be over through the mailbox; decide() has the last word (RULE 16)."""
        if self.is_active:
            self._expiries.propose(self._store_clock.now_ms())

    def propose_terms(self, rules: HoldRules) -> None:
        """Puts rules that have changed through the mailbox: no turn is decided by two sets of them."""
        if self.is_active and rules != self.seat_map.rules:
            self.submit([ChangeSaleTerms(rules)], None)

    def request_stop(self) -> None:
        """Takes no more commands; what waits is still decided, then run() returns."""
        self._stop_requested.set()
        self._mailbox.nudge()

    def abandon(self) -> None:
        """Drops everything at once: whoever waits is told that the owner is gone."""
        self._fail_all(OwnerGone(performance_id=self.performance.performance_id))
        self.feed.close()
        self.quota_news.close()

    def flush(self) -> None:
        """Sends watchers what has changed, unless the memory is void."""
        if not self._ended:
            self.feed.flush()
            self.quota_news.flush(self.feed.version)

    def availability(self, observed_at_ms: int) -> Availability:
        """The acknowledged counts as of now."""
        return Availability(
            self.performance.house_id,
            self.performance.performance_id,
            self.epoch,
            self.feed.version,
            self.feed.counts(),
            observed_at_ms,
        )

    def _record_silent(self) -> RecordSilent:
        return RecordSilent(performance_id=self.performance.performance_id)

    def _fail_all(self, fault: BaseException) -> None:
        self._ended = True
        under_way = () if self._record is None else self._record.works
        if self._record is not None:
            self._record.abandon()
        self._fail([*self._in_turn, *self._deferred, *under_way, *self._mailbox.drain()], fault)

    @staticmethod
    def _fail(works: Sequence[HoldWork | RecordWork], fault: BaseException) -> None:
        for work in works:
            if not work.answer.done():
                work.answer.set_exception(fault)
                # Taken note of, also where the caller has gone.
                work.answer.exception()

    def _end(self, cause: str) -> None:
        self._fail_all(OwnerGone(performance_id=self.performance.performance_id))
        self.feed.close()
        self.quota_news.close()
        self.ended_by = cause
        self._on_end(self, cause)

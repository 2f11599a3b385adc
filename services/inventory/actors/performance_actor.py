"""One performance, one owner, one turn at a time: decide, append, apply, reply. A turn awaits only the stores."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence

from services.inventory.actors.mailbox import RETRY_AFTER_MS, Mailbox, Work
from services.inventory.actors.seat_feed import SeatFeed
from services.inventory.actors.store_clock import StoreClock
from services.inventory.actors.turn_log import TurnLog
from services.inventory.actors.wait_cap import WaitCap
from services.inventory.domain.changes import (
    Change,
    HoldExtended,
    HoldMoved,
    RecordChange,
    SeatsBlocked,
    SeatsHeld,
    SeatsUnblocked,
)
from services.inventory.domain.commands import (
    CancelClaim,
    CancelSale,
    ClaimSeats,
    Command,
    ConfirmClaim,
    ExpireHold,
)
from services.inventory.domain.decisions import Accepted, Decision, decide
from services.inventory.domain.refusals import DeadlinePassed, HoldEnded, HoldExpired, HoldNotFound
from services.inventory.domain.seat_map import Draft, SeatMap, apply
from services.inventory.ports import Availability, ClaimConflict, Fenced, Performance, StoreUnavailable, WritesLost
from services.runtime.clock import Clock
from services.runtime.errors import Fatal, Overloaded, Retryable
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import COMMANDS, FENCED, MAILBOX_WAIT_SECONDS, TURN_COMMANDS, TURN_SECONDS

_log = get_logger("performance_actor")
# Holds proposed for expiry at a time.
EXPIRIES_A_TURN = 64


class OwnerGone(Retryable):
    """This node no longer owns the performance, or has dropped its memory of it; ask again."""


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
        self.seat_map = seat_map
        self.feed = SeatFeed(seat_map)
        # Commands decided per second, lately.
        self.load = 0.0
        self._decided = 0
        self.last_used = clock.monotonic()
        self._log = log
        self._store_clock = store_clock
        self._clock = clock
        self._on_end = on_end
        self._mailbox = Mailbox()
        self._wait_cap = WaitCap(clock.monotonic())
        self._deadlines: list[tuple[int, str]] = []
        self._expiry_in_flight = False
        self._ended = False
        self._in_turn: Sequence[Work] = ()
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
        return not self._mailbox and not self._in_turn and not self.feed.has_watchers and not self.seat_map.holds

    def submit(
        self, commands: Sequence[Command], deadline: float | None
    ) -> asyncio.Future[Sequence[Decision] | Overloaded] | Overloaded:
        """Queues commands for one turn. The future gets a decision each, after the stores have acknowledged (INV-2).

        The future raises OwnerGone or the store's fault when the outcome is not known: ask again with the same ids.
        """
        if not self.is_active:
            raise OwnerGone(performance_id=self.performance.performance_id)
        self.last_used = self._clock.monotonic()
        answer: asyncio.Future[Sequence[Decision] | Overloaded] = asyncio.get_running_loop().create_future()
        refused = self._mailbox.put(Work(commands, answer, deadline, self.last_used))
        return answer if refused is None else refused

    async def run(self) -> None:
        """Turns until the end. Ends by stop(), by cancellation, or by the first fault of a store."""
        cause = "stopped"
        try:
            while not await self._stopped_while_empty():
                self._in_turn = self._still_wanted(self._mailbox.take())
                if self._in_turn:
                    await self._turn(self._in_turn)
                self._in_turn = ()
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
        except Exception as error:
            cause = "broken"
            # Not to be asked again with the same commands: they would break the next activation too.
            self._fail_all(TurnBroken(performance_id=self.performance.performance_id))
            _log.error("actor_broke", performance_id=self.performance.performance_id, epoch=self.epoch, exc_info=error)
            raise
        finally:
            self._end(cause)

    async def _stopped_while_empty(self) -> bool:
        """Waits for work or for stop(); True when it is time to go."""
        if len(self._mailbox):
            return False
        if self._stop_requested.is_set():
            return True
        await self._mailbox.wait()
        return not len(self._mailbox) and self._stop_requested.is_set()

    def _still_wanted(self, works: Sequence[Work]) -> Sequence[Work]:
        """Drops, before the store sees it, what nobody waits for any more or what has waited too long (RULE 19, 20)."""
        now = self._clock.monotonic()
        longest = self._wait_cap.seconds(now)
        if not len(self._mailbox):
            self._wait_cap.saw_empty(now)
        wanted = []
        for work in works:
            MAILBOX_WAIT_SECONDS.observe(now - work.waiting_since)
            if work.answer.done():
                continue
            if work.deadline is not None and now >= work.deadline:
                work.answer.set_result([DeadlinePassed()] * len(work.commands))
                continue
            if not work.is_urgent and now - work.waiting_since > longest:
                work.answer.set_result(Overloaded(RETRY_AFTER_MS))
                continue
            wanted.append(work)
        return wanted

    async def _turn(self, works: Sequence[Work]) -> None:
        started = self._clock.monotonic()
        decisions, changes = self._decide(works)
        if changes:
            await self._log.append(changes)
        if _tells_of_claims(works, decisions) and not any(isinstance(change, RecordChange) for change in changes):
            await self._log.affirm_claims()
        elif not changes and _is_acted_upon(works, decisions):
            await self._log.affirm()
        for change in changes:
            self._apply(change)
        for work, decided in zip(works, decisions, strict=True):
            if not work.answer.done():
                work.answer.set_result(decided)
        took = self._clock.monotonic() - started
        self._wait_cap.saw_turn(took)
        TURN_SECONDS.observe(took)
        count = sum(len(work.commands) for work in works)
        self._decided += count
        TURN_COMMANDS.observe(count)

    def _decide(self, works: Sequence[Work]) -> tuple[list[list[Decision]], list[Change]]:
        draft = Draft(self.seat_map)
        now_ms = self._store_clock.now_ms()
        changes: list[Change] = []
        decisions: list[list[Decision]] = []
        outcomes: dict[tuple[str, str], int] = {}
        for work in works:
            decided: list[Decision] = []
            for command in work.commands:
                decision = decide(draft, command, now_ms)
                if isinstance(decision, Accepted):
                    outcome = "accepted"
                    if decision.change is not None:
                        apply(draft, decision.change)
                        changes.append(decision.change)
                else:
                    outcome = decision.reason()
                decided.append(decision)
                counted = (type(command).__name__, outcome)
                outcomes[counted] = outcomes.get(counted, 0) + 1
            decisions.append(decided)
        for (command_name, outcome), count in outcomes.items():
            COMMANDS.labels(command_name, outcome).inc(count)
        return decisions, changes

    def _apply(self, change: Change) -> None:
        apply(self.seat_map, change)
        match change:
            case SeatsHeld(hold) | HoldExtended(hold):
                self.feed.touch(hold.seats)
                self._watch_deadline(hold.hold_until_ms, hold.hold_id)
            case HoldMoved(hold, before):
                self.feed.touch(hold.seats)
                self.feed.touch(before.seats)
            case SeatsBlocked(seats, _) | SeatsUnblocked(seats):
                self.feed.touch(seats)
            case _:
                self.feed.touch(change.claim.seats if hasattr(change, "claim") else change.hold.seats)

    def _watch_deadline(self, hold_until_ms: int, hold_id: str) -> None:
        heapq.heappush(self._deadlines, (hold_until_ms + self.seat_map.rules.grace_ms, hold_id))

    def measure_load(self, seconds: float) -> None:
        """Takes what was decided in the last `seconds` into the load, half and half with what it was."""
        self.load = (self.load + self._decided / seconds) / 2
        self._decided = 0

    def propose_expiries(self) -> None:
        """Puts holds whose time may be over through the mailbox; decide() has the last word (RULE 16)."""
        if self._expiry_in_flight or not self.is_active:
            return
        now_ms = self._store_clock.now_ms()
        due: list[ExpireHold] = []
        while self._deadlines and self._deadlines[0][0] <= now_ms and len(due) < EXPIRIES_A_TURN:
            _, hold_id = heapq.heappop(self._deadlines)
            due.append(ExpireHold(hold_id))
        if not due:
            return
        answer = self.submit(due, None)
        if isinstance(answer, Overloaded):
            for command in due:
                heapq.heappush(self._deadlines, (now_ms, command.hold_id))
            return
        self._expiry_in_flight = True
        answer.add_done_callback(self._expiries_done)

    def _expiries_done(self, answer: asyncio.Future[Sequence[Decision] | Overloaded]) -> None:
        self._expiry_in_flight = False
        if not answer.cancelled():
            answer.exception()  # taken note of: the actor's own end says why

    def request_stop(self) -> None:
        """Takes no more commands; what waits is still decided, then run() returns."""
        self._stop_requested.set()
        self._mailbox.nudge()

    def abandon(self) -> None:
        """Drops everything at once: whoever waits is told that the owner is gone."""
        self._fail_all(OwnerGone(performance_id=self.performance.performance_id))
        self.feed.close()

    def flush(self) -> None:
        """Sends watchers what has changed, unless the memory is void."""
        if not self._ended:
            self.feed.flush()

    def availability(self, observed_at_ms: int) -> Availability:
        """The acknowledged counts as of now."""
        return Availability(
            self.performance.house_id,
            self.performance.performance_id,
            self.epoch,
            self.feed.version,
            tuple(self.seat_map.counts[1:]),
            observed_at_ms,
        )

    def _fail_all(self, fault: BaseException) -> None:
        self._ended = True
        for work in [*self._in_turn, *self._mailbox.drain()]:
            if not work.answer.done():
                work.answer.set_exception(fault)

    def _end(self, cause: str) -> None:
        self._fail_all(OwnerGone(performance_id=self.performance.performance_id))
        self.feed.close()
        self._on_end(self, cause)


def _tells_of_claims(works: Sequence[Work], decisions: Sequence[Sequence[Decision]]) -> bool:
    """Whether an answer says out of memory what became of a claim. Orders end on such words, so the record is asked:
    the holds' fence may have been lost with a failover, and on an old master an old owner passes it (RULE 14).
    """
    return any(
        isinstance(command, ClaimSeats | ConfirmClaim | CancelClaim | CancelSale)
        and not (isinstance(decision, Accepted) and decision.change is not None)
        for work, decided in zip(works, decisions, strict=True)
        for command, decision in zip(work.commands, decided, strict=True)
    )


def _is_acted_upon(works: Sequence[Work], decisions: Sequence[Sequence[Decision]]) -> bool:
    """Whether somebody charges, refunds or gives up because of the answers: a yes, any word on a claim or release,
    or that a hold is no more. Out of memory alone that may be wrong, if a newer owner exists; seats that are not free
    only send their buyer elsewhere.
    """
    return any(
        isinstance(decision, Accepted | HoldNotFound | HoldEnded | HoldExpired) or work.is_urgent
        for work, decided in zip(works, decisions, strict=True)
        for command, decision in zip(work.commands, decided, strict=True)
        if not isinstance(command, ExpireHold)
    )

"""The rules of allotments (R1): seats dealt to offices, reported, returned. A batch of the record decides them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeAlias, assert_never

import msgspec

from services.contracts.instants import instant_text
from services.inventory.domain import allotments as kinds
from services.inventory.domain import seat_state
from services.inventory.domain.allotment_refusals import (
    AllotmentClosed,
    AllotmentExceeded,
    AllotmentNotFound,
    AllotmentTooLarge,
    ForeignAfterPublication,
    PoolExceeded,
    ReturnTimePassed,
    SeatsAllotted,
    SeatsNotAllotted,
    SeatsReportedSold,
    TooManyAllotments,
)
from services.inventory.domain.allotments import (
    ALLOTMENTS_A_PERFORMANCE,
    SEATS_A_STEP,
    SEATS_AN_ALLOTMENT,
    Allotment,
    SeatsAsked,
    Step,
)
from services.inventory.domain.changes import AllotmentStepped
from services.inventory.domain.commands import (
    AllotmentCommand,
    AllotSeats,
    AllottingCommand,
    CloseAllotment,
    ExtendAllotment,
    RecallSeats,
    ReportSold,
    ReturnDue,
    ReturnUnsold,
    ScheduleReturn,
    TakeBackReport,
)
from services.inventory.domain.decisions import NOTHING, Accepted, RecordDecision
from services.inventory.domain.refusals import PerformanceCancelled, SeatsTaken
from services.inventory.domain.seat_views import AllottingView
from services.runtime.errors import UNSET, FieldInvalid, IdempotencyKeyReused, Refusal

# What an allotment takes until it is closed.
_OfOpen: TypeAlias = (
    ExtendAllotment | ReportSold | TakeBackReport | RecallSeats | ReturnUnsold | ScheduleReturn | CloseAllotment
)


def decide_allotting(state: AllottingView, command: AllottingCommand, now_ms: int) -> RecordDecision:
    """The answer to a command of an allotment, at `now_ms` of the store's clock."""
    if isinstance(command, ReturnDue):
        return _return_due(state, command, now_ms)
    known = state.step(command.step_id)
    if known is not None:
        is_copy = (known.asked, known.allotment_id) == (command.asked, command.allotment_id)
        return NOTHING if is_copy else IdempotencyKeyReused("step_id", command.step_id)
    allotment = state.allotment(command.allotment_id)
    if isinstance(command, AllotSeats):
        return _allot(state, command, allotment, now_ms)
    if allotment is None:
        return AllotmentNotFound(command.allotment_id)
    if allotment.closed_at_ms:
        return AllotmentClosed(command.allotment_id, allotment.closed_at_ms)
    return _decide_for(state, command, allotment, now_ms)


def _decide_for(
    state: AllottingView,
    command: _OfOpen,
    allotment: Allotment,
    now_ms: int,
) -> RecordDecision:
    """Of an allotment that is there and not closed."""
    match command:
        case ExtendAllotment():
            if allotment.return_due_at_ms and not allotment.return_pending:
                # Nothing would bring them back any more.
                return ReturnTimePassed(allotment.allotment_id, allotment.return_due_at_ms)
            return _hand_out(state, command, allotment, now_ms)
        case ReportSold():
            return _report(command, allotment, now_ms)
        case TakeBackReport():
            return _take_back(command, allotment, now_ms)
        case RecallSeats():
            return _give_back(command, command.wanted, kinds.RECALLED, allotment, now_ms)
        case ReturnUnsold():
            return _give_back(command, command.wanted, kinds.RETURNED, allotment, now_ms)
        case ScheduleReturn():
            return _schedule(command, allotment, now_ms)
        case CloseAllotment():
            return _give_back(command, None, kinds.CLOSED, allotment, now_ms)
        case _:
            assert_never(command)


def due_step_id(allotment: Allotment) -> str:
    """Of what the due time does, once for each due time. No caller can give such an id: they have no colons."""
    told = f"{allotment.allotment_id}:{allotment.return_due_at_ms}"
    return f"due:{blake2b(told.encode(), digest_size=16).hexdigest()}"


def _allot(state: AllottingView, command: AllotSeats, known: Allotment | None, now_ms: int) -> RecordDecision:
    if known is not None:
        return IdempotencyKeyReused("allotment_id", command.allotment_id)
    if state.allotments_made >= ALLOTMENTS_A_PERFORMANCE:
        return TooManyAllotments(ALLOTMENTS_A_PERFORMANCE)
    due = command.return_due_at_ms
    too_early = _too_early(due, now_ms)
    if too_early is not None:
        return too_early
    allotment = Allotment(
        command.allotment_id,
        command.kind,
        command.office_id,
        command.note,
        created_at_ms=now_ms,
        return_due_at_ms=due,
        return_pending=due > 0,
    )
    return _hand_out(state, command, allotment, now_ms)


def _too_early(due_ms: int, now_ms: int) -> FieldInvalid | None:
    if not due_ms or due_ms > now_ms:
        return None
    return FieldInvalid("return_due_at", f"is {instant_text(due_ms)}", f"after {instant_text(now_ms)}, which is now")


def _schedule(command: ScheduleReturn, allotment: Allotment, now_ms: int) -> RecordDecision:
    due = command.return_due_at_ms
    if not due and allotment.kind == kinds.OFFER:
        return FieldInvalid("return_due_at", UNSET, "an offer ends by itself")
    too_early = _too_early(due, now_ms)
    if too_early is not None:
        return too_early
    after = msgspec.structs.replace(allotment, return_due_at_ms=due, return_pending=due > 0)
    return _stepped(command, kinds.CHANGED, (), after, now_ms, seat_state.ALLOTTED)


def _hand_out(
    state: AllottingView, command: AllotSeats | ExtendAllotment, allotment: Allotment, now_ms: int
) -> RecordDecision:
    rules = state.rules
    if rules.cancelled:
        return PerformanceCancelled()
    if allotment.kind == kinds.FOREIGN and rules.is_published(now_ms) and not command.override_reason:
        return ForeignAfterPublication(rules.published_at_ms)
    seats = _from_the_pool(state, command.wanted)
    if isinstance(seats, Refusal):
        return seats
    if len(seats) > SEATS_A_STEP:
        return FieldInvalid("seats", f"are {len(seats):,}", f"at most {SEATS_A_STEP:,} at once")
    if allotment.size + len(seats) > SEATS_AN_ALLOTMENT:
        return AllotmentTooLarge(allotment.allotment_id, allotment.size + len(seats), SEATS_AN_ALLOTMENT)
    after = msgspec.structs.replace(
        allotment,
        open=_with(allotment.open, seats),
        handed_out=allotment.handed_out + len(seats),
        override_reason=command.override_reason or allotment.override_reason,
    )
    reason = command.override_reason
    return _stepped(command, kinds.HANDED_OUT, seats, after, now_ms, seat_state.ALLOTTED, reason)


def _from_the_pool(state: AllottingView, wanted: SeatsAsked) -> tuple[int, ...] | Refusal:
    """Free seats as they are asked for; R1.4: no seat is in two hands."""
    seats = wanted.seats
    if wanted.count or wanted.only_fit:
        free = tuple(seat for seat in seats if state.status(seat) == seat_state.FREE)
        if len(free) < (wanted.count or 1):
            return PoolExceeded(wanted.count or len(seats), len(free), _pool(state))
        return free[: wanted.count] if wanted.count else free
    if state.are_free(seats):
        return seats
    if len(seats) > _pool(state):
        left = sum(1 for seat in range(state.capacity) if state.status(seat) == seat_state.FREE)
        return PoolExceeded(len(seats), left, _pool(state))
    return _in_other_hands(state, seats)


def _pool(state: AllottingView) -> int:
    """R1.1: capacity = pool + allotments."""
    return state.capacity - sum(allotment.size for allotment in state.all_allotments())


def _in_other_hands(state: AllottingView, seats: Sequence[int]) -> Refusal:
    """Which of them are not free, and which allotments have those that are in one. Only asked to say no."""
    taken = tuple(seat for seat in seats if state.status(seat) != seat_state.FREE)
    allotted = {seat for seat in taken if state.status(seat) in seat_state.HANDED_OUT}
    if not allotted:
        return SeatsTaken(taken)
    having = {seat: each.allotment_id for each in state.all_allotments() for seat in allotted.intersection(each.seats)}
    named = tuple(sorted(having))
    others = tuple(seat for seat in taken if seat not in having)
    return SeatsAllotted(named, tuple(having[seat] for seat in named), others)


def _report(command: ReportSold, allotment: Allotment, now_ms: int) -> RecordDecision:
    seats = _of_it(command.wanted, allotment, allotment.open)
    if isinstance(seats, Refusal):
        return seats
    after = msgspec.structs.replace(allotment, open=_without(allotment.open, seats), sold=_with(allotment.sold, seats))
    return _stepped(command, kinds.SOLD_REPORTED, seats, after, now_ms, seat_state.REPORTED_SOLD)


def _take_back(command: TakeBackReport, allotment: Allotment, now_ms: int) -> RecordDecision:
    seats = _of_it(command.wanted, allotment, allotment.sold)
    if isinstance(seats, Refusal):
        return seats
    after = msgspec.structs.replace(allotment, open=_with(allotment.open, seats), sold=_without(allotment.sold, seats))
    return _stepped(command, kinds.REPORT_TAKEN_BACK, seats, after, now_ms, seat_state.ALLOTTED)


def _give_back(
    command: RecallSeats | ReturnUnsold | CloseAllotment,
    wanted: SeatsAsked | None,
    kind: int,
    allotment: Allotment,
    now_ms: int,
) -> RecordDecision:
    """Open seats go into the pool; what the office sold never does (R1.11)."""
    seats = allotment.open if wanted is None else _of_it(wanted, allotment, allotment.open)
    if isinstance(seats, Refusal):
        return seats
    sold = () if wanted is None or wanted.count else _both(wanted.seats, allotment.sold)
    if sold:
        return SeatsReportedSold(allotment.allotment_id, sold)
    after = _returned(allotment, seats)
    if kind == kinds.CLOSED:
        after = msgspec.structs.replace(after, closed_at_ms=now_ms, return_pending=False)
    return _stepped(command, kind, seats, after, now_ms, seat_state.FREE)


def _return_due(state: AllottingView, command: ReturnDue, now_ms: int) -> RecordDecision:
    allotment = state.allotment(command.allotment_id)
    if allotment is None or not allotment.return_pending or now_ms < allotment.return_due_at_ms:
        return NOTHING
    after = _returned(allotment, allotment.open)
    after = msgspec.structs.replace(after, return_pending=False, version=allotment.version + 1)
    step = Step(
        due_step_id(allotment), allotment.allotment_id, kinds.RETURNED, "", allotment.open, after.version, now_ms
    )
    return Accepted(AllotmentStepped(after, step, seat_state.FREE))


def _returned(allotment: Allotment, seats: Sequence[int]) -> Allotment:
    return msgspec.structs.replace(
        allotment, open=_without(allotment.open, seats), returned=allotment.returned + len(seats)
    )


def _stepped(
    command: AllotmentCommand,
    kind: int,
    seats: tuple[int, ...],
    after: Allotment,
    now_ms: int,
    becomes: int,
    reason: str = "",
) -> RecordDecision:
    """A step is kept also where it changes no seat: a late copy of its command must find it."""
    after = msgspec.structs.replace(after, version=after.version + 1)
    step = Step(
        command.step_id,
        command.allotment_id,
        kind,
        command.asked,
        seats,
        after.version,
        now_ms,
        command.on_behalf_of,
        reason,
    )
    return Accepted(AllotmentStepped(after, step, becomes))


def _of_it(
    wanted: SeatsAsked, allotment: Allotment, among: tuple[int, ...]
) -> tuple[int, ...] | SeatsNotAllotted | AllotmentExceeded:
    """Those of the seats named that are `among` its own; of a number any, for places of a standing area are alike."""
    fit = _both(wanted.seats, among)
    if wanted.count:
        if len(fit) < wanted.count:
            return AllotmentExceeded(allotment.allotment_id, wanted.count, len(fit))
        return fit[: wanted.count]
    own = {*allotment.open, *allotment.sold}
    if own.issuperset(wanted.seats):
        return fit
    return SeatsNotAllotted(allotment.allotment_id, tuple(seat for seat in wanted.seats if seat not in own))


def _both(seats: tuple[int, ...], others: Sequence[int]) -> tuple[int, ...]:
    own = set(others)
    return tuple(seat for seat in seats if seat in own)


def _with(seats: tuple[int, ...], more: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted((*seats, *more)))


def _without(seats: tuple[int, ...], gone: Sequence[int]) -> tuple[int, ...]:
    left = set(gone)
    return tuple(seat for seat in seats if seat not in left)

"""Allotments (R1), rule by rule: what each command does, and every way in which the answer is no."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.inventory.domain import allotments as kinds
from services.inventory.domain import commands as c
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
from services.inventory.domain.allotments import Allotment, SeatsAsked
from services.inventory.domain.decisions import NOTHING, Accepted
from services.inventory.domain.refusals import PerformanceCancelled, SeatsTaken
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_state import ALLOTTED, BLOCKED, FREE, REPORTED_SOLD
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused
from tests.unit.inventory.builders import RULES, done, hold, obey, seat_map

_STEPS = iter(range(1_000_000))


def some(*seats: int, count: int = 0, only_fit: bool = False) -> SeatsAsked:
    return SeatsAsked(tuple(sorted(seats)), only_fit, count)


def step(command: type[Any], allotment_id: str = "a1", *, step_id: str = "", asked: str = "asked", **more: Any) -> Any:
    """A command under an id that no other has, unless one is given."""
    return command(step_id=step_id or f"step_{next(_STEPS)}", asked=asked, allotment_id=allotment_id, **more)


def allot(*seats: int, allotment_id: str = "a1", kind: int = kinds.HARD, **more: Any) -> c.AllotSeats:
    wanted = more.pop("wanted", None) or some(*seats)
    made: c.AllotSeats = step(c.AllotSeats, allotment_id, kind=kind, office_id="office_1", wanted=wanted, **more)
    return made


def of(command: type[Any], *seats: int, allotment_id: str = "a1", **more: Any) -> Any:
    return step(command, allotment_id, wanted=more.pop("wanted", None) or some(*seats), **more)


def found(state: SeatMap, allotment_id: str = "a1") -> Allotment:
    allotment = state.allotment(allotment_id)
    assert allotment is not None
    return allotment


def four_with_two_sold() -> SeatMap:
    return done(seat_map(), allot(0, 1, 2, 3), of(c.ReportSold, 0, 1))


def test_what_is_handed_out_is_not_free_and_is_counted() -> None:
    state = done(seat_map(), allot(0, 1, 2))
    assert [state.status(seat) for seat in range(4)] == [ALLOTTED] * 3 + [FREE]
    assert (found(state).handed_out, found(state).open, found(state).version) == (3, (0, 1, 2), 1)
    assert obey(state, hold("h1", 2, 3)) == SeatsTaken((2,))


def test_what_is_held_or_blocked_cannot_be_handed_out() -> None:
    state = done(seat_map(), hold("h1", 0), c.BlockSeats((1,), "camera"))
    assert obey(state, allot(0, 1, 2)) == SeatsTaken((0, 1))
    assert state.status(2) == FREE


def test_a_seat_in_two_is_refused_with_the_one_that_has_it_and_what_else_is_gone() -> None:
    state = done(seat_map(), allot(0, 1), allot(2, allotment_id="a2"), hold("h1", 4))
    assert obey(state, allot(1, 2, 3, 4, allotment_id="a3")) == SeatsAllotted((1, 2), ("a1", "a2"), (4,))


def test_a_seat_that_is_reported_sold_is_in_its_allotment_still() -> None:
    assert obey(four_with_two_sold(), allot(0, allotment_id="a2")) == SeatsAllotted((0,), ("a1",))


def test_more_than_the_pool_is_refused_with_what_is_left() -> None:
    state = done(seat_map(), allot(0, 1, 2, 3), hold("h1", 9))
    assert obey(state, allot(*range(3, 10), allotment_id="a2")) == PoolExceeded(7, 5, 6)


def test_of_a_number_the_first_free_ones_are_taken() -> None:
    state = done(seat_map(), hold("h1", 1), allot(wanted=some(*range(10), count=3)))
    assert found(state).open == (0, 2, 3)


def test_a_number_that_is_not_there_is_refused_with_what_is_left() -> None:
    state = done(seat_map(), allot(0, 1), hold("h1", 2))
    assert obey(state, allot(allotment_id="a2", wanted=some(*range(5), count=3))) == PoolExceeded(3, 2, 8)


def test_of_a_block_those_that_are_free_are_taken_where_that_is_asked_for() -> None:
    state = done(seat_map(), hold("h1", 1), allot(wanted=some(0, 1, 2, only_fit=True)))
    assert found(state).open == (0, 2)
    assert obey(state, allot(allotment_id="a2", wanted=some(0, 1, only_fit=True))) == PoolExceeded(2, 0, 8)


def test_an_allotment_is_made_once() -> None:
    state = done(seat_map(), allot(0))
    assert obey(state, allot(1)) == IdempotencyKeyReused("allotment_id", "a1")


def test_a_copy_of_a_step_changes_nothing_and_other_content_is_refused() -> None:
    state = done(seat_map(), allot(0, 1))
    command = of(c.RecallSeats, 0, step_id="r1")
    done(state, command, allot(0, allotment_id="a2"))
    before = found(state)
    assert obey(state, command) == NOTHING
    assert obey(state, msgspec.structs.replace(command, asked="other")) == IdempotencyKeyReused("step_id", "r1")
    other = msgspec.structs.replace(command, allotment_id="a2")
    assert obey(state, other) == IdempotencyKeyReused("step_id", "r1")
    assert (found(state), state.status(0)) == (before, ALLOTTED)


def test_a_step_that_finds_nothing_to_do_is_a_step_all_the_same() -> None:
    """Else a late copy of a return would take what a report that was taken back has opened."""
    state = done(seat_map(), allot(0), of(c.ReportSold, 0))
    early = step(c.ReturnUnsold, step_id="day")
    done(state, early, of(c.TakeBackReport, 0))
    assert obey(state, early) == NOTHING
    assert found(state).open == (0,)


def test_a_report_needs_seats_of_the_allotment_and_may_be_repeated() -> None:
    state = four_with_two_sold()
    assert obey(state, of(c.ReportSold, 3, 4)) == SeatsNotAllotted("a1", (4,))
    done(state, of(c.ReportSold, 1, 2))
    assert (found(state).open, found(state).sold) == ((3,), (0, 1, 2))
    assert [state.status(seat) for seat in range(4)] == [REPORTED_SOLD] * 3 + [ALLOTTED]


def test_a_report_by_number_takes_any_open_ones() -> None:
    state = four_with_two_sold()
    assert obey(state, of(c.ReportSold, wanted=some(*range(10), count=3))) == AllotmentExceeded("a1", 3, 2)
    done(state, of(c.ReportSold, wanted=some(*range(10), count=1)))
    assert found(state).sold == (0, 1, 2)


def test_a_report_that_is_taken_back_leaves_the_seat_with_the_office() -> None:
    state = done(four_with_two_sold(), of(c.TakeBackReport, 1, 2))
    assert (found(state).open, found(state).sold) == ((1, 2, 3), (0,))
    assert state.status(1) == ALLOTTED


@pytest.mark.parametrize("kind", [c.RecallSeats, c.ReturnUnsold])
def test_open_seats_go_back_and_what_the_office_sold_never_does(kind: type[Any]) -> None:
    state = four_with_two_sold()
    assert obey(state, of(kind, 1, 2)) == SeatsReportedSold("a1", (1,))
    assert obey(state, of(kind, 2, 9)) == SeatsNotAllotted("a1", (9,))
    done(state, of(kind, 2))
    allotment = found(state)
    assert (allotment.open, allotment.sold, allotment.returned, allotment.handed_out) == ((3,), (0, 1), 1, 4)
    assert state.status(2) == FREE


def test_a_return_of_all_and_a_closing_leave_what_is_reported() -> None:
    for kind in (c.ReturnUnsold, c.CloseAllotment):
        state = done(four_with_two_sold(), step(kind))
        assert (found(state).open, found(state).sold, found(state).returned) == ((), (0, 1), 2)
        assert [state.status(seat) for seat in range(4)] == [REPORTED_SOLD] * 2 + [FREE] * 2


def test_r1_12_what_is_closed_is_final() -> None:
    state = four_with_two_sold()
    done(state, step(c.CloseAllotment), now_ms=7)
    later: list[Any] = [
        of(c.ReportSold, 0),
        of(c.TakeBackReport, 0),
        of(c.RecallSeats, 0),
        step(c.ReturnUnsold),
        of(c.ExtendAllotment, 5),
        step(c.ScheduleReturn, return_due_at_ms=99),
        step(c.CloseAllotment),
    ]
    for command in later:
        assert obey(state, command) == AllotmentClosed("a1", 7)


def test_what_there_is_not_is_said() -> None:
    assert obey(seat_map(), step(c.CloseAllotment)) == AllotmentNotFound("a1")


def test_more_seats_are_put_into_it() -> None:
    state = done(four_with_two_sold(), of(c.ExtendAllotment, 5, 4))
    assert (found(state).open, found(state).handed_out, found(state).version) == ((2, 3, 4, 5), 6, 3)


def test_a_cancelled_performance_hands_out_nothing_and_takes_back_all_the_same() -> None:
    cancelled = msgspec.structs.replace(RULES, on_sale=False, cancelled=True)
    state = seat_map(rules=cancelled)
    assert obey(state, allot(0)) == PerformanceCancelled()
    state = done(seat_map(), allot(0, 1))
    done(state, c.ChangeSaleTerms(cancelled), of(c.RecallSeats, 0))
    assert obey(state, of(c.ExtendAllotment, 0)) == PerformanceCancelled()


def test_r1_11_a_foreign_one_after_publication_needs_a_reason_that_is_kept() -> None:
    state = seat_map(rules=msgspec.structs.replace(RULES, published_at_ms=100))
    done(state, allot(0, kind=kinds.FOREIGN), now_ms=99)
    later = allot(1, kind=kinds.FOREIGN, allotment_id="a2")
    assert obey(state, later, now_ms=100) == ForeignAfterPublication(100)
    assert obey(state, of(c.ExtendAllotment, 1), now_ms=100) == ForeignAfterPublication(100)
    done(state, msgspec.structs.replace(later, override_reason="by telephone"), now_ms=100)
    assert found(state, "a2").override_reason == "by telephone"
    told = state.step(later.step_id)
    assert told is not None
    assert told.reason == "by telephone"
    done(state, allot(2, allotment_id="a3"), now_ms=100)


def test_r1_6_what_is_due_goes_back_when_its_time_has_come_and_once() -> None:
    state = done(seat_map(), allot(0, 1, 2, return_due_at_ms=500), of(c.ReportSold, 0))
    due = c.ReturnDue(allotment_id="a1")
    assert obey(state, due, now_ms=499) == NOTHING
    done(state, due, now_ms=500)
    assert (found(state).open, found(state).sold, found(state).returned) == ((), (0,), 2)
    done(state, of(c.TakeBackReport, 0))
    assert obey(state, due, now_ms=501) == NOTHING
    assert found(state).open == (0,)


def test_r1_7_hard_tickets_have_no_due_time_unless_the_house_sets_one() -> None:
    state = done(seat_map(), allot(0, 1))
    due = c.ReturnDue(allotment_id="a1")
    assert obey(state, due, now_ms=2**50) == NOTHING
    done(state, step(c.ScheduleReturn, return_due_at_ms=600))
    assert obey(state, due, now_ms=599) == NOTHING
    done(state, step(c.ScheduleReturn), now_ms=599)
    assert obey(state, due, now_ms=700) == NOTHING
    done(state, step(c.ScheduleReturn, return_due_at_ms=800), due, now_ms=700)
    assert found(state).open == (0, 1)
    done(state, due, now_ms=800)
    assert found(state).open == ()


def test_each_due_time_does_its_work_once_and_another_one_its_own() -> None:
    state = done(seat_map(), allot(0, return_due_at_ms=500))
    due = c.ReturnDue(allotment_id="a1")
    done(state, due, now_ms=500)
    # Nothing would bring them home any more.
    assert obey(state, of(c.ExtendAllotment, 1), now_ms=600) == ReturnTimePassed("a1", 500)
    done(state, step(c.ScheduleReturn, return_due_at_ms=900), of(c.ExtendAllotment, 1), now_ms=600)
    done(state, due, now_ms=900)
    assert (found(state).returned, found(state).open) == (2, ())
    done(state, step(c.ScheduleReturn), of(c.ExtendAllotment, 2), now_ms=901)
    assert found(state).open == (2,)


def test_a_due_time_that_is_over_and_an_offer_without_one_are_refused() -> None:
    state = done(seat_map(), allot(0, kind=kinds.OFFER, return_due_at_ms=500))
    for refused in (
        obey(state, allot(1, allotment_id="a2", return_due_at_ms=500), now_ms=500),
        obey(state, step(c.ScheduleReturn, return_due_at_ms=100), now_ms=100),
        obey(state, step(c.ScheduleReturn)),
    ):
        assert isinstance(refused, FieldInvalid)
        assert refused.field == "return_due_at"


def test_bounds_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    state = seat_map(6_000)
    too_many = obey(state, allot(*range(5_001)))
    assert isinstance(too_many, FieldInvalid)
    assert (too_many.field, too_many.limit) == ("seats", "at most 5,000 at once")
    monkeypatch.setattr("services.inventory.domain.allotting.SEATS_AN_ALLOTMENT", 2)
    assert obey(state, allot(0, 1, 2)) == AllotmentTooLarge("a1", 3, 2)
    monkeypatch.setattr("services.inventory.domain.allotting.ALLOTMENTS_A_PERFORMANCE", 1)
    done(state, allot(0))
    assert obey(state, allot(1, allotment_id="a2")) == TooManyAllotments(1)


def test_a_blocked_seat_stays_blocked_beside_all_this() -> None:
    state = done(seat_map(), c.BlockSeats((9,), "camera"), allot(0), step(c.CloseAllotment))
    assert (state.status(9), state.status(0)) == (BLOCKED, FREE)
    assert obey(state, c.UnblockSeats((0,))) == NOTHING
    assert isinstance(obey(state, allot(0, allotment_id="a2")), Accepted)


def test_what_offices_have_is_neither_blocked_nor_unblocked() -> None:
    state = done(seat_map(), allot(0))
    assert obey(state, c.BlockSeats((0,), "camera")) == SeatsTaken((0,))
    assert obey(state, c.UnblockSeats((0,))) == SeatsTaken((0,))

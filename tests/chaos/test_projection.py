"""Histories that a broken inventory would leave are found, those of a sound one are not: the judge itself is judged."""

from __future__ import annotations

from services.contracts.reasons import Reason
from services.runtime.clock import SystemClock
from tests.chaos.history import OK, REFUSED, UNKNOWN, FaultRecord, History, Record
from tests.chaos.judgement import Findings, expected_seats, judge_epochs, judge_pairs, judge_seats
from tests.chaos.projection import windows_of

PERFORMANCE = "perf"
SETTLE_SECONDS = 5.0


def told(act: str, at: float, *, outcome: str = OK, lasts: float = 0.5, **facts: object) -> Record:
    """What one client asked at `at` and heard half a second later."""
    seats = facts.pop("seats", (1,))
    values: dict[str, object] = {"hold_until": at + 20.0 if act == "hold" and outcome == OK else 0.0, **facts}
    return Record(
        number=int(at * 10),
        client="b",
        act=act,
        performance=PERFORMANCE,
        seats=seats,  # type: ignore[arg-type]
        first_sent=at,
        sent=at,
        returned=at + lasts,
        attempts=1,
        outcome=outcome,
        **values,  # type: ignore[arg-type]
    )


def wrong(*records: Record, faults: tuple[FaultRecord, ...] = ()) -> list[str]:
    """What the judge finds."""
    history = History(SystemClock())
    history.operations += records
    history.faults += faults
    findings = Findings()
    windows = windows_of(history, SETTLE_SECONDS)
    judge_seats(history, windows, findings)
    judge_epochs(history, windows, findings)
    return findings.wrong


def wrong_together(*records: Record, faults: tuple[FaultRecord, ...] = ()) -> list[str]:
    """What is found in pairs of seats, of which each is fine by itself."""
    assert wrong(*records, faults=faults) == []
    history = History(SystemClock())
    history.operations += records
    history.faults += faults
    findings = Findings()
    judge_pairs(history, windows_of(history, SETTLE_SECONDS), findings)
    assert findings.pairs > 0
    return findings.wrong


def flush(at: float) -> FaultRecord:
    return FaultRecord(kind="flushall", started=at, healed=at, may_lose=True)


def test_a_whole_checkout_is_fine() -> None:
    checkout = [
        told("hold", 1, hold="a"),
        told("look", 2, seen=(2,)),
        told("claim", 3, hold="a", order="o"),
        told("confirm", 4, order="o"),
        told("hold", 5, hold="b", outcome=REFUSED, reason=Reason.SEATS_TAKEN, refused_seats=(1,)),
    ]
    assert wrong(*checkout) == []


def test_a_seat_granted_twice_is_found() -> None:
    assert wrong(told("hold", 1, hold="a"), told("hold", 2, hold="b"))


def test_a_seat_granted_twice_is_explained_by_a_loss_in_between() -> None:
    twice = told("hold", 1, hold="a"), told("hold", 3, hold="b")
    assert wrong(*twice, faults=(flush(2.0),)) == []
    assert wrong(*twice, faults=(flush(4.0),))


def test_a_claimed_seat_granted_again_is_found_whatever_was_lost() -> None:
    claimed = told("hold", 1, hold="a"), told("claim", 2, hold="a", order="o")
    late = told("hold", 20, hold="b")
    assert wrong(*claimed, late, faults=(flush(2.2),))


def test_two_orders_claiming_one_seat_are_found_even_while_holds_are_lost() -> None:
    orders = [
        told("hold", 1, hold="a"),
        told("claim", 2, hold="a", order="o"),
        told("hold", 3, hold="b"),
        told("claim", 4, hold="b", order="p"),
    ]
    assert wrong(*orders, faults=(flush(2.5),))


def test_a_hold_that_ended_before_its_time_is_found() -> None:
    assert wrong(told("hold", 1, hold="a"), told("hold", 15, hold="b"))
    assert wrong(told("hold", 1, hold="a"), told("hold", 21.5, hold="b")) == []


def test_a_cancelled_claim_that_stays_is_found() -> None:
    claimed = told("hold", 1, hold="a"), told("claim", 2, hold="a", order="o"), told("cancel", 3, order="o")
    assert wrong(*claimed, told("look", 4, seen=(3,)))
    assert wrong(*claimed, told("look", 4, seen=(1,))) == []


def test_an_acknowledged_claim_that_is_denied_is_found() -> None:
    claimed = told("hold", 1, hold="a"), told("claim", 2, hold="a", order="o")
    assert wrong(*claimed, told("confirm", 3, order="o", outcome=REFUSED, reason=Reason.CLAIM_NOT_FOUND))


def test_an_unanswered_hold_may_turn_up_later() -> None:
    unanswered = told("hold", 1, hold="a", outcome=UNKNOWN, ttl_seconds=20)
    refused = told("hold", 9, hold="b", outcome=REFUSED, reason=Reason.SEATS_TAKEN, refused_seats=(1,))
    assert wrong(unanswered, refused) == []
    assert wrong(refused)


def test_a_moved_hold_frees_what_it_left_and_keeps_what_it_took() -> None:
    moved = told("hold", 1, hold="a"), told("move", 2, hold="a", before=(1,), seats=(2,))
    assert wrong(*moved, told("hold", 3, hold="b")) == []
    assert wrong(*moved, told("hold", 3, hold="b", seats=(2,)))


def test_a_map_that_shows_half_of_a_hold_is_found() -> None:
    """While the hold is under way either seat may be free or held, but not one of each."""
    both = (1, 2)
    holding = told("hold", 1, hold="a", seats=both, lasts=3)
    for seen in ((1, 1), (2, 2)):
        assert wrong_together(holding, told("look", 2, seats=both, seen=seen)) == []
    for seen in ((1, 2), (2, 1)):
        assert wrong_together(holding, told("look", 2, seats=both, seen=seen))


def test_half_of_a_hold_that_nobody_answered_is_found() -> None:
    unanswered = told("hold", 1, hold="a", seats=(1, 2), outcome=UNKNOWN, ttl_seconds=20)
    assert wrong_together(unanswered, told("look", 3, seats=(1, 2), seen=(2, 1)))
    assert wrong_together(unanswered, told("look", 3, seats=(1, 2), seen=(2, 2))) == []


def test_half_of_a_hold_that_ends_or_is_released_is_found() -> None:
    held = told("hold", 1, hold="a", seats=(1, 2))
    released = told("release", 3, hold="a", seats=(1, 2), lasts=3)
    assert wrong_together(held, released, told("look", 4, seats=(1, 2), seen=(1, 2)))
    assert wrong_together(held, told("look", 25, seats=(1, 2), seen=(1, 2)))
    assert wrong_together(held, told("look", 25, seats=(1, 2), seen=(1, 1))) == []


def test_of_two_holds_one_may_be_lost() -> None:
    two = told("hold", 1, hold="a", seats=(1,)), told("hold", 2, hold="b", seats=(2,))
    wanted = told("hold", 0.1, hold="c", seats=(1, 2), outcome=REFUSED, reason=Reason.HOLDER_LIMIT)
    look = told("look", 12, seats=(1, 2), seen=(1, 2))
    assert wrong_together(*two, wanted, look, faults=(flush(4.0),)) == []


def test_an_epoch_that_goes_back_is_found() -> None:
    forth = told("hold", 1, hold="a", epoch=4)
    assert wrong(forth, told("release", 2, hold="a", epoch=3))
    assert wrong(forth, told("release", 2, hold="a", epoch=4)) == []


def test_seats_that_an_office_gets_reports_and_gives_back_are_fine() -> None:
    dealt = [
        told("allot", 1, seats=(1, 2), allotment="a"),
        told("look", 2, seats=(1, 2), seen=(7, 7)),
        told("hold", 3, hold="h", outcome=REFUSED, reason=Reason.SEATS_TAKEN, refused_seats=(1,)),
        told("report", 4, allotment="a"),
        told("give_back", 5, seats=(2,), allotment="a"),
        told("look", 6, seats=(1, 2), seen=(8, 1)),
        told("hold", 7, seats=(2,), hold="h"),
    ]
    assert wrong(*dealt) == []


def test_a_seat_in_two_hands_is_found() -> None:
    assert wrong(told("allot", 1, allotment="a"), told("hold", 2, hold="h"))
    assert wrong(told("allot", 1, allotment="a"), told("allot", 2, allotment="b"))
    assert wrong(told("hold", 1, hold="h"), told("allot", 2, allotment="a"))


def test_a_reported_seat_that_goes_back_is_found() -> None:
    reported = [told("allot", 1, allotment="a"), told("report", 2, allotment="a")]
    assert wrong(*reported, told("give_back", 3, allotment="a"))
    assert wrong(*reported, told("look", 3, seen=(1,)))
    assert wrong(*reported, told("hold", 3, hold="h"))


def test_a_seat_on_its_way_to_an_office_is_gone_for_others_before_a_map_shows_it() -> None:
    slow = told("allot", 1, lasts=5, allotment="a")
    gone = told("hold", 2, hold="h", outcome=REFUSED, reason=Reason.SEATS_TAKEN, refused_seats=(1,))
    assert wrong(slow, gone, told("look", 3, seen=(1,))) == []
    assert wrong(slow, told("look", 2, seen=(7,)), told("look", 3, seen=(1,)))


def test_seats_of_an_allotment_in_the_record_are_those_that_were_told() -> None:
    steps = [told("allot", 1, seats=(1, 2, 3), allotment="a"), told("report", 2, seats=(1,), allotment="a")]
    assert expected_seats(steps) == {1: True, 2: False, 3: False}
    assert expected_seats([*steps, told("give_back", 3, seats=(2, 3), allotment="a")]) == {1: True}
    assert expected_seats([*steps, told("give_back", 3, seats=(2,), outcome=UNKNOWN, allotment="a")]) is None

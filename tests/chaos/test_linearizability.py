"""The checker itself: histories known to be good or bad, and every small history against trying all orders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chaos import seat_model as seat
from tests.chaos.linearizability import NEVER, Operation, check
from tests.chaos.seat_model import FREE, Seat, Step

History = Sequence[Operation[Seat]]


def op(
    step: Step, invoked: float, returned: float, *, certain: bool = True, repeats: bool = False, name: str = ""
) -> Operation[Seat]:
    """An operation on the seat."""
    return Operation(name, invoked, returned, step, certain, repeats)


def unknown(step: Step, invoked: float) -> Operation[Seat]:
    """One whose answer never came."""
    return op(step, invoked, NEVER, certain=False)


def is_linearizable(*operations: Operation[Seat]) -> bool:
    return check(operations, FREE).is_linearizable


def test_holding_claiming_and_paying_in_turn_is_fine() -> None:
    assert is_linearizable(
        op(seat.held("a"), 0, 1),
        op(seat.claimed("o", "a"), 2, 3),
        op(seat.sold("o"), 4, 5),
        op(seat.seen("sold"), 6, 7),
    )


def test_two_holds_of_one_seat_one_after_the_other_are_found() -> None:
    verdict = check([op(seat.held("a"), 0, 1), op(seat.held("b"), 2, 3, name="second")], FREE)
    assert verdict.fault is not None
    assert verdict.fault.name == "second"
    assert list(verdict.states) == [Seat("held", "a")]


def test_two_holds_are_fine_with_a_release_in_between() -> None:
    assert is_linearizable(op(seat.held("a"), 0, 1), op(seat.left("a"), 2, 3), op(seat.held("b"), 4, 5))


def test_of_overlapping_operations_any_order_will_do() -> None:
    assert is_linearizable(op(seat.held("a"), 0, 1), op(seat.held("b"), 2, 9), op(seat.left("a"), 3, 8))


def test_an_answer_from_the_past_is_found() -> None:
    assert not is_linearizable(op(seat.held("a"), 0, 1), op(seat.taken_from("b"), 2, 3), op(seat.seen("free"), 4, 5))


def test_an_unanswered_hold_explains_a_taken_seat_or_a_free_one() -> None:
    assert is_linearizable(unknown(seat.held("a"), 0), op(seat.taken_from("b"), 2, 3))
    assert is_linearizable(unknown(seat.held("a"), 0), op(seat.held("b"), 2, 3))


def test_an_unanswered_hold_takes_effect_once() -> None:
    history = [
        unknown(seat.held("a"), 0),
        op(seat.seen("held"), 1, 2),
        op(seat.left("a"), 3, 4),
        op(seat.seen("held"), 5, 6),
    ]
    assert not is_linearizable(*history)


def test_an_unanswered_operation_has_no_effect_before_it_was_sent() -> None:
    assert not is_linearizable(op(seat.seen("held"), 0, 1), unknown(seat.held("a"), 2))


def test_a_hold_may_vanish_while_the_store_forgets_and_not_before_or_after() -> None:
    loss = op(seat.lost, 10, 20, certain=False, repeats=True, name="FLUSHALL")
    assert is_linearizable(op(seat.held("a"), 0, 1), loss, op(seat.held("b"), 12, 13))
    assert is_linearizable(op(seat.held("a"), 0, 1), loss, op(seat.held("b"), 12, 13), op(seat.held("c"), 14, 15))
    assert is_linearizable(op(seat.held("a"), 0, 1), loss, op(seat.held("b"), 30, 31))
    assert not is_linearizable(op(seat.held("a"), 0, 1), loss, op(seat.held("b"), 8, 9))
    assert not is_linearizable(loss, op(seat.held("a"), 21, 22), op(seat.held("b"), 23, 24))


def test_a_claim_never_vanishes_even_when_the_store_forgets() -> None:
    loss = op(seat.lost, 10, 20, certain=False, repeats=True)
    history = [op(seat.held("a"), 0, 1), op(seat.claimed("o", "a"), 2, 3), loss]
    assert is_linearizable(*history, op(seat.taken_from("b"), 12, 13))
    assert not is_linearizable(*history, op(seat.held("b"), 12, 13))


def test_a_claim_of_a_hold_that_is_gone_is_found() -> None:
    assert not is_linearizable(op(seat.held("a"), 0, 1), op(seat.left("a"), 2, 3), op(seat.claimed("o", "a"), 4, 5))


def test_a_cancellation_that_did_nothing_is_found() -> None:
    history = [op(seat.held("a"), 0, 1), op(seat.claimed("o", "a"), 2, 3), op(seat.cancelled("o"), 4, 5)]
    assert not is_linearizable(*history, op(seat.seen("claimed"), 6, 7))


def test_many_unanswered_operations_do_not_slow_the_search_down() -> None:
    strangers = [unknown(seat.held(f"u{number}"), number) for number in range(60)]
    known = [op(seat.seen("free" if number % 2 else "held"), 100 + number, 100.5 + number) for number in range(1)]
    assert is_linearizable(*strangers, *known)


STEPS: Sequence[tuple[str, Step]] = [
    ("held a", seat.held("a")),
    ("held b", seat.held("b")),
    ("left a", seat.left("a")),
    ("taken", seat.taken_from("b")),
    ("claimed", seat.claimed("o", "a")),
    ("sold", seat.sold("o")),
    ("cancelled", seat.cancelled("o")),
    ("seen free", seat.seen("free")),
    ("lost", seat.lost),
]


@st.composite
def small_histories(draw: st.DrawFn) -> list[Operation[Seat]]:
    """Up to six operations at distinct times, some of them uncertain."""
    count = draw(st.integers(1, 6))
    times = draw(st.permutations(range(2 * count)))
    history = []
    for number in range(count):
        name, step = draw(st.sampled_from(STEPS))
        first, last = sorted(times[2 * number : 2 * number + 2])
        certain = draw(st.integers(0, 3)) > 0
        returned = NEVER if not certain and draw(st.booleans()) else float(last)
        history.append(op(step, first, returned, certain=certain, name=name))
    return history


def by_trying_all(history: History) -> bool:
    """The definition: some choice of the uncertain ones, in some order that keeps to real time, explains everything."""
    certain = [operation for operation in history if operation.certain]
    doubtful = [operation for operation in history if not operation.certain]
    chosen = (some for size in range(len(doubtful) + 1) for some in combinations(doubtful, size))
    return any(_explains(order) for some in chosen for order in permutations([*certain, *some]))


def _explains(order: Sequence[Operation[Seat]]) -> bool:
    state = FREE
    latest_start = float("-inf")
    for operation in order:
        latest_start = max(latest_start, operation.invoked)
        after = operation.step(state)
        if after is None or operation.returned < latest_start:
            return False
        state = after
    return True


@settings(max_examples=400, deadline=None)
@given(small_histories())
def test_the_checker_agrees_with_trying_all_orders(history: list[Operation[Seat]]) -> None:
    assert check(history, FREE).is_linearizable == by_trying_all(history)

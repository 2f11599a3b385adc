"""A plan on sale changes only where nothing is held, sold or blocked; the answer names what stands in the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.plan_changes import PlanInUse
from services.inventory.domain.plan_adoption import GONE, SeatMoves, decide_adoption
from services.inventory.domain.seat_state import BLOCKED, CLAIMED, FREE, HELD, SOLD, STATES
from services.runtime.rpc.errors import status_of_refusal

OLD = ["a", "b", "c", "d"]


def decided(new: str, statuses: dict[str, int] | None = None, changed: str = "") -> SeatMoves | PlanInUse:
    """`new`: the new plan's seats, one letter each."""
    index_of = {seat_id: index for index, seat_id in enumerate(new)}
    return decide_adoption(2, OLD, index_of, set(changed), [(statuses or {}).get(seat_id, FREE) for seat_id in OLD])


def test_seats_that_stay_are_found_under_their_new_index() -> None:
    assert decided("xdba") == SeatMoves((3, 2, GONE, 1))


def test_what_is_taken_of_seats_that_are_gone_or_changed_is_named_by_its_state() -> None:
    refused = decided("b", {"a": SOLD, "b": CLAIMED, "c": BLOCKED, "d": HELD}, changed="b")
    assert refused == PlanInUse(2, held=("d",), claimed=("b",), sold=("a",), blocked=("c",))


def test_what_is_sold_claimed_or_blocked_may_move_and_what_is_held_may_not() -> None:
    assert isinstance(decided("xabcd", {"a": SOLD, "b": CLAIMED, "c": BLOCKED}), SeatMoves)
    refused = decided("xabcd", {"a": SOLD, "d": HELD})
    assert refused == PlanInUse(2, held=("d",), claimed=(), sold=(), blocked=())
    assert isinstance(decided("abcdx", {"d": HELD}), SeatMoves)


def test_the_answer_tells_the_total_and_as_many_as_it_has_room_for() -> None:
    many = tuple(f"seat-{number:05}" for number in range(20_000))
    refused = PlanInUse(2, held=(), claimed=(), sold=many, blocked=("x",))
    assert "20,000 sold (seat-00000, seat-00001, seat-00002 and 19,997 more); 1 blocked (x)" in refused.message()
    assert status_of_refusal(refused).ByteSize() < 8_192


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.sets(st.sampled_from("abcdefgh")),
    st.data(),
)
def test_whatever_is_allowed_leaves_every_taken_seat_the_seat_that_it_was(
    old: list[str], new: list[str], changed: set[str], data: st.DataObject
) -> None:
    statuses = [data.draw(st.sampled_from(STATES)) for _ in old]
    index_of = {seat_id: index for index, seat_id in enumerate(new)}
    answer = decide_adoption(2, old, index_of, changed, statuses)
    if isinstance(answer, PlanInUse):
        named = {*answer.held, *answer.claimed, *answer.sold, *answer.blocked}
        assert named <= {seat_id for seat_id, status in zip(old, statuses, strict=True) if status != FREE}
        return
    for index, (seat_id, status, moved) in enumerate(zip(old, statuses, answer.new_index, strict=True)):
        if status != FREE:
            assert new[moved] == seat_id
            assert seat_id not in changed
        if status == HELD:
            assert moved == index
        assert moved == GONE or new[moved] == seat_id

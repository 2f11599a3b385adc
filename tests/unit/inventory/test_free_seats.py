"""What is told of free seats is what counting them anew would tell, on the seat map and on drafts of it."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.inventory.domain.free_seats import FreeDraft, FreeView
from services.inventory.domain.orphans import clean_windows, windows
from services.inventory.domain.seat_layout import bits
from services.inventory.domain.seat_state import FREE, HELD
from tests.unit.inventory.halls import Hall, hall, halls, row

MARKS = st.lists(st.tuples(st.integers(0, 1_000), st.booleans()), max_size=12)

# The machine may be busy; how long an example takes is no claim of these tests.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(view: FreeView, statuses: bytearray, *, exact: bool) -> None:
    """`exact`: no run too many is named."""
    layout = view.layout
    for number, run in enumerate(layout.runs):
        expected = sum((statuses[seat] == FREE) << bit for bit, seat in enumerate(run.seats))
        assert view.mask(number) == expected
    for size in range(1, 11):
        room = {n for n, run in enumerate(layout.runs) if windows(view.mask(n) & run.regular, size)}
        named = set(bits(view.with_room(size)))
        assert named >= room
        clean = set()
        for n, run in enumerate(layout.runs):
            if clean_windows(run, view.mask(n), view.mask(n) & run.regular, size):
                clean.add(n)
        named_clean = set(bits(view.with_clean_room(size)))
        assert named_clean >= clean
        if exact:
            assert (named, named_clean) == (room, clean)
    assert view.regular == sum((view.mask(n) & run.regular).bit_count() for n, run in enumerate(layout.runs))


@PATIENT
@given(halls(), st.lists(MARKS, max_size=4), MARKS, MARKS)
def test_masks_room_and_count_stay_true(
    a_hall: Hall, marks: list[list[tuple[int, bool]]], drafted: list[tuple[int, bool]], again: list[tuple[int, bool]]
) -> None:
    free = a_hall.free_seats()
    statuses = bytearray(FREE if seat in a_hall.free else HELD for seat in range(len(a_hall.places)))
    for some in [[], *marks]:
        for number, becomes_free in some:
            seat = number % len(a_hall.places)
            statuses[seat] = FREE if becomes_free else HELD
            free.mark([seat], free=becomes_free)
        check(free, statuses, exact=True)
    view: FreeView = free
    for some in (drafted, again):
        draft = FreeDraft(view)
        for number, becomes_free in some:
            seat = number % len(a_hall.places)
            statuses[seat] = FREE if becomes_free else HELD
            draft.mark([seat], free=becomes_free)
        check(draft, statuses, exact=False)
        view = draft


def test_a_draft_leaves_what_it_stands_on_alone() -> None:
    small = hall(row("aaa"), row("aa", name="2"))
    free = small.free_seats()
    FreeDraft(free).mark([0, 1], free=False)
    check(free, bytearray([FREE] * 5), exact=True)

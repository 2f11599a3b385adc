"""Best available in halls with quotas (R4, R5.1): it finds what the channel may sell, and offers what would work."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.quotas import cap_of
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.records import QuotaTerms
from services.inventory.domain.refusals import QuotaReached, SeatsNotTogether
from services.inventory.domain.seat_map import SeatMap
from tests.unit.inventory.builders import obey
from tests.unit.inventory.halls import GROUPS, RULES, Hall, best, hall, halls, row, standing
from tests.unit.inventory.quota_terms import quota

# Nearest to the focal point: A before B.
STALLS = [*row("aaaa", name="A"), *row("aaaa", name="B", y=12)]
CIRCLE = row("bbbb", name="C", zone="Circle", y=30)


def with_quotas(place: Hall, *quotas: QuotaTerms) -> SeatMap:
    return place.seat_map(msgspec.structs.replace(RULES, quotas=quotas))


def seats(decision: Decision) -> tuple[int, ...]:
    assert isinstance(decision, Accepted), decision
    assert decision.hold is not None
    return decision.hold.seats


def test_seats_of_a_quota_that_is_used_up_are_left_alone() -> None:
    state = with_quotas(hall(STALLS, CIRCLE), quota(8, zones=("Z",), online_presale=25))
    assert seats(obey(state, best("h1", SeatGroup(2)))) == (0, 1)
    assert seats(obey(state, best("h2", SeatGroup(2)))) == (8, 9)


def test_a_quota_with_room_for_less_than_the_group_is_left_alone_too() -> None:
    state = with_quotas(hall(STALLS, CIRCLE), quota(8, zones=("Z",), online_presale=25))
    assert seats(obey(state, best("h1", SeatGroup(3)))) in {(8, 9, 10), (9, 10, 11)}


def test_a_group_that_may_be_split_takes_what_is_left_of_a_quota_and_the_rest_elsewhere() -> None:
    state = with_quotas(hall(row("aaa"), row("b", zone="Box", y=20)), quota(3, zones=("Z",), online_presale=67))
    assert isinstance(obey(state, best("h1", SeatGroup(3))), QuotaReached)
    found = seats(obey(state, best("h1", SeatGroup(3), may_split=True)))
    assert 3 in found
    assert len(found) == 3


def test_groups_of_one_command_share_what_is_left() -> None:
    state = with_quotas(hall(STALLS, CIRCLE), quota(8, zones=("Z",), online_presale=50))
    assert sum(seat >= 8 for seat in seats(obey(state, best("h1", SeatGroup(3), SeatGroup(3))))) == 3


def test_the_refusal_offers_categories_outside_of_the_quota_that_would_do() -> None:
    state = with_quotas(hall(STALLS, CIRCLE), quota(8, categories=("a",), online_presale=10, name="Stalls"))
    no = obey(state, best("h1", SeatGroup(2, categories=("a",))))
    assert isinstance(no, QuotaReached)
    assert (no.quota_name, no.categories) == ("Stalls", ("b",))
    assert "Another category would do: b." in no.message()
    assert seats(obey(state, best("h2", SeatGroup(2, categories=("b",))))) == (8, 9)


def test_nothing_is_offered_that_the_same_quota_keeps_back() -> None:
    state = with_quotas(hall(STALLS, CIRCLE), quota(12, online_presale=10))
    no = obey(state, best("h1", SeatGroup(2, categories=("a",))))
    assert isinstance(no, QuotaReached)
    assert no.categories == ()


def test_where_no_seats_are_together_only_what_quotas_allow_is_offered() -> None:
    full = hall(STALLS, CIRCLE, taken=(1, 2, 5, 6))
    wanted = best("h1", SeatGroup(2, categories=("a",)))
    open_hall = obey(with_quotas(full, quota(4, zones=("Circle",))), wanted)
    used_up = obey(with_quotas(full, quota(4, zones=("Circle",), online_presale=0)), wanted)
    assert isinstance(open_hall, SeatsNotTogether)
    assert isinstance(used_up, SeatsNotTogether)
    assert (open_hall.categories, used_up.categories) == (("b",), ())


def test_standing_places_of_a_quota_are_counted_as_well() -> None:
    state = with_quotas(hall(row("aa"), standing(4)), quota(4, zones=("Pit",), online_presale=50))
    assert len(seats(obey(state, best("h1", SeatGroup(2, zones=("Pit",)))))) == 2
    assert isinstance(obey(state, best("h2", SeatGroup(1, zones=("Pit",)))), QuotaReached)


TWO = st.tuples(st.integers(0, 6), st.integers(0, 6))


@given(halls(), st.lists(GROUPS, min_size=1, max_size=3), TWO, st.booleans())
@settings(max_examples=300)
def test_what_is_found_is_never_more_than_quotas_allow_nor_kept_back_without_need(
    place: Hall, groups: list[SeatGroup], sizes: tuple[int, int], may_split: bool
) -> None:
    quotas = [quota(size, name=name, zones=(name,)) for size, name in zip(sizes, ("Left", "Pit"), strict=True)]
    wanted = best("h1", *groups, may_split=may_split)
    decision, without = obey(with_quotas(place, *quotas), wanted), obey(with_quotas(place), wanted)
    if isinstance(decision, Accepted):
        taken = Counter(place.places[seat].zone for seat in seats(decision))
        assert all(taken[name] <= cap_of(size, 100) for size, name in zip(sizes, ("Left", "Pit"), strict=True))
        return
    # A quota is named only where there would be seats but for it.
    assert isinstance(decision, QuotaReached) == isinstance(without, Accepted)

"""Best available (R5.1), case by case: tiers, aisles, wishes, several groups, standing places, what a refusal tells."""

from __future__ import annotations

import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.inventory.adapters.plan_places import pack_places, unpack_layout
from services.inventory.api.messages import seat_groups
from services.inventory.domain import commands as c
from services.inventory.domain.best_available import Alternatives, SeatGroup, choose
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import HoldRules
from services.inventory.domain.refusals import HoldEnded, HolderLimit, NotOnSale, SeatsNotTogether
from services.inventory.domain.seat_map import SeatMap
from services.inventory.ports import SeatPlan
from services.runtime.errors import IdempotencyKeyReused
from services.runtime.rpc.errors import Refused
from tests.unit.inventory.builders import ONLINE, done, obey, seat_map
from tests.unit.inventory.halls import RULES, Hall, best, hall, row, standing


def chosen(hall: Hall, *groups: SeatGroup, may_split: bool = False) -> tuple[int, ...]:
    found = choose(hall.free_seats(), groups, may_split=may_split)
    assert isinstance(found, tuple), found
    return found


def told(hall: Hall, *groups: SeatGroup, may_split: bool = False) -> Alternatives:
    found = choose(hall.free_seats(), groups, may_split=may_split)
    assert isinstance(found, Alternatives), found
    return found


def test_the_seats_nearest_the_focal_point_come_first() -> None:
    two_rows = hall(row("aaaaaaa", y=20), row("aaaaaaa", name="2", y=10))
    assert chosen(two_rows, SeatGroup(3)) == (9, 10, 11)
    assert chosen(two_rows, SeatGroup(7)) == (7, 8, 9, 10, 11, 12, 13)


def test_the_plans_focal_point_moves_the_best_seats() -> None:
    assert chosen(hall(row("aaaaaa")), SeatGroup(2)) == (2, 3)
    assert chosen(hall(row("aaaaaa"), focus=(100.0, 10.0)), SeatGroup(2)) == (4, 5)


def test_an_even_group_is_as_central_as_can_be_on_either_side_of_the_middle() -> None:
    assert chosen(hall(row("aaaaaaaa"), focus=(0.6, 0.0)), SeatGroup(2)) == (4, 5)
    assert chosen(hall(row("aaaaaaaa"), focus=(-0.6, 0.0)), SeatGroup(2)) == (2, 3)


def test_nobody_is_left_single_while_a_dearer_place_avoids_it() -> None:
    assert chosen(hall(row("aaaa", y=10), row("aaaa", name="2", y=30), taken=[3]), SeatGroup(2)) == (4, 5)


def test_a_single_seat_is_left_where_nothing_else_is_side_by_side() -> None:
    assert chosen(hall(row("aaa")), SeatGroup(2)) == (0, 1)


def test_an_aisle_is_not_sat_across() -> None:
    aisle = hall(row("aa  aa  aa"))
    assert chosen(aisle, SeatGroup(2)) == (2, 3)
    assert told(aisle, SeatGroup(3)) == Alternatives(0, 2, ())


def test_a_group_sits_close_together_over_rows_only_if_it_may() -> None:
    three_rows = hall(row("aaa", y=10), row("aa", name="2", y=12), row("aa", name="9", y=40))
    assert told(three_rows, SeatGroup(4)).largest_group == 3
    assert chosen(three_rows, SeatGroup(5), may_split=True) == (0, 1, 2, 3, 4)


def test_a_split_group_stays_in_its_zone_while_that_has_room() -> None:
    zones = hall(row("aa", y=10), row("aa", name="1", zone="Balcony", y=11), row("aa", name="2", y=30))
    assert chosen(zones, SeatGroup(4), may_split=True) == (0, 1, 4, 5)


def test_the_rest_of_a_split_group_is_as_near_its_larger_part_as_can_be() -> None:
    long_rows = hall(row("aaaaaaaaaaaa", y=10), row("aaaaaaaaaaaa", name="2", y=12), taken=range(9))
    assert chosen(long_rows, SeatGroup(5, zones=("Z",)), may_split=False) == (15, 16, 17, 18, 19)
    corner = hall(row("aaaaaaaaa", y=10), row("aaaaaaaaa", name="2", y=12), taken=[*range(6), 10, 13, 16])
    assert chosen(corner, SeatGroup(5), may_split=True) == (6, 7, 8, 14, 15) or chosen(
        corner, SeatGroup(5), may_split=True
    ) == (6, 7, 8, 11, 12)


def test_accessible_seats_are_never_taken_unless_asked_for() -> None:
    assert told(hall(row("AaA"), row("AA", name="2")), SeatGroup(2)) == Alternatives(0, 1, ())
    assert chosen(hall(row("aAaa")), SeatGroup(2)) == (2, 3)


def test_so_many_accessible_seats_are_taken_as_are_asked_for() -> None:
    mixed = hall(row("AAaa"))
    assert chosen(mixed, SeatGroup(3, accessible=1)) == (1, 2, 3)
    assert chosen(mixed, SeatGroup(3, accessible=2)) == (0, 1, 2)
    assert chosen(mixed, SeatGroup(2, accessible=2)) == (0, 1)
    assert told(mixed, SeatGroup(3, accessible=3)).largest_group == 2


def test_company_of_an_accessible_seat_sits_near_it_where_none_is_beside_it() -> None:
    apart = hall(row("A  aa", y=10), row("aaaaa", name="2", y=11), row("aaaaa", name="3", y=50))
    assert isinstance(choose(apart.free_seats(), [SeatGroup(3, accessible=1)], may_split=False), Alternatives)
    found = chosen(apart, SeatGroup(3, accessible=1), may_split=True)
    assert 0 in found
    assert set(found) <= set(range(8))


def test_categories_and_zones_narrow_the_choice() -> None:
    priced = hall(row("aaaa", y=10), row("bbbb", name="2", y=20), row("aaaa", name="3", zone="Balcony", y=30))
    assert chosen(priced, SeatGroup(2, categories=("b",))) == (4, 5)
    assert chosen(priced, SeatGroup(2, zones=("Balcony",))) == (8, 9)
    assert told(priced, SeatGroup(2, categories=("b",), zones=("Balcony",))) == Alternatives(0, 0, ("a",))


def test_a_row_of_two_categories_is_cut_where_they_meet() -> None:
    assert chosen(hall(row("aaabbb")), SeatGroup(3, categories=("b",))) == (3, 4, 5)
    assert told(hall(row("aabb")), SeatGroup(3, categories=("b",))) == Alternatives(0, 2, ())
    assert chosen(hall(row("aabb")), SeatGroup(3, categories=("a", "b"))) == (0, 1, 2)


def test_several_groups_share_no_seat_and_sit_each_together() -> None:
    assert chosen(hall(row("aaaaaaaa")), SeatGroup(4), SeatGroup(4)) == tuple(range(8))
    rows = hall(row("aaaaaaaa"), row("aaaaa", name="2"), row("aaa", name="3"))
    assert chosen(rows, SeatGroup(3), SeatGroup(5), SeatGroup(3), SeatGroup(5)) == tuple(range(16))


def test_all_groups_get_seats_or_none_does() -> None:
    assert told(hall(row("aaaa")), SeatGroup(2), SeatGroup(3)) == Alternatives(1, 2, ())


def test_groups_that_only_fit_in_another_order_get_their_seats() -> None:
    """Two would take of the four that stand together, and leave the four without any."""
    tight = hall(row("aaaa", y=10), row("aa", name="2", y=30))
    assert chosen(tight, SeatGroup(2), SeatGroup(4)) == (0, 1, 2, 3, 4, 5)
    filtered = hall(row("aabb", y=10), row("bb", name="2", y=30))
    assert chosen(filtered, SeatGroup(2), SeatGroup(2), SeatGroup(2, categories=("a",))) == (0, 1, 2, 3, 4, 5)


def test_standing_places_are_taken_only_when_their_zone_is_named() -> None:
    pit = hall(row("aa"), standing(5))
    assert told(pit, SeatGroup(3)) == Alternatives(0, 2, ())
    assert chosen(pit, SeatGroup(3, zones=("Pit",))) == (2, 3, 4)
    assert told(pit, SeatGroup(6, zones=("Pit",))) == Alternatives(0, 5, ())
    assert told(pit, SeatGroup(2, categories=("a",), zones=("Pit",))) == Alternatives(0, 0, ("p",))
    assert told(pit, SeatGroup(1, zones=("Pit",), accessible=1)).largest_group == 0


def test_seats_and_standing_places_go_in_one_hold() -> None:
    pit = hall(row("aaaa"), standing(5), taken=[4])
    assert chosen(pit, SeatGroup(4), SeatGroup(2, zones=("Pit",))) == (0, 1, 2, 3, 5, 6)


def test_a_large_standing_area_is_one_area() -> None:
    arena = hall(standing(2_000))
    assert len(chosen(arena, SeatGroup(100, zones=("Pit",)))) == 100
    nearly = hall(standing(2_000), taken=range(1_000, 1_990))
    assert len(chosen(nearly, SeatGroup(50, zones=("Pit",)))) == 50


def test_a_sold_out_hall_says_so() -> None:
    assert told(hall(row("aaaa"), taken=range(4)), SeatGroup(1)) == Alternatives(0, 0, ())


def test_a_refusal_names_the_group_its_size_and_what_would_work() -> None:
    state = hall(row("aabbbb")).seat_map()
    decision = obey(state, best("h", SeatGroup(1), SeatGroup(3, categories=("a",))))
    assert decision == SeatsNotTogether(1, 3, 2, ("b",))
    assert state.holds == {}
    assert "group 1" in decision.message()


def test_the_same_command_again_gets_the_very_same_seats() -> None:
    state = hall(row("aaaaaaaa")).seat_map()
    first = obey(state, best("h", SeatGroup(2)))
    done(state, best("other", SeatGroup(2)))
    assert isinstance(first, Accepted)
    again = obey(state, best("h", SeatGroup(2)))
    assert again == Accepted(hold=first.hold)
    assert isinstance(obey(state, best("h", SeatGroup(3))), IdempotencyKeyReused)
    assert isinstance(obey(state, best("h", SeatGroup(2), holder="bert")), IdempotencyKeyReused)


def test_a_hold_that_has_ended_is_not_made_again() -> None:
    state = done(hall(row("aaaa")).seat_map(), best("h", SeatGroup(2)), c.ReleaseHold("h", "anna"))
    assert obey(state, best("h", SeatGroup(2))) == HoldEnded("h")


def test_the_limit_of_a_holder_counts_all_groups() -> None:
    rules = HoldRules(on_sale=True, seats_per_holder=5, ttl_ms=60_000)
    state = done(hall(row("aaaaaaaa")).seat_map(rules), best("h1", SeatGroup(2)))
    assert obey(state, best("h2", SeatGroup(2), SeatGroup(2))) == HolderLimit(5, 2, 4)
    done(state, best("h3", SeatGroup(2), SeatGroup(1)))


def test_nothing_is_found_before_the_sale() -> None:
    state = hall(row("aaaa")).seat_map(HoldRules(on_sale=False, seats_per_holder=5, ttl_ms=60_000))
    assert obey(state, best("h", SeatGroup(2))) == NotOnSale()


@pytest.mark.parametrize("seats", [1, 2, 3, 7])
def test_a_hall_sells_out_by_best_available_to_the_last_seat(seats: int) -> None:
    state = hall(*(row("aaaaaaaaaaaaaaa", name=str(n), y=10 + n) for n in range(7))).seat_map(RULES)
    number = 0
    for size in range(seats, 0, -1):
        while isinstance(obey(state, best(str(number), SeatGroup(size), holder=str(number))), Accepted):
            number += 1
    assert state.free.regular == 0
    assert sorted(seat for hold in state.holds.values() for seat in hold.seats) == list(range(105))


def test_a_hall_of_unknown_geometry_is_one_row() -> None:
    state = seat_map(10)
    done(state, c.HoldSeats("h", "bert", (3, 4), ONLINE))
    decision = obey(state, best("b", SeatGroup(3)))
    assert isinstance(decision, Accepted)
    assert decision.hold is not None
    assert decision.hold.seats == (5, 6, 7)


@pytest.mark.parametrize("wanted", [1, 2, 3])
@pytest.mark.parametrize("may_split", [False, True])
def test_a_group_gets_as_many_accessible_seats_as_it_needs_and_no_more(wanted: int, may_split: bool) -> None:
    """Each one too many is one that a wheelchair user does not get; the nearest window would have them all."""
    side_by_side = hall(row("aaaAAAaaa"))
    found = chosen(side_by_side, SeatGroup(4, accessible=wanted), may_split=may_split)
    assert len(set(found) & {3, 4, 5}) == wanted
    assert max(found) - min(found) == 3


def test_where_only_too_many_accessible_seats_are_side_by_side_the_group_does_not_fit() -> None:
    assert told(hall(row("AAA")), SeatGroup(2, accessible=1)) == Alternatives(0, 1, ())


@pytest.mark.parametrize(
    ("largest", "categories", "text"),
    [
        (0, (), "No 5 seats fit for group 0."),
        (2, (), "No 5 seats fit for group 0; 2 side by side would."),
        (0, ("Circle",), "No 5 seats fit for group 0; 5 of another category (Circle) would."),
        (
            2,
            ("Circle", "Gods"),
            "No 5 seats fit for group 0; 2 side by side or 5 of another category (Circle, Gods) would.",
        ),
    ],
)
def test_a_refusal_names_what_would_fit_and_nothing_that_would_not(
    largest: int, categories: tuple[str, ...], text: str
) -> None:
    assert SeatsNotTogether(0, 5, largest, categories).message() == text


def test_a_category_of_the_plan_that_no_seat_has_is_full_and_not_unknown() -> None:
    places = row("aa")
    layout = unpack_layout(pack_places(places, None, ["Circle", "a"]))
    assert layout.categories == ("a", "Circle")
    plan = SeatPlan.of(1, ["s1", "s2"], layout)
    groups = seat_groups([pb.SeatGroup(size=1, categories=["Circle"])], plan)
    state = SeatMap(2, RULES, layout)
    assert obey(state, best("h1", *groups)) == SeatsNotTogether(0, 1, 0, ("a",))
    with pytest.raises(Refused):
        seat_groups([pb.SeatGroup(size=1, categories=["Stalls"])], plan)

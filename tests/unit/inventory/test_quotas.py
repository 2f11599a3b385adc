"""Quotas inside the owner (R4): every example of the rules, decided on a seat map."""

from __future__ import annotations

from datetime import datetime
from itertools import count

import msgspec
import pytest

from services.contracts.quotas import HOUR_MS, SalePhase
from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.quotas import QuotaUse
from services.inventory.domain.records import HoldRules, QuotaTerms
from services.inventory.domain.refusals import QuotaReached, SeatsTaken, TicketTypeNotAssigned
from services.inventory.domain.seat_layout import SeatPlace, lay_out
from services.inventory.domain.seat_map import SeatMap
from tests.unit.inventory.builders import claim, done, obey, obey_as_owners_do
from tests.unit.inventory.halls import row, standing
from tests.unit.inventory.quota_terms import BACKEND, BOX_OFFICE, ONLINE, quota

CUT_OVER = 10 * HOUR_MS
RULES = HoldRules(on_sale=True, seats_per_holder=1_000, ttl_ms=60_000, terms_version=7)
_ids = count()


def rules(*quotas: QuotaTerms) -> HoldRules:
    return msgspec.structs.replace(RULES, quotas=quotas)


def hall(capacity: int, *quotas: QuotaTerms) -> SeatMap:
    return SeatMap(capacity, rules(*quotas))


def take(*seats: int, channel: int = ONLINE, types: tuple[str, ...] = (), overbook: bool = False) -> c.HoldSeats:
    return c.HoldSeats(f"h{next(_ids)}", "anna", seats, channel, 0, types, overbook)


def sell(state: SeatMap, seats: range, channel: int = ONLINE) -> None:
    """As sales do: held, claimed, sold; each order one of its own."""
    if not seats:
        return
    hold = c.HoldSeats(f"h{next(_ids)}", "anna", tuple(seats), channel)
    order = f"o{next(_ids)}"
    done(state, hold, c.ClaimSeats(order, "anna", hold.hold_id, hold.seats, channel), c.ConfirmClaim(order))


def left(state: SeatMap, channel: int = ONLINE, now_ms: int = 0) -> int:
    """How many more the channel may take, as a refusal tells whoever asks for too many."""
    assert state.quotas is not None
    available = state.quotas.available(1, channel, now_ms)
    free = [seat for seat in range(state.capacity) if state.are_free([seat])]
    if available < len(free):
        no = obey(state, take(*free[: available + 1], channel=channel), now_ms)
        assert isinstance(no, QuotaReached)
        assert (no.available, no.asked) == (available, available + 1)
    if available:
        hold = take(*free[:available], channel=channel)
        assert isinstance(obey(state, hold, now_ms), Accepted)
        obey(state, c.ReleaseHold(hold.hold_id, "anna"), now_ms)
    return available


@pytest.mark.parametrize(("used", "available"), [(0, 12), (11, 1), (12, 0)])
def test_r4_4_half_of_25_is_12(used: int, available: int) -> None:
    state = hall(25, quota(25, online_presale=50))
    sell(state, range(used), BOX_OFFICE)
    assert left(state) == available


def test_r4_6_a_channel_that_has_13_of_12_has_nothing_left() -> None:
    state = hall(25, quota(25, online_presale=50))
    sell(state, range(13), BOX_OFFICE)
    assert left(state) == 0


def test_r4_5_r4_6_53_used_on_any_channels_leave_7_online_and_47_in_all() -> None:
    state = hall(100, quota(100, online_presale=60))
    sell(state, range(20), BOX_OFFICE)
    sell(state, range(20, 53))
    assert left(state) == 7
    assert left(state, BOX_OFFICE) == 47


@pytest.mark.parametrize("used", [60, 61])
def test_r4_6_60_or_61_used_of_60_leave_nothing_online(used: int) -> None:
    state = hall(100, quota(100, online_presale=60))
    sell(state, range(used), BOX_OFFICE)
    assert left(state) == 0


def test_r4_6_one_channel_can_starve_another() -> None:
    state = hall(100, quota(100, online_presale=50, box_office_presale=100))
    sell(state, range(50), BOX_OFFICE)
    assert left(state) == 0
    assert left(state, BOX_OFFICE) == 50


def test_r4_3_25_seats_with_12_used_leave_0_and_at_the_cut_over_13() -> None:
    state = hall(25, quota(25, online_presale=50, online_day=100, day_sale_from_ms=CUT_OVER))
    sell(state, range(12))
    assert left(state, now_ms=CUT_OVER - 1) == 0
    assert left(state, now_ms=CUT_OVER) == 13


@pytest.mark.parametrize(("percent", "available"), [(33, 0), (34, 1)])
def test_r4_4_a_cap_is_always_rounded_down(percent: int, available: int) -> None:
    assert left(hall(3, quota(3, online_presale=percent))) == available


def test_r4_4_29_of_100_are_29() -> None:
    assert left(hall(100, quota(100, online_presale=29))) == 29


def test_r4_6_three_refunded_can_be_sold_again() -> None:
    state = hall(100, quota(100, online_presale=60))
    sell(state, range(57))
    hold = take(57, 58, 59)
    done(state, hold, claim("late", hold.hold_id, 57, 58, 59), c.ConfirmClaim("late"))
    assert left(state) == 0
    done(state, c.CancelSale("late"))
    assert left(state) == 3


def test_r4_9_the_backend_has_the_online_percentage_where_it_has_none() -> None:
    assert left(hall(100, quota(100, online_presale=60)), BACKEND) == 60
    assert left(hall(100, quota(100, online_presale=60, backend_presale=10)), BACKEND) == 10


def test_r4_10_the_box_office_has_all_of_it_in_the_day_sale() -> None:
    state = hall(10, quota(10, box_office_presale=0, day_sale_from_ms=CUT_OVER))
    assert left(state, BOX_OFFICE) == 0
    assert left(state, BOX_OFFICE, CUT_OVER) == 10


@pytest.mark.parametrize(
    ("start", "first_of_the_day_sale"),
    [
        # The clocks go back at three in the night before, and forward at two.
        ("2026-10-25T12:00:00+01:00", "2026-10-25T01:00:00+02:00"),
        ("2026-03-29T12:00:00+02:00", "2026-03-28T23:00:00+01:00"),
    ],
)
def test_r4_3_the_hours_of_the_presale_are_elapsed_ones_when_clocks_change(
    start: str, first_of_the_day_sale: str
) -> None:
    anchor, cut_over = (int(datetime.fromisoformat(text).timestamp() * 1000) for text in (start, first_of_the_day_sale))
    terms = msgspec.structs.replace(quota(10, online_presale=0), anchor_ms=anchor, presale_hours=12)
    state = hall(10, terms)
    assert left(state, now_ms=cut_over - 1000) == 0
    assert left(state, now_ms=cut_over) == 10


def test_r4_3_at_14_59_59_it_is_presale_and_at_15_00_day() -> None:
    start = int(datetime.fromisoformat("2026-11-20T17:00:00+01:00").timestamp() * 1000)
    state = hall(10, msgspec.structs.replace(quota(10, online_presale=50), anchor_ms=start, presale_hours=2))
    no = obey(state, take(*range(6)), start - 2 * HOUR_MS - 1000)
    assert isinstance(no, QuotaReached)
    assert (no.phase, no.opens_more_at) == ("PRESALE", "2026-11-20T14:00:00Z")
    assert isinstance(obey(state, take(*range(6)), start - 2 * HOUR_MS), Accepted)


def test_a_refusal_says_what_is_left_when_more_opens_and_by_which_terms() -> None:
    state = hall(100, quota(100, online_presale=60, day_sale_from_ms=CUT_OVER, name="Stalls"))
    sell(state, range(58), BOX_OFFICE)
    no = obey(state, take(60, 61, 62))
    assert no == QuotaReached(
        "quo_stalls", "Stalls", ONLINE, "PRESALE", 3, 60, 58, 2, opens_more_at="1970-01-01T10:00:00Z", terms_version=7
    )
    assert no.message() == (
        "Quota Stalls has 2 left for the online shop in the presale, 3 were asked for: 58 are used, the channel's "
        "limit is 60. The day sale opens more at 1970-01-01T10:00:00Z."
    )


def test_nothing_is_said_to_open_where_the_day_sale_allows_no_more() -> None:
    same = hall(100, quota(100, online_presale=60, online_day=60, day_sale_from_ms=CUT_OVER))
    no = obey(same, take(*range(61)))
    assert isinstance(no, QuotaReached)
    assert no.opens_more_at == ""
    by_day = obey(same, take(*range(61)), CUT_OVER)
    assert isinstance(by_day, QuotaReached)
    assert (by_day.phase, by_day.opens_more_at) == ("DAY", "")


def test_r4_5_holds_count_until_they_end() -> None:
    state = hall(4, quota(4, online_presale=50))
    first = take(0, 1)
    done(state, first)
    assert left(state) == 0
    assert isinstance(obey(state, c.ExpireHold(first.hold_id), 10**9), Accepted)
    assert left(state) == 2


def test_seats_of_no_quota_have_no_end() -> None:
    places = [*row("aab"), *standing(3)]
    state = SeatMap(len(places), rules(quota(2, zones=("Pit",), online_presale=0)), lay_out(places))
    done(state, take(0, 1, 2))
    assert isinstance(obey(state, take(3)), QuotaReached)


def test_a_quota_covers_the_places_of_its_categories_and_those_of_its_zones_besides() -> None:
    places: list[SeatPlace] = [*row("aab"), *standing(2), *row("c", zone="Box", y=20)]
    state = SeatMap(len(places), rules(quota(4, categories=("b",), zones=("Pit", "Box"))), lay_out(places))
    assert state.quotas is not None
    assert list(state.quotas.limits.quota_of) == [0, 0, 1, 1, 1, 1]


def test_seats_of_several_quotas_need_room_in_each() -> None:
    places = [*row("aabb")]
    quotas = quota(2, name="A", categories=("a",)), quota(2, name="B", categories=("b",), online_presale=50)
    state = SeatMap(4, rules(*quotas), lay_out(places))
    no = obey(state, take(1, 2, 3))
    assert isinstance(no, QuotaReached)
    assert (no.quota_name, no.asked, no.available) == ("B", 2, 1)
    done(state, take(0, 1, 2))


def test_a_move_is_asked_only_for_what_is_more() -> None:
    state = hall(6, quota(6, online_presale=50))
    hold = take(0, 1, 2)
    done(state, hold)
    # A cap that was lowered since: what it has, it may exchange.
    done(state, c.ChangeSaleTerms(rules(quota(6, online_presale=10))))
    done(state, c.MoveHold(hold.hold_id, "anna", (1, 2, 3)))
    assert isinstance(obey(state, c.MoveHold(hold.hold_id, "anna", (1, 2, 3, 4))), QuotaReached)
    done(state, c.MoveHold(hold.hold_id, "anna", (4,)))


def test_a_claim_of_a_hold_never_fails_on_a_cap_that_was_lowered_since() -> None:
    state = hall(6, quota(6))
    hold = take(0, 1, 2)
    done(state, hold, c.ChangeSaleTerms(rules(quota(1, online_presale=0))))
    assert isinstance(obey(state, take(3)), QuotaReached)
    done(state, claim("o1", hold.hold_id, 0, 1, 2), c.ConfirmClaim("o1"))


def test_a_late_payment_takes_nothing_that_the_channel_may_not_have() -> None:
    state = hall(6, quota(6, online_presale=50))
    sell(state, range(3))
    assert isinstance(obey(state, claim("late", "", 4)), QuotaReached)


def test_claims_of_one_batch_of_the_record_count_each_other() -> None:
    state = hall(6, quota(6, online_presale=50))
    answers = obey_as_owners_do(state, [claim("o1", "", 0, 1), claim("o2", "", 2, 3), claim("o3", "", 4)])
    assert [type(answer) for answer in answers] == [Accepted, QuotaReached, Accepted]
    # On a draft, and once: the map counts what the record has.
    assert state.quotas is not None
    assert state.quotas.used[1] == 3


def test_r4_12_staff_overbook_a_quota_and_never_a_seat() -> None:
    state = hall(4, quota(2, online_presale=0))
    done(state, take(0, 1, 2, channel=BOX_OFFICE, overbook=True))
    assert left(state, BOX_OFFICE) == 0
    assert isinstance(obey(state, take(2, channel=BOX_OFFICE, overbook=True)), SeatsTaken)


def test_a_copy_of_a_command_is_told_apart_by_its_ticket_types_and_its_right() -> None:
    state = hall(4, quota(4))
    typed = take(0, types=("child",))
    first = obey(state, typed)
    assert obey(state, typed) == Accepted(hold=first.hold) if isinstance(first, Accepted) else False
    plain = msgspec.structs.replace(typed, ticket_types=())
    over = msgspec.structs.replace(typed, overbook=True)
    assert [type(obey(state, other)).__name__ for other in (plain, over)] == ["IdempotencyKeyReused"] * 2


ASSIGNED = frozenset({("normal", ONLINE, SalePhase.PRESALE), ("child", BOX_OFFICE, SalePhase.PRESALE)})


def assigned_hall() -> SeatMap:
    return hall(6, quota(6, assignments=ASSIGNED, name="Family"))


def test_r4_7_a_ticket_type_is_sold_where_it_is_assigned_and_nowhere_else() -> None:
    state = assigned_hall()
    done(state, take(0, types=("normal",)), take(1, types=("child",), channel=BOX_OFFICE))
    no = obey(state, take(2, types=("child",)))
    assert no == TicketTypeNotAssigned("quo_family", "Family", "child", ONLINE, "PRESALE", 7)
    assert no.message() == "Ticket type child is not sold out of quota Family by the online shop in the presale."


def test_r4_7_an_assignment_is_of_one_phase() -> None:
    state = hall(6, quota(6, assignments=ASSIGNED, day_sale_from_ms=CUT_OVER))
    assert isinstance(obey(state, take(0, types=("normal",)), CUT_OVER - 1), Accepted)
    assert isinstance(obey(state, take(1, types=("normal",)), CUT_OVER), TicketTypeNotAssigned)


def test_r4_7_the_backend_sells_what_is_assigned_to_the_online_shop() -> None:
    state = assigned_hall()
    done(state, take(0, types=("normal",), channel=BACKEND))
    assert isinstance(obey(state, take(1, types=("child",), channel=BACKEND)), TicketTypeNotAssigned)


def test_r4_7_both_gates_must_allow() -> None:
    state = hall(6, quota(6, assignments=ASSIGNED, online_presale=0))
    assert isinstance(obey(state, take(0, types=("normal",))), QuotaReached)


def test_r4_7_who_overbooks_sells_no_other_ticket_types() -> None:
    state = assigned_hall()
    assert isinstance(obey(state, take(0, types=("senior",), channel=BOX_OFFICE, overbook=True)), TicketTypeNotAssigned)


def claimed(state: SeatMap, hold: c.HoldSeats, *types: str) -> Decision:
    return obey(state, c.ClaimSeats("o1", "anna", hold.hold_id, hold.seats, hold.channel, types))


def test_r4_7_what_the_hold_did_not_say_is_checked_at_the_claim() -> None:
    state = assigned_hall()
    hold = take(0, 1)
    done(state, hold)
    assert isinstance(claimed(state, hold, "normal", "child"), TicketTypeNotAssigned)
    assert isinstance(claimed(state, hold, "normal", "normal"), Accepted)


def test_r4_7_what_the_hold_said_is_not_checked_again() -> None:
    state = assigned_hall()
    hold = take(0, types=("normal",))
    done(state, hold, c.ChangeSaleTerms(rules(quota(6, assignments=frozenset({("child", ONLINE, SalePhase.DAY)})))))
    assert isinstance(claimed(state, hold, "senior"), TicketTypeNotAssigned)
    assert isinstance(claimed(state, hold, "normal"), Accepted)


def test_r4_7_seats_that_a_hold_moved_to_are_checked_at_the_claim() -> None:
    state = assigned_hall()
    hold = take(0, 1, types=("normal", "normal"))
    done(state, hold, c.MoveHold(hold.hold_id, "anna", (1, 2)))
    held = state.hold(hold.hold_id)
    assert held is not None
    assert held.ticket_types == ("normal", "")


def test_figures_tell_what_a_quota_is_used_by() -> None:
    state = hall(20, quota(20))
    sell(state, range(3))
    hold = take(3, 4)
    done(state, hold, claim("o1", hold.hold_id, 3, 4), take(5), c.BlockSeats((6, 7), "camera"))
    assert state.quotas is not None
    assert state.quotas.limits.uses(state.statuses) == [QuotaUse(sold=3, claimed=2, held=1)]
    assert state.quotas.used[1] == 6


def test_more_quotas_than_a_byte_has_numbers_are_counted_too() -> None:
    places = [place for number in range(300) for place in row("a", name=str(number), zone=f"Z{number}", y=number)]
    quotas = [quota(1, name=f"Q{number}", zones=(f"Z{number}",), online_presale=0) for number in range(300)]
    state = SeatMap(300, rules(*quotas), lay_out(places))
    no = obey(state, take(299))
    assert isinstance(no, QuotaReached)
    assert no.quota_name == "Q299"

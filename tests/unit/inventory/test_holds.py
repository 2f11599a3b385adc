"""Holds: all or nothing, one holder's limit, the absolute cap, the hidden grace (architecture section 4, INV-6)."""

from __future__ import annotations

import msgspec
import pytest

from services.inventory.domain import commands as c
from services.inventory.domain import refusals as r
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.seat_state import FREE, HELD
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused
from tests.unit.inventory.builders import ONLINE, RULES, done, hold, obey, seat_map


def accepted_hold(decision: object) -> tuple[int, ...]:
    assert isinstance(decision, Accepted)
    assert decision.hold is not None
    return decision.hold.seats


def until(decision: object) -> int:
    assert isinstance(decision, Accepted)
    assert decision.hold is not None
    return decision.hold.hold_until_ms


def test_a_hold_takes_all_its_seats() -> None:
    state = seat_map()
    assert accepted_hold(obey(state, hold("h1", 3, 4))) == (3, 4)
    assert [state.status(seat) for seat in (2, 3, 4, 5)] == [FREE, HELD, HELD, FREE]


def test_a_hold_with_one_taken_seat_takes_nothing_and_names_it() -> None:
    state = done(seat_map(), hold("h1", 3))
    before = bytes(state.statuses)
    assert obey(state, hold("h2", 2, 3, holder="bert")) == r.SeatsTaken((3,))
    assert bytes(state.statuses) == before


def test_the_same_hold_twice_gets_its_first_answer_and_changes_nothing() -> None:
    state = seat_map()
    first = obey(state, hold("h1", 3), now_ms=0)
    second = obey(state, hold("h1", 3), now_ms=1_000)
    assert until(first) == until(second)
    assert isinstance(second, Accepted)
    assert second.change is None


@pytest.mark.parametrize("other", [hold("h1", 4), hold("h1", 3, holder="bert")])
def test_a_hold_id_with_other_content_is_refused(other: c.HoldSeats) -> None:
    state = done(seat_map(), hold("h1", 3))
    assert obey(state, other) == IdempotencyKeyReused("hold_id", "h1")


def test_a_late_copy_of_an_ended_hold_takes_no_seats() -> None:
    state = done(seat_map(), hold("h1", 3), c.ReleaseHold("h1", "anna"))
    assert obey(state, hold("h1", 3)) == r.HoldEnded("h1")


def test_a_holder_may_have_so_many_seats_and_no_more() -> None:
    state = done(seat_map(), hold("h1", 0, 1, 2))
    assert obey(state, hold("h2", 3, 4)) == r.HolderLimit(limit=4, has=3, asked=2)
    done(state, hold("h3", 3))
    done(state, hold("h4", 4, 5, holder="bert"))


def test_seats_under_claim_count_against_the_limit_and_sold_ones_do_not() -> None:
    state = done(seat_map(), hold("h1", 0, 1, 2), c.ClaimSeats("o1", "anna", "h1", (0, 1, 2), 2))
    assert isinstance(obey(state, hold("h2", 3, 4)), r.HolderLimit)
    done(state, c.ConfirmClaim("o1"), hold("h3", 3, 4))


def test_no_holds_where_the_sale_is_closed() -> None:
    closed = seat_map(rules=msgspec.structs.replace(RULES, on_sale=False))
    assert obey(closed, hold("h1", 1)) == r.NotOnSale()


def test_an_extension_moves_the_end_and_never_back() -> None:
    state = done(seat_map(), hold("h1", 1))
    assert until(obey(state, c.ExtendHold("h1", "anna", 90_000), now_ms=10_000)) == 100_000
    assert until(obey(state, c.ExtendHold("h1", "anna", 1_000), now_ms=10_000)) == 100_000


def test_no_extension_passes_the_cap_grace_included() -> None:
    state = done(seat_map(), hold("h1", 1))
    now = 0
    while isinstance(decision := obey(state, c.ExtendHold("h1", "anna"), now_ms=now), Accepted):
        assert until(decision) + RULES.grace_ms <= RULES.cap_ms
        now += 30_000
    assert isinstance(decision, r.HoldExpired)
    assert now <= RULES.cap_ms + 30_000


@pytest.mark.parametrize(
    "command",
    [
        hold("h2", 2, ttl_ms=295_001),
        c.HoldBestAvailable("h2", "anna", (SeatGroup(1),), ONLINE, ttl_ms=295_001),
        c.ExtendHold("h1", "anna", 295_001),
    ],
)
def test_what_is_asked_for_longer_than_a_hold_may_live_is_refused_and_names_the_limit(command: c.Command) -> None:
    state = done(seat_map(), hold("h1", 1))
    assert obey(state, command) == FieldInvalid("ttl_seconds", "is longer than a hold may live", "0 to 295 seconds")
    assert state.counts() == done(seat_map(), hold("h1", 1)).counts()


def test_the_longest_hold_is_granted_whole() -> None:
    assert until(obey(seat_map(), hold("h1", 1, ttl_ms=295_000), now_ms=7)) == 295_007


def test_a_hold_expires_after_its_grace_and_not_before() -> None:
    state = done(seat_map(), hold("h1", 1))
    end = RULES.ttl_ms + RULES.grace_ms
    done(state, c.ExpireHold("h1"), now_ms=end - 1)
    assert state.status(1) == HELD
    done(state, c.ExpireHold("h1"), now_ms=end)
    assert state.status(1) == FREE


def test_an_expiry_that_was_overtaken_by_an_extension_does_nothing() -> None:
    state = done(seat_map(), hold("h1", 1))
    done(state, c.ExtendHold("h1", "anna", 120_000), now_ms=1_000)
    done(state, c.ExpireHold("h1"), now_ms=RULES.ttl_ms + RULES.grace_ms)
    assert state.status(1) == HELD


def test_a_hold_moves_in_one_step_and_keeps_what_is_in_both() -> None:
    state = done(seat_map(), hold("h1", 1, 2))
    assert accepted_hold(obey(state, c.MoveHold("h1", "anna", (2, 3)))) == (2, 3)
    assert [state.status(seat) for seat in (1, 2, 3)] == [FREE, HELD, HELD]


def test_a_move_to_a_taken_seat_changes_nothing() -> None:
    state = done(seat_map(), hold("h1", 1), hold("h2", 2, holder="bert"))
    assert obey(state, c.MoveHold("h1", "anna", (2,))) == r.SeatsTaken((2,))
    assert state.status(1) == HELD


def test_a_move_may_not_pass_the_holders_limit() -> None:
    state = done(seat_map(), hold("h1", 0, 1, 2))
    assert isinstance(obey(state, c.MoveHold("h1", "anna", (0, 1, 2, 3, 4))), r.HolderLimit)


def test_releasing_twice_is_fine() -> None:
    state = done(seat_map(), hold("h1", 1), c.ReleaseHold("h1", "anna"), c.ReleaseHold("h1", "anna"))
    assert state.status(1) == FREE


def test_a_release_that_names_seats_frees_a_hold_of_exactly_these() -> None:
    state = done(seat_map(), hold("h1", 1, 2), c.ReleaseHold("h1", "anna", (1, 2)))
    assert [state.status(seat) for seat in (1, 2)] == [FREE, FREE]


@pytest.mark.parametrize("named", [(1,), (1, 2), (3, 4, 5)])
def test_a_release_that_names_other_seats_than_the_moved_hold_has_frees_nothing(named: tuple[int, ...]) -> None:
    state = done(seat_map(), hold("h1", 1, 2), c.MoveHold("h1", "anna", (3, 4)))
    assert obey(state, c.ReleaseHold("h1", "anna", named)) == r.SeatsNotHeld("h1")
    assert [state.status(seat) for seat in (3, 4)] == [HELD, HELD]


def test_a_release_of_a_hold_that_is_gone_is_fine_whatever_seats_it_names() -> None:
    state = done(seat_map(), hold("h1", 1), c.ReleaseHold("h1", "anna"), c.ReleaseHold("h1", "anna", (2,)))
    assert state.status(1) == FREE


@pytest.mark.parametrize(
    "command", [c.ExtendHold("h1", "bert"), c.MoveHold("h1", "bert", (2,)), c.ReleaseHold("h1", "bert")]
)
def test_another_holders_hold_is_out_of_reach(command: c.Command) -> None:
    state = done(seat_map(), hold("h1", 1))
    assert obey(state, command) == r.HoldForeign("h1")


def test_a_hold_nobody_made_is_not_found() -> None:
    assert obey(seat_map(), c.ExtendHold("h9", "anna")) == r.HoldNotFound("h9")

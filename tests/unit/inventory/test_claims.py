"""Claims end only on proof; blocks touch only what is free (architecture section 4)."""

from __future__ import annotations

import pytest

from services.inventory.domain import commands as c
from services.inventory.domain import refusals as r
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_state import BLOCKED, CLAIMED, FREE, HELD, SOLD
from services.runtime.errors import IdempotencyKeyReused
from tests.unit.inventory.builders import ONLINE, RULES, claim, done, hold, obey, seat_map


def test_a_claim_ends_its_hold_and_no_timer_frees_it() -> None:
    state = done(seat_map(), hold("h1", 1), claim("o1", "h1", 1))
    assert state.hold("h1") is None
    done(state, c.ExpireHold("h1"), now_ms=10**12)
    assert state.status(1) == CLAIMED


def test_a_claim_within_the_grace_is_accepted_and_after_it_refused() -> None:
    last = RULES.ttl_ms + RULES.grace_ms - 1
    done(done(seat_map(), hold("h1", 1)), claim("o1", "h1", 1), now_ms=last)
    late = obey(done(seat_map(), hold("h1", 1)), claim("o1", "h1", 1), now_ms=last + 1)
    assert late == r.HoldExpired("h1", RULES.ttl_ms)


def test_a_claim_of_other_seats_than_the_holds_is_refused() -> None:
    state = done(seat_map(), hold("h1", 1, 2))
    assert obey(state, claim("o1", "h1", 1)) == r.ClaimMismatch("o1", "h1")


def test_a_foreign_hold_cannot_be_claimed() -> None:
    state = done(seat_map(), hold("h1", 1))
    assert obey(state, claim("o1", "h1", 1, holder="bert")) == r.HoldForeign("h1")


def sold_1_to_3() -> SeatMap:
    return done(seat_map(), hold("h1", 1, 2, 3), claim("o1", "h1", 1, 2, 3), c.ConfirmClaim("o1"))


def test_some_seats_of_a_sale_are_freed_and_the_others_stay_sold() -> None:
    state = done(sold_1_to_3(), c.CancelSale("o1", (2,)), c.CancelSale("o1", (2,)))
    assert [state.status(seat) for seat in (1, 2, 3)] == [SOLD, FREE, SOLD]
    done(state, hold("h2", 2, holder="bert"), claim("o2", "h2", 2, holder="bert"), c.CancelSale("o1", (1, 2)))
    assert [state.status(seat) for seat in (1, 2, 3)] == [FREE, CLAIMED, SOLD]


def test_the_last_seats_of_a_sale_end_it() -> None:
    state = done(sold_1_to_3(), c.CancelSale("o1", (1, 2)), c.CancelSale("o1", (3,)))
    assert state.claim("o1") is None
    done(state, c.CancelSale("o1", (3,)), c.CancelSale("o1"))


def test_seats_of_a_claim_that_is_not_sold_are_not_freed_as_a_sale() -> None:
    state = done(seat_map(), hold("h1", 1), claim("o1", "h1", 1))
    assert obey(state, c.CancelSale("o1", (1,))) == r.ClaimNotSold("o1")


def test_the_same_claim_twice_is_one_claim() -> None:
    state = done(seat_map(), hold("h1", 1), claim("o1", "h1", 1), claim("o1", "h1", 1))
    assert obey(state, claim("o1", "h1", 2)) == IdempotencyKeyReused("order_id", "o1")


@pytest.mark.parametrize(
    "other",
    [
        c.ClaimSeats("o1", "bert", "h1", (1,), ONLINE),
        c.ClaimSeats("o1", "anna", "h2", (1,), ONLINE),
        c.ClaimSeats("o1", "anna", "", (2,), ONLINE),
        c.ClaimSeats("o1", "anna", "h1", (1,), 1),
    ],
)
def test_an_orders_id_with_another_claim_is_refused_sold_or_not(other: c.ClaimSeats) -> None:
    state = done(seat_map(), hold("h1", 1), claim("o1", "h1", 1))
    assert obey(state, other) == IdempotencyKeyReused("order_id", "o1")
    done(state, c.ConfirmClaim("o1"))
    assert obey(state, other) == IdempotencyKeyReused("order_id", "o1")
    done(state, claim("o1", "h1", 1))


def test_an_order_that_has_its_claim_out_of_a_hold_is_told_so_when_it_asks_without_one() -> None:
    """The answer to the first was lost, the order gave up, and its payment came all the same."""
    state = done(seat_map(), hold("h1", 1), claim("o1", "h1", 1))
    done(state, claim("o1", "", 1), c.ConfirmClaim("o1"), claim("o1", "", 1))
    assert state.status(1) == SOLD


def test_free_seats_can_be_claimed_again_without_a_hold() -> None:
    state = done(seat_map(), hold("h1", 1), claim("o1", "h1", 1), c.CancelClaim("o1"), claim("o1", "", 1))
    assert state.status(1) == CLAIMED


def test_claiming_again_is_refused_when_the_seat_went_to_somebody_else() -> None:
    state = done(seat_map(), hold("h1", 1), claim("o1", "h1", 1), c.CancelClaim("o1"), hold("h2", 1, holder="bert"))
    assert obey(state, claim("o1", "", 1)) == r.SeatsTaken((1,))


def test_a_sale_is_not_undone_by_cancelling_its_claim() -> None:
    state = done(seat_map(), hold("h1", 1), claim("o1", "h1", 1), c.ConfirmClaim("o1"), c.ConfirmClaim("o1"))
    assert obey(state, c.CancelClaim("o1")) == r.ClaimAlreadySold("o1")
    assert state.status(1) == SOLD
    done(state, c.CancelSale("o1"), c.CancelSale("o1"))
    assert state.status(1) == FREE


def test_a_claim_is_not_undone_by_cancelling_a_sale() -> None:
    state = done(seat_map(), hold("h1", 1), claim("o1", "h1", 1))
    assert obey(state, c.CancelSale("o1")) == r.ClaimNotSold("o1")


def test_confirming_what_is_not_claimed_is_refused() -> None:
    assert obey(seat_map(), c.ConfirmClaim("o1")) == r.ClaimNotFound("o1")


def test_blocking_takes_free_seats_only_and_is_idempotent() -> None:
    state = done(seat_map(), hold("h1", 1), c.BlockSeats((2, 3), "camera"), c.BlockSeats((2, 3), "camera"))
    assert obey(state, c.BlockSeats((1, 4), "camera")) == r.SeatsTaken((1,))
    assert [state.status(seat) for seat in (1, 2, 3, 4)] == [HELD, BLOCKED, BLOCKED, FREE]


def test_unblocking_frees_blocked_seats_and_nothing_else() -> None:
    state = done(seat_map(), hold("h1", 1), c.BlockSeats((2,), "camera"))
    assert obey(state, c.UnblockSeats((1, 2))) == r.SeatsTaken((1,))
    done(state, c.UnblockSeats((2, 3)))
    assert state.status(2) == FREE

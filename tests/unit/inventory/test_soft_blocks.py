"""Soft blocks keep the shop out and not the staff, and stay on a seat until it is sold (issue 11)."""

from __future__ import annotations

import pytest

from services.inventory.domain import commands as c
from services.inventory.domain import refusals as r
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.recorded import PerformanceRecord
from services.inventory.domain.records import BlockKind
from services.inventory.domain.restoration import restore
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_state import BLOCKED, CLAIMED, FREE, HELD, SOLD
from tests.unit.inventory.builders import (
    BOX_OFFICE,
    ONLINE,
    RULES,
    claim,
    done,
    hold,
    obey,
    obey_as_owners_do,
    seat_map,
)

BACKEND = 3
SOFT = c.BlockSeats((1, 2), "house seats", BlockKind.SOFT)


def softly_blocked() -> SeatMap:
    """Seats 1 and 2 are the house's."""
    return done(seat_map(), SOFT)


@pytest.mark.parametrize("channel", [BOX_OFFICE, BACKEND])
def test_staff_may_hold_and_sell_what_is_softly_blocked(channel: int) -> None:
    state = done(softly_blocked(), hold("h1", 0, 1, channel=channel), claim("o1", "h1", 0, 1, channel=channel))
    assert [state.status(seat) for seat in (0, 1, 2)] == [CLAIMED, CLAIMED, BLOCKED]
    done(state, c.ConfirmClaim("o1"))
    assert [state.status(seat) for seat in (0, 1, 2)] == [SOLD, SOLD, BLOCKED]


def test_the_shop_may_not_and_is_told_which_seats_are_taken() -> None:
    state = softly_blocked()
    assert obey(state, hold("h1", 0, 1, 2)) == r.SeatsTaken((1, 2))
    assert obey(state, claim("o1", "", 2)) == r.SeatsTaken((2,))


@pytest.mark.parametrize("channel", [BOX_OFFICE, ONLINE, BACKEND])
def test_nobody_holds_what_is_hard_blocked(channel: int) -> None:
    state = done(softly_blocked(), c.BlockSeats((3,), "camera"))
    assert obey(state, hold("h1", 3, channel=channel)) == r.SeatsTaken((3,))


def test_staff_are_told_only_of_the_seats_they_may_not_have() -> None:
    state = done(softly_blocked(), hold("h1", 0))
    assert obey(state, hold("h2", 0, 1, holder="till", channel=BOX_OFFICE)) == r.SeatsTaken((0,))


def test_what_staff_hold_of_a_soft_block_nobody_else_holds() -> None:
    state = done(softly_blocked(), hold("h1", 1, channel=BOX_OFFICE))
    assert obey(state, hold("h2", 1, holder="till", channel=BACKEND)) == r.SeatsTaken((1,))


@pytest.mark.parametrize("channel", [BOX_OFFICE, ONLINE])
def test_best_available_never_takes_a_blocked_seat(channel: int) -> None:
    state = done(seat_map(6), c.BlockSeats((0, 1, 2), "house seats", BlockKind.SOFT), c.BlockSeats((5,), "camera"))
    best = c.HoldBestAvailable("h1", "anna", (SeatGroup(3),), channel)
    assert isinstance(obey(state, best), r.SeatsNotTogether)
    done(state, c.HoldBestAvailable("h2", "anna", (SeatGroup(2),), channel))
    assert state.holds["h2"].seats == (3, 4)


@pytest.mark.parametrize(
    "ending",
    [
        [c.ReleaseHold("h1", "anna")],
        [c.MoveHold("h1", "anna", (5,))],
        [claim("o1", "h1", 0, 1, channel=BOX_OFFICE), c.CancelClaim("o1")],
    ],
)
def test_a_soft_block_comes_back_when_the_hold_or_the_claim_ends(ending: list[c.Command]) -> None:
    state = done(softly_blocked(), hold("h1", 0, 1, channel=BOX_OFFICE), *ending)
    assert [state.status(seat) for seat in (0, 1, 2)] == [FREE, BLOCKED, BLOCKED]
    assert obey(state, hold("h9", 1)) == r.SeatsTaken((1,))
    done(state, c.HoldBestAvailable("h2", "bert", (SeatGroup(1),), ONLINE))
    assert state.holds["h2"].seats not in {(1,), (2,)}


def test_a_soft_block_comes_back_when_the_hold_expires() -> None:
    state = done(softly_blocked(), hold("h1", 0, 1, channel=BOX_OFFICE))
    done(state, c.ExpireHold("h1"), now_ms=RULES.ttl_ms + RULES.grace_ms)
    assert [state.status(seat) for seat in (0, 1)] == [FREE, BLOCKED]


def test_a_sale_ends_the_soft_block() -> None:
    """What comes back from a sale is free: the block was for keeping it until then."""
    state = done(softly_blocked(), hold("h1", 1, channel=BOX_OFFICE), claim("o1", "h1", 1, channel=BOX_OFFICE))
    done(state, c.ConfirmClaim("o1"), c.CancelSale("o1"))
    assert state.status(1) == FREE


def test_the_shops_own_seats_come_back_free() -> None:
    state = done(softly_blocked(), hold("h1", 0, 3), c.ReleaseHold("h1", "anna"))
    assert [state.status(seat) for seat in (0, 3)] == [FREE, FREE]


def test_unblocking_what_staff_hold_ends_the_block_under_it_and_not_the_hold() -> None:
    state = done(softly_blocked(), hold("h1", 1, channel=BOX_OFFICE), c.UnblockSeats((1, 2)))
    assert [state.status(seat) for seat in (1, 2)] == [HELD, FREE]
    done(state, c.ReleaseHold("h1", "anna"))
    assert state.status(1) == FREE


def test_a_soft_block_becomes_a_hard_one_and_back_by_blocking_again() -> None:
    state = done(softly_blocked(), c.BlockSeats((1, 3), "camera"))
    assert obey(state, hold("h1", 1, channel=BOX_OFFICE)) == r.SeatsTaken((1,))
    done(state, c.BlockSeats((1,), "house seats", BlockKind.SOFT), hold("h1", 1, 2, channel=BOX_OFFICE))


def test_what_staff_hold_of_a_soft_block_is_not_blocked_hard() -> None:
    state = done(softly_blocked(), hold("h1", 1, channel=BOX_OFFICE))
    assert obey(state, c.BlockSeats((1,), "camera")) == r.SeatsTaken((1,))


def test_blocking_twice_the_same_way_changes_nothing() -> None:
    state = softly_blocked()
    decision = obey(state, SOFT)
    assert decision.change is None  # type: ignore[union-attr]


def test_the_next_owner_keeps_staffs_holds_on_soft_blocks_and_drops_the_shops() -> None:
    state = done(softly_blocked(), hold("h1", 1, channel=BOX_OFFICE))
    own, foreign = state.holds["h1"], done(seat_map(), hold("h2", 2)).holds["h2"]
    restored, stale = restore(10, RULES, PerformanceRecord(blocked=(1, 2), softly_blocked=(1, 2)), [own, foreign])
    assert (list(restored.holds), stale) == (["h1"], ["h2"])
    done(restored, c.ReleaseHold("h1", "anna"))
    assert restored.status(1) == BLOCKED


def test_a_batch_sees_the_blocks_that_came_before_in_it() -> None:
    state = seat_map()
    late = claim("o1", "", 1, channel=BOX_OFFICE)
    decisions = obey_as_owners_do(state, [SOFT, late, c.CancelClaim("o1"), c.BlockSeats((1,), "camera"), late])
    assert decisions[-1] == r.ClaimEnded("o1")
    assert obey(state, hold("h1", 1, channel=BOX_OFFICE)) == r.SeatsTaken((1,))

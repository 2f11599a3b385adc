"""After the end of the sale nothing is held online; staff go on, and what is held stays and may be bought."""

from __future__ import annotations

import msgspec
import pytest

from services.inventory.domain import commands as c
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.refusals import NotOnSale, SaleEnded
from tests.unit.inventory.builders import ONLINE, RULES, claim, done, hold, obey, seat_map

BOX_OFFICE, BACKEND = 1, 3
END_MS = 30_000
ENDS = msgspec.structs.replace(RULES, sale_ends_at_ms=END_MS)


def test_the_last_hold_is_made_before_the_end_by_the_stores_clock() -> None:
    state = seat_map(rules=ENDS)
    done(state, hold("h1", 1), now_ms=END_MS - 1)
    assert obey(state, hold("h2", 2), now_ms=END_MS) == SaleEnded(END_MS)
    best = c.HoldBestAvailable("h3", "anna", (SeatGroup(1),), ONLINE)
    assert obey(state, best, now_ms=END_MS) == SaleEnded(END_MS)


@pytest.mark.parametrize("channel", [BOX_OFFICE, BACKEND])
def test_staff_go_on_after_the_end(channel: int) -> None:
    state = seat_map(rules=ENDS)
    done(state, c.HoldSeats("h1", "anna", (1,), channel), now_ms=END_MS)
    done(state, c.MoveHold("h1", "anna", (2,)), now_ms=END_MS)


def test_a_closed_sale_is_closed_for_staff_as_well() -> None:
    state = seat_map(rules=msgspec.structs.replace(ENDS, on_sale=False))
    assert obey(state, c.HoldSeats("h1", "anna", (1,), BOX_OFFICE), now_ms=END_MS) == NotOnSale()


def test_a_hold_from_before_the_end_is_told_extended_and_bought_but_takes_no_other_seats() -> None:
    state = seat_map(rules=ENDS)
    done(state, hold("h1", 1), now_ms=END_MS - 1)
    assert isinstance(obey(state, hold("h1", 1), now_ms=END_MS), Accepted)
    done(state, c.ExtendHold("h1", "anna"), now_ms=END_MS)
    assert obey(state, c.MoveHold("h1", "anna", (2,)), now_ms=END_MS) == SaleEnded(END_MS)
    done(state, claim("o1", "h1", 1), c.ConfirmClaim("o1"), now_ms=END_MS + 1)


def test_a_performance_without_an_end_is_sold_for_ever() -> None:
    done(seat_map(), hold("h1", 1), now_ms=2**53)

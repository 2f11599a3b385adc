"""After the end of the sale nothing is held online; staff go on, and what is held stays and may be bought."""

from __future__ import annotations

import msgspec
import pytest

from services.inventory.domain import commands as c
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import NEVER_MS, SalesWindow
from services.inventory.domain.refusals import NotOnSale, OutsideSalesWindow, PerformanceCancelled, SaleEnded
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


def test_a_channel_sells_in_its_window_and_the_others_always() -> None:
    rules = msgspec.structs.replace(RULES, windows=(SalesWindow(ONLINE, 10, 20), SalesWindow(BOX_OFFICE, 15)))
    state = seat_map(rules=rules)
    assert obey(state, hold("h1", 1), now_ms=9) == OutsideSalesWindow(ONLINE, 10, 20)
    done(state, hold("h1", 1), now_ms=10)
    assert obey(state, c.MoveHold("h1", "anna", (2,)), now_ms=20) == OutsideSalesWindow(ONLINE, 10, 20)
    best = c.HoldBestAvailable("h2", "anna", (SeatGroup(1),), ONLINE)
    assert obey(state, best, now_ms=20) == OutsideSalesWindow(ONLINE, 10, 20)
    at_the_counter = c.HoldSeats("h3", "bert", (3,), BOX_OFFICE)
    assert obey(state, at_the_counter, now_ms=14) == OutsideSalesWindow(BOX_OFFICE, 15, NEVER_MS)
    done(state, at_the_counter, now_ms=2**53)
    done(state, c.HoldSeats("h4", "cora", (4,), BACKEND), now_ms=0)


def test_the_refusal_says_when_the_channel_sells() -> None:
    assert OutsideSalesWindow(ONLINE, 1_900_000_000_000, NEVER_MS).message() == (
        "Channel 2 does not sell now: the online shop sells from 2030-03-17T17:46:40Z only."
    )
    assert OutsideSalesWindow(BOX_OFFICE, 0, 1_900_000_000_000).message() == (
        "Channel 1 does not sell now: the box office sells until 2030-03-17T17:46:40Z only."
    )


def test_of_what_was_cancelled_nothing_is_held_on_any_channel_and_the_reason_says_so() -> None:
    state = seat_map(rules=msgspec.structs.replace(RULES, on_sale=False, cancelled=True))
    for channel in (ONLINE, BOX_OFFICE, BACKEND):
        assert obey(state, c.HoldSeats("h1", "anna", (1,), channel), now_ms=1) == PerformanceCancelled()

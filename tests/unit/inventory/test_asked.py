"""A hold's id with another wish is refused, however alike the seats; with the same wish it gets its hold."""

from __future__ import annotations

import msgspec
import pytest

from services.inventory.domain import commands as c
from services.inventory.domain.asked import fingerprint
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.dispatch import decide
from services.inventory.domain.recorded import PerformanceRecord
from services.inventory.domain.records import ASKED_UNTOLD, Hold
from services.inventory.domain.restoration import restore
from services.inventory.domain.seat_map import SeatMap
from services.runtime.errors import IdempotencyKeyReused
from tests.unit.inventory.builders import ONLINE, RULES, done, hold, obey, seat_map

BOX_OFFICE = 1
REUSED = IdempotencyKeyReused("hold_id", "h1")
BEST = c.HoldBestAvailable("h1", "anna", (SeatGroup(2, ("Stalls", "Circle")),), ONLINE)
TWO_SEATS = hold("h1", 4, 5)


def hall() -> SeatMap:
    """One row in which every seat is of no category: groups that name some have no room."""
    return seat_map()


def best(*, groups: tuple[SeatGroup, ...] = (SeatGroup(2),), channel: int = ONLINE, ttl_ms: int = 0) -> c.Command:
    return c.HoldBestAvailable("h1", "anna", groups, channel, ttl_ms=ttl_ms)


def failed_over(state: SeatMap) -> SeatMap:
    """As the next owner puts it together."""
    restored, stale = restore(state.capacity, RULES, PerformanceRecord([*state.claims.values()]), state.holds.values())
    assert stale == []
    return restored


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (best(), best(groups=(SeatGroup(2, ("Circle",)),))),
        (best(), best(groups=(SeatGroup(2, (), ("Balcony",)),))),
        (best(), best(groups=(SeatGroup(2, accessible=1),))),
        (best(), best(groups=(SeatGroup(1), SeatGroup(1)))),
        (best(), best(groups=(SeatGroup(3),))),
        (best(), best(channel=BOX_OFFICE)),
        (best(), best(ttl_ms=30_000)),
        (best(), c.HoldBestAvailable("h1", "anna", (SeatGroup(2),), ONLINE, may_split=True)),
        (best(), c.HoldBestAvailable("h1", "bert", (SeatGroup(2),), ONLINE)),
        (best(), TWO_SEATS),
        (TWO_SEATS, best()),
        (TWO_SEATS, hold("h1", 4, 5, ttl_ms=30_000)),
        (TWO_SEATS, c.HoldSeats("h1", "anna", (4, 5), BOX_OFFICE)),
        (TWO_SEATS, hold("h1", 4)),
    ],
)
def test_a_holds_id_with_another_wish_is_refused_also_after_a_failover_and_a_move(
    first: c.Command, other: c.Command
) -> None:
    state = done(hall(), first)
    assert obey(state, other) == REUSED
    assert obey(failed_over(state), other) == REUSED
    done(state, c.MoveHold("h1", "anna", (8, 9)))
    assert obey(failed_over(state), other) == REUSED


@pytest.mark.parametrize("first", [best(), TWO_SEATS, hold("h1", 4, 5, ttl_ms=30_000), best(ttl_ms=30_000)])
def test_a_copy_is_told_the_hold_as_it_stands_also_after_a_failover_and_a_move(first: c.Command) -> None:
    state = done(hall(), first)
    assert decide(failed_over(state), first, 1) == Accepted(hold=state.holds["h1"])
    done(state, c.MoveHold("h1", "anna", (7, 8, 9)), c.MoveHold("h1", "anna", (1, 9)), c.ExtendHold("h1", "anna"))
    assert decide(failed_over(state), first, 1) == Accepted(hold=state.holds["h1"])
    assert state.holds["h1"].seats == (1, 9)


def test_where_a_hold_moved_to_is_no_content_of_its_first_command() -> None:
    """Else the id would mean two things: the first command, and one that nobody sent."""
    state = done(hall(), TWO_SEATS, c.MoveHold("h1", "anna", (8, 9)))
    assert obey(state, hold("h1", 8, 9)) == REUSED


def test_names_in_another_order_are_the_same_wish() -> None:
    again = msgspec.structs.replace(BEST, groups=(SeatGroup(2, ("Circle", "Stalls")),))
    assert fingerprint(again) == fingerprint(BEST)


def test_a_fingerprint_is_the_same_in_every_process_and_version() -> None:
    """It is stored with the hold and compared by the next owner."""
    assert fingerprint(BEST) == "dd8ce56b32f67e154b906dc3"
    assert fingerprint(TWO_SEATS) == "2adaf47351560fe515386e1c"


def test_a_hold_of_the_version_before_is_known_by_its_seats_or_their_number() -> None:
    """Its record tells nothing else, and callers ask again just when owners change: during a deployment."""
    old = Hold("h1", "anna", (4, 5), ONLINE, 0, 60_000, asked=ASKED_UNTOLD)
    state, _ = restore(10, RULES, PerformanceRecord(), [old])
    assert obey(state, hold("h1", 4, 5, ttl_ms=30_000)) == Accepted(hold=old)
    assert obey(state, BEST) == Accepted(hold=old)
    assert obey(state, hold("h1", 4)) == REUSED
    assert obey(state, best(groups=(SeatGroup(3),))) == REUSED

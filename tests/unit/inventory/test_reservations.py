"""Reservations (R4.8): seats promised without payment, with a deadline or none; used in quotas, never sold."""

from __future__ import annotations

import msgspec
import pytest

from services.contracts.quotas import SalePhase
from services.inventory.domain import commands as c
from services.inventory.domain import reservations
from services.inventory.domain.decisions import NOTHING, Accepted
from services.inventory.domain.records import HoldRules
from services.inventory.domain.refusals import (
    ClaimEnded,
    ClaimMismatch,
    PerformanceCancelled,
    QuotaReached,
    SeatsTaken,
    TicketTypeNotAssigned,
)
from services.inventory.domain.reservation_refusals import ReservationForeign, ReservationNotFound, ReservationOver
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_state import CLAIMED, FREE, RESERVED, SOLD
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused
from tests.unit.inventory.builders import RULES, claim, done, hold, obey, obey_as_owners_do, seat_map
from tests.unit.inventory.quota_terms import BACKEND, ONLINE, quota


def reserve(
    name: str, *seats: int, deadline_ms: int = 0, asked: str = "asked", channel: int = BACKEND
) -> c.ReserveSeats:
    return c.ReserveSeats(name, "anna", seats, channel, "file 7", deadline_ms, asked)


def from_reservation(
    order: str, name: str, *seats: int, holder: str = "anna", types: tuple[str, ...] = ()
) -> c.ClaimSeats:
    return c.ClaimSeats(order, holder, "", seats, BACKEND, types, reservation_id=name)


def with_rules(**changed: object) -> SeatMap:
    return seat_map(rules=msgspec.structs.replace(RULES, **changed))


def test_r4_8_reserved_seats_are_nobody_elses_and_no_sale() -> None:
    state = done(seat_map(), reserve("r1", 1, 2))
    assert isinstance(obey(state, hold("h1", 2)), SeatsTaken)
    assert isinstance(obey(state, c.BlockSeats((1,), "camera")), SeatsTaken)
    counts = state.counts()
    assert (counts.reserved, counts.sold, counts.free) == (2, 0, 8)


def test_r4_8_48_sold_and_5_reserved_of_60_leave_7() -> None:
    rules = HoldRules(on_sale=True, seats_per_holder=100, ttl_ms=60_000, quotas=(quota(100, online_presale=60),))
    state = SeatMap(100, rules)
    sold = c.HoldSeats("h1", "bert", tuple(range(48)), ONLINE)
    done(state, sold, claim("o1", "h1", *range(48), holder="bert"), c.ConfirmClaim("o1"))
    done(state, reserve("r1", *range(50, 55)))
    no = obey(state, c.HoldSeats("h2", "bert", tuple(range(60, 68)), ONLINE))
    assert isinstance(no, QuotaReached)
    assert (no.available, no.used) == (7, 53)
    done(state, c.HoldSeats("h3", "bert", tuple(range(60, 67)), ONLINE))


def test_a_reservation_counts_against_its_own_channels_cap() -> None:
    state = with_rules(quotas=(quota(10, online_presale=50, backend_presale=20),))
    assert isinstance(obey(state, reserve("r1", 1, 2, 3)), QuotaReached)
    done(state, reserve("r1", 1, 2))


def test_reservations_of_one_batch_of_the_record_count_each_other() -> None:
    state = with_rules(quotas=(quota(10, backend_presale=30),))
    answers = obey_as_owners_do(state, [reserve("r1", 1, 2), reserve("r2", 3, 4), reserve("r3", 5), reserve("r4", 5)])
    assert [type(answer) for answer in answers] == [Accepted, QuotaReached, Accepted, SeatsTaken]


def test_seats_are_promised_before_the_sale_opens_and_never_of_what_was_cancelled() -> None:
    done(with_rules(on_sale=False), reserve("r1", 1))
    assert obey(with_rules(on_sale=False, cancelled=True), reserve("r1", 1)) == PerformanceCancelled()


def test_it_becomes_an_orders_claim_in_one_step() -> None:
    state = done(seat_map(), reserve("r1", 1, 2), from_reservation("o1", "r1", 1, 2))
    assert (state.status(1), state.seats_of("anna")) == (CLAIMED, 2)
    assert obey(state, from_reservation("o1", "r1", 1, 2)) == NOTHING
    done(state, c.ConfirmClaim("o1"))
    assert state.status(1) == SOLD
    assert obey(state, from_reservation("o2", "r1", 1, 2)) == ReservationOver("r1", "became an order")
    assert obey(state, c.ReleaseReservation("r1")) == ReservationOver("r1", "became an order")


def test_a_claim_is_of_all_its_seats_for_its_own_holder_and_in_time() -> None:
    state = done(seat_map(), reserve("r1", 1, 2, deadline_ms=1_000))
    assert obey(state, from_reservation("o1", "r1", 1)) == ClaimMismatch("o1", "r1")
    assert obey(state, from_reservation("o1", "r1", 1, 2, holder="bert")) == ReservationForeign("r1")
    assert obey(state, from_reservation("o1", "r9", 1, 2)) == ReservationNotFound("r9")
    assert obey(state, from_reservation("o1", "r1", 1, 2), 1_000) == ReservationOver("r1", "reached its deadline")
    assert isinstance(obey(state, from_reservation("o1", "r1", 1, 2), 999), Accepted)


def test_a_claim_of_a_reservation_never_fails_on_a_cap_and_asks_for_its_ticket_types() -> None:
    assigned = frozenset({("normal", ONLINE, SalePhase.PRESALE)})
    state = done(seat_map(), reserve("r1", 1, 2))
    rules = msgspec.structs.replace(RULES, quotas=(quota(0, assignments=assigned),))
    done(state, c.ChangeSaleTerms(rules))
    child = from_reservation("o1", "r1", 1, 2, types=("normal", "child"))
    assert isinstance(obey(state, child), TicketTypeNotAssigned)
    done(state, from_reservation("o1", "r1", 1, 2, types=("normal", "normal")))


def test_an_order_whose_claim_of_a_reservation_ended_may_still_be_paid_late() -> None:
    state = done(seat_map(), reserve("r1", 1), from_reservation("o1", "r1", 1), c.CancelClaim("o1"))
    assert state.status(1) == FREE
    done(state, claim("o1", "", 1), c.CancelClaim("o1"))
    assert obey(state, claim("o1", "", 1)) == ClaimEnded("o1")


def test_a_deadline_is_proposed_and_the_recorded_one_decides() -> None:
    state = done(seat_map(), reserve("r1", 1, deadline_ms=1_000), reserve("r2", 2))
    assert obey(state, c.ExpireReservation("r1"), 999) == NOTHING
    done(state, c.ExtendReservation("r1", 2_000))
    assert obey(state, c.ExpireReservation("r1"), 1_999) == NOTHING
    assert isinstance(obey(state, c.ExpireReservation("r1"), 2_000), Accepted)
    assert state.status(1) == FREE
    for name in ("r1", "r2", "r9"):
        assert obey(state, c.ExpireReservation(name), 10**15) == NOTHING
    assert state.status(2) == RESERVED


def test_a_deadline_may_be_taken_away_and_never_lies_in_the_past() -> None:
    state = done(seat_map(), reserve("r1", 1, deadline_ms=1_000), c.ExtendReservation("r1", 0))
    assert obey(state, c.ExpireReservation("r1"), 10**15) == NOTHING
    for command in (reserve("r2", 2, deadline_ms=5_000), c.ExtendReservation("r1", 5_000)):
        no = obey(state, command, 5_000)
        assert isinstance(no, FieldInvalid)
        assert no.message() == "deadline_at 1970-01-01T00:00:05Z has passed (limit: a time to come, or none)."


def test_a_copy_changes_nothing_even_when_it_comes_late() -> None:
    first = reserve("r1", 1, deadline_ms=1_000)
    state = done(seat_map(), first)
    assert obey(state, first) == NOTHING
    assert isinstance(obey(state, reserve("r1", 1, asked="otherwise")), IdempotencyKeyReused)
    done(state, c.ReleaseReservation("r1"))
    assert obey(state, first, 5_000) == NOTHING
    assert state.status(1) == FREE


@pytest.mark.parametrize("end", [c.ReleaseReservation("r1"), c.ExpireReservation("r1")])
def test_what_has_ended_is_not_extended_and_may_be_released_again(end: c.Command) -> None:
    state = done(seat_map(), reserve("r1", 1, deadline_ms=1_000))
    done(state, end, now_ms=1_000)
    found = state.reservation("r1")
    assert found is not None
    assert obey(state, c.ExtendReservation("r1", 0)) == ReservationOver("r1", reservations.ENDINGS[found.state])
    assert obey(state, c.ReleaseReservation("r1")) == NOTHING
    assert obey(state, c.ReleaseReservation("r9")) == ReservationNotFound("r9")
    done(state, hold("h1", 1))

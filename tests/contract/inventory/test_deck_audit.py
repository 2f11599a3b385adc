"""`balcon audit` sees each way in which the card deck can be wrong (R1.1, INV-5), and nothing where it is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.postgres_audit import PostgresAudit
from services.inventory.adapters.tables import (
    allotment,
    allotment_seat,
    allotment_step,
    reservation,
    reserved_seat,
    seat_block,
)
from services.inventory.domain import allotments as kinds
from services.inventory.domain.allotments import Allotment, Step
from services.inventory.domain.changes import (
    AllotmentStepped,
    RecordChange,
    ReservationReleased,
    SeatsBlocked,
    SeatsReserved,
)
from services.inventory.domain.records import BlockKind
from services.inventory.domain.reservations import RELEASED, STANDING, Reservation
from services.inventory.domain.seat_state import ALLOTTED, FREE, REPORTED_SOLD
from services.runtime.testing.servers import as_owner
from tests.contract.inventory.shelves import NAME, claimed, confirmed, postgres_record

DEALT = Allotment("a1", kinds.HARD, "office_1", "", 1_000, version=1, open=(10, 11, 12, 13), handed_out=4)
REPORTED = msgspec.structs.replace(DEALT, version=2, open=(11, 12, 13), sold=(10,))
CLOSED = msgspec.structs.replace(REPORTED, version=3, open=(), returned=3, closed_at_ms=2_000)
OTHER = Allotment("a2", kinds.FOREIGN, "office_2", "", 1_000, version=1, open=(20,), handed_out=1)


PROMISED = Reservation("r2", "till", (31,), 1, "", 0, 1_000, "told")


def stepped(after: Allotment, kind: int, seats: Sequence[int], becomes: int) -> AllotmentStepped:
    step = Step(
        f"{after.allotment_id}-{after.version}", after.allotment_id, kind, "told", tuple(seats), after.version, 1_000
    )
    return AllotmentStepped(after, step, becomes)


DECK: list[RecordChange] = [
    claimed("o1", 1),
    confirmed("o1", 1),
    SeatsBlocked((2,), "camera"),
    SeatsBlocked((3, 4), "house seats", None, BlockKind.SOFT),
    claimed("o2", 3),
    SeatsReserved(Reservation("r1", "till", (4, 30), 1, "", 0, 1_000, "told")),
    SeatsReserved(PROMISED),
    ReservationReleased(msgspec.structs.replace(PROMISED, state=RELEASED)),
    stepped(DEALT, kinds.HANDED_OUT, (10, 11, 12, 13), ALLOTTED),
    stepped(REPORTED, kinds.SOLD_REPORTED, (10,), REPORTED_SOLD),
    stepped(OTHER, kinds.HANDED_OUT, (20,), ALLOTTED),
    stepped(CLOSED, kinds.CLOSED, (11, 12, 13), FREE),
]
RESERVED = reserved_seat.c.seat_index == 30
ROW = {"performance_id": NAME, "house_id": "house_1", "epoch": 1}
BLOCK = {**ROW, "kind": "HARD", "reason": "camera"}
SEAT = {**ROW, "allotment_id": "a2", "reported_sold": False}


async def dealt(engine: AsyncEngine) -> PostgresAudit:
    record = postgres_record(engine)
    await record.claims.append(NAME, await record.owned(), 1, DECK)
    return PostgresAudit(engine)


async def found(audit: PostgresAudit) -> dict[str, Sequence[str]]:
    checks = {check.name: check.violations for check in await audit.checks("") if check.violations}
    assert checks == {check.name: check.violations for check in await audit.checks(NAME) if check.violations}
    assert not any(check.violations for check in await audit.checks("perf_2"))
    return checks


async def test_a_deck_that_is_right_is_found_right_and_counted(engine: AsyncEngine) -> None:
    audit = await dealt(engine)
    assert await found(audit) == {}
    counts = await audit.counts([NAME, "perf_2"])
    assert counts == {
        NAME: {"claimed": 1, "sold": 1, "blocked": 3, "reserved": 2, "allotted": 1, "reported_sold": 1},
        "perf_2": {},
    }


@pytest.mark.parametrize(
    ("wrong", "check", "told"),
    [
        (insert(seat_block).values(BLOCK | {"seat_index": 1, "seat_id": "s1"}), "no seat both blocked and claimed", 1),
        (
            insert(seat_block).values(BLOCK | {"kind": "SOFT", "seat_index": 1, "seat_id": "s1"}),
            "no seat both blocked and claimed",
            1,
        ),
        (
            update(seat_block).where(seat_block.c.seat_index == 3).values(kind="HARD"),
            "no seat both blocked and claimed",
            3,
        ),
        (
            update(allotment_seat).where(allotment_seat.c.seat_index == 10).values(seat_index=3),
            "no seat both allotted and claimed",
            3,
        ),
        (
            update(allotment_seat).where(allotment_seat.c.seat_index == 10).values(seat_index=2),
            "no seat both allotted and blocked",
            2,
        ),
        (
            update(allotment_seat).where(allotment_seat.c.seat_index == 10).values(reported_sold=False),
            "a closed allotment has nothing open",
            10,
        ),
        (update(reserved_seat).where(RESERVED).values(seat_index=1), "no seat both reserved and claimed", 1),
        (update(reserved_seat).where(RESERVED).values(seat_index=2), "no seat both reserved and blocked", 2),
        (update(reserved_seat).where(RESERVED).values(seat_index=10), "no seat both reserved and allotted", 10),
    ],
)
async def test_a_seat_in_two_hands_is_found(engine: AsyncEngine, wrong: Any, check: str, told: int) -> None:
    audit = await dealt(engine)
    async with as_owner(engine).begin() as connection:
        await connection.execute(wrong)
    assert (await found(audit))[check] == [f"performance {NAME} seat index {told}"]


@pytest.mark.parametrize(
    ("wrong", "checks"),
    [
        (delete(allotment_seat).where(allotment_seat.c.seat_index == 10), {"add up"}),
        (insert(allotment_seat).values(SEAT | {"allotment_id": "a1", "seat_index": 30, "seat_id": "s30"}), {"add up"}),
        (update(allotment).where(allotment.c.allotment_id == "a1").values(handed_out=5), {"add up", "steps"}),
        (update(allotment).where(allotment.c.allotment_id == "a1").values(returned=2), {"add up", "steps"}),
        (update(allotment).where(allotment.c.allotment_id == "a1").values(version=4), {"steps"}),
        (delete(allotment_step).where(allotment_step.c.step_id == "a1-2"), {"steps"}),
        (delete(allotment).where(allotment.c.allotment_id == "a1"), {"add up", "steps"}),
    ],
)
async def test_an_allotment_that_does_not_add_up_is_found(engine: AsyncEngine, wrong: Any, checks: set[str]) -> None:
    audit = await dealt(engine)
    async with as_owner(engine).begin() as connection:
        await connection.execute(wrong)
    names = {"add up": "allotments add up: handed out = open + reported sold + returned"}
    names["steps"] = "the steps of an allotment make it what it is"
    told = await found(audit)
    for short, name in names.items():
        assert (told.get(name) == [f"performance {NAME} allotment a1"]) == (short in checks), told


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (delete(reserved_seat).where(RESERVED), "r1"),
        (update(reserved_seat).where(RESERVED).values(reservation_id="r3"), "r3"),
        (update(reservation).where(reservation.c.reservation_id == "r1").values(state=RELEASED), "r1"),
        (update(reservation).where(reservation.c.reservation_id == "r2").values(state=STANDING), "r2"),
    ],
)
async def test_reserved_seats_of_a_reservation_that_does_not_stand_are_found(
    engine: AsyncEngine, wrong: Any, told: str
) -> None:
    audit = await dealt(engine)
    async with as_owner(engine).begin() as connection:
        await connection.execute(wrong)
    violations = (await found(audit))["reserved are the seats of reservations that stand"]
    assert f"performance {NAME} reservation {told}" in violations

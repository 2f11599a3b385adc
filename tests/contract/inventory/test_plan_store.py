"""What every PlanStore promises: the new plan, renumbered claims and blocks and the end of the epoch, or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import insert, select, update

from services.inventory.adapters.memory_stores import MemoryPerformances, MemoryPlans, MemoryRecord
from services.inventory.adapters.postgres_audit import PostgresAudit
from services.inventory.adapters.postgres_plan_store import PostgresPlanStore
from services.inventory.adapters.tables import performance, seat_claim
from services.inventory.domain.changes import RecordChange, SeatsBlocked
from services.inventory.domain.plan_adoption import GONE, SeatMoves
from services.inventory.domain.records import BlockKind
from services.inventory.ports import Fenced, PlanStore, SeatPlan
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.contract.inventory.shelves import (
    HALL,
    NAME,
    Record,
    cancelled,
    claim,
    claimed,
    confirmed,
    postgres_record,
    reserved,
)

# Seat 0 is gone, a new one is in front of 1, 2 and 3, which change places with each other.
MOVES = SeatMoves((GONE, 3, 1, 2, *range(4, 8), 9, 8, *range(10, 100)))

PERFORMANCE = {
    "performance_id": NAME, "house_id": HALL.house_id, "hall_id": "hal_1", "plan_version": 3, "on_sale": True,
    "seats_per_holder": 10, "hold_ttl_seconds": 60,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shelf:
    """A plan store, and the record that it changes."""

    plans: PlanStore
    record: Record


@pytest.fixture(params=["memory", "postgres"])
async def shelf(request: pytest.FixtureRequest, database_url: DatabaseUrl) -> AsyncIterator[Shelf]:
    if request.param == "memory":
        record = MemoryRecord()
        plan = SeatPlan.of(4, [f"t{number}" for number in range(100)])
        yield Shelf(MemoryPlans(record, MemoryPerformances(HALL), plan), Record(record, record, record))
        return
    engine = create_engine(database_url("inventory"), application="test")
    async with as_owner(engine).begin() as connection:
        await connection.execute(insert(performance).values(PERFORMANCE))
    yield Shelf(PostgresPlanStore(engine), postgres_record(engine))
    await engine.dispose()


async def test_claims_and_blocks_are_found_under_their_new_numbers_by_the_next_owner(shelf: Shelf) -> None:
    epoch = await shelf.record.owned()
    changes: list[RecordChange] = [
        claimed("o1", 1, 2),
        confirmed("o1", 1, 2),
        claimed("o2", 5),
        SeatsBlocked((3,), "camera", None, BlockKind.SOFT),
        reserved("r1", 7, 8),
    ]
    await shelf.record.claims.append(NAME, epoch, 1, changes)
    await shelf.plans.adopt(HALL, epoch, 4, MOVES)
    found = await shelf.record.claims.load(NAME, await shelf.record.owned(epoch + 1))
    assert sorted(found.claims, key=lambda one: one.order_id) == [claim("o1", 1, 3, sold=True), claim("o2", 5)]
    assert list(found.blocked) == list(found.softly_blocked) == [2]
    assert [each.seats for each in found.reservations] == [(7, 9)]
    assert found.plan_version == 4


async def test_the_epoch_is_over_so_that_nothing_late_is_written_by_old_numbers(shelf: Shelf) -> None:
    epoch = await shelf.record.owned()
    await shelf.plans.adopt(HALL, epoch, 4, MOVES)
    with pytest.raises(Fenced):
        await shelf.record.claims.append(NAME, epoch, 1, [claimed("late", 1)])
    owner = await shelf.record.directory.owner_of(NAME)
    assert owner is not None
    assert (owner.incarnation, owner.endpoint, owner.epoch) == ("", "", epoch + 1)


async def test_sent_again_it_is_done_already_and_done_once(shelf: Shelf) -> None:
    epoch = await shelf.record.owned()
    await shelf.record.claims.append(NAME, epoch, 1, [claimed("o1", 1)])
    for _ in range(2):
        await shelf.plans.adopt(HALL, epoch, 4, MOVES)
    found = await shelf.record.claims.load(NAME, await shelf.record.owned(epoch + 1))
    assert list(found.claims) == [claim("o1", 3)]


async def test_who_is_not_the_owner_any_more_changes_nothing(shelf: Shelf) -> None:
    epoch = await shelf.record.owned()
    await shelf.record.claims.append(NAME, epoch, 1, [claimed("o1", 1)])
    newer = await shelf.record.owned(epoch)
    with pytest.raises(Fenced):
        await shelf.plans.adopt(HALL, epoch, 4, MOVES)
    found = await shelf.record.claims.load(NAME, newer)
    assert list(found.claims) == [claim("o1", 1)]
    assert found.plan_version in {0, 3}


async def test_history_of_seats_that_are_gone_is_in_nobodys_way(shelf: Shelf) -> None:
    """Seat 0 was claimed and given back before it went; its number is another seat's then, for the same order too."""
    epoch = await shelf.record.owned()
    await shelf.record.claims.append(NAME, epoch, 1, [claimed("o1", 0, 1), cancelled("o1", 0, 1)])
    away = SeatMoves((GONE, 0, *range(2, 100)))
    await shelf.plans.adopt(HALL, epoch, 4, away)
    after = await shelf.record.owned(epoch + 1)
    await shelf.record.claims.append(NAME, after, 1, [claimed("o1", 0)])
    found = await shelf.record.claims.load(NAME, after)
    assert list(found.claims) == [claim("o1", 0)]


async def test_rows_of_the_record_keep_the_history_of_each_version(database_url: DatabaseUrl) -> None:
    engine = create_engine(database_url("inventory"), application="test")
    record = postgres_record(engine)
    epoch = await record.owned()
    changes: list[RecordChange] = [claimed("o1", 0), cancelled("o1", 0), claimed("o2", 1)]
    await record.claims.append(NAME, epoch, 1, changes)
    await PostgresPlanStore(engine).adopt(HALL, epoch, 4, MOVES)
    async with as_owner(engine).connect() as connection:
        rows = (await connection.execute(select(seat_claim).order_by(seat_claim.c.order_id))).all()
    assert [(row.order_id, row.seat_id, row.seat_index, row.plan_version) for row in rows] == [
        ("o1", "s0", -300_001, 3),
        ("o2", "s1", 3, 4),
    ]
    await engine.dispose()


async def test_the_audit_sees_a_claim_that_a_change_of_plan_left_behind(database_url: DatabaseUrl) -> None:
    engine = create_engine(database_url("inventory"), application="test")
    async with as_owner(engine).begin() as connection:
        await connection.execute(insert(performance).values(PERFORMANCE))
    record = postgres_record(engine)
    await record.claims.append(NAME, await record.owned(), 1, [claimed("o1", 1)])
    audit = PostgresAudit(engine)

    async def found() -> list[str]:
        return [violation for check in await audit.checks("") for violation in check.violations]

    assert await found() == []
    await PostgresPlanStore(engine).adopt(HALL, 1, 4, MOVES)
    assert await found() == []
    async with as_owner(engine).begin() as connection:
        await connection.execute(update(seat_claim).values(plan_version=3))
    assert await found() == [f"performance {NAME} seat index 3"]
    await engine.dispose()

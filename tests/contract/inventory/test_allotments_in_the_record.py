"""What every record promises of allotments: the next owner finds them and their steps, no seat is in two of them."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest
from balcon.acts.v1.acts_events_pb2 import ActDone
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.adapters.memory_stores import (
    MemoryDueReturns,
    MemoryPerformances,
    MemoryPlans,
    MemoryRecord,
)
from services.inventory.adapters.postgres_claim_store import PostgresClaimStore
from services.inventory.adapters.postgres_due_returns import PostgresDueReturns
from services.inventory.adapters.postgres_plan_store import PostgresPlanStore
from services.inventory.adapters.tables import outbox, performance
from services.inventory.domain import allotments as kinds
from services.inventory.domain import commands as c
from services.inventory.domain.allotments import Allotment, SeatsAsked
from services.inventory.domain.changes import RecordChange
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.dispatch import decide_for_the_record
from services.inventory.domain.plan_adoption import GONE, SeatMoves
from services.inventory.domain.recorded import PerformanceRecord
from services.inventory.domain.seat_map import SeatMap, apply
from services.inventory.ports import ClaimConflict, ClaimStore, DueReturn, DueReturns, PlanStore, SeatPlan
from services.runtime.bus.topics import ACTS, ALLOTMENTS
from services.runtime.clock import SystemClock
from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import HouseScope
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.contract.inventory.shelves import ACT_LOG, HALL, NAME, Record, claimed, postgres_record
from tests.contract.inventory.test_plan_store import PERFORMANCE

NOW = 1_800_000_000_000
# Seat 0 is gone, a new one is in front of 1, 2 and 3, which change places with each other.
MOVES = SeatMoves((GONE, 3, 1, 2, *range(4, 100)))
_AFTER = ["new", "s2", "s3", "s1", *(f"s{number}" for number in range(4, 100))]
AFTER = dataclasses.replace(HALL, plan=SeatPlan.of(4, _AFTER))
STAFF = PrincipalRef(PrincipalKind.STAFF, "person_1")


def some(*seats: int) -> SeatsAsked:
    return SeatsAsked(seats)


def allot(allotment_id: str, *seats: int, due_ms: int = 0, on_behalf_of: PrincipalRef | None = None) -> c.AllotSeats:
    return c.AllotSeats(
        step_id=f"make_{allotment_id}",
        asked="asked",
        allotment_id=allotment_id,
        kind=kinds.HARD,
        office_id="office_1",
        wanted=some(*seats),
        note="for the shop",
        return_due_at_ms=due_ms,
        on_behalf_of=on_behalf_of,
    )


def report(allotment_id: str, *seats: int, step_id: str = "report") -> c.ReportSold:
    return c.ReportSold(step_id=step_id, asked="sold", allotment_id=allotment_id, wanted=some(*seats))


def recall(allotment_id: str, *seats: int, step_id: str = "recall") -> c.RecallSeats:
    return c.RecallSeats(step_id=step_id, asked="back", allotment_id=allotment_id, wanted=some(*seats))


class Hall:
    """An owner without an actor: it decides and leaves the changes for the record."""

    def __init__(self) -> None:
        self.state = SeatMap(100, HALL.rules)

    def changes(self, *commands: c.RecordCommand, now_ms: int = NOW) -> list[RecordChange]:
        made: list[RecordChange] = []
        for command in commands:
            decision = decide_for_the_record(self.state, command, now_ms)
            assert isinstance(decision, Accepted), decision
            if decision.change is not None:
                apply(self.state, decision.change)
                made.append(decision.change)
        return made


def found(loaded: PerformanceRecord) -> dict[str, Allotment]:
    return {each.allotment_id: each for each in loaded.allotments}


async def test_the_next_owner_finds_allotments_and_all_that_was_done(record: Record) -> None:
    epoch, hall = await record.owned(), Hall()
    await record.claims.append(NAME, epoch, 1, hall.changes(allot("a1", 1, 2, 3, 4), allot("a2", 9)))
    await record.claims.append(NAME, epoch, 2, hall.changes(report("a1", 1, 2), recall("a1", 3)))
    close = c.CloseAllotment(step_id="end", asked="end", allotment_id="a2")
    await record.claims.append(NAME, epoch, 3, hall.changes(close, now_ms=NOW + 5))
    loaded = await record.claims.load(NAME, await record.owned(epoch))
    assert found(loaded) == hall.state.allotments
    assert {step.step_id: step.seats for step in loaded.steps} == {
        "make_a1": (1, 2, 3, 4),
        "make_a2": (9,),
        "report": (1, 2),
        "recall": (3,),
        "end": (9,),
    }
    told = {step.step_id: (step.allotment_id, step.kind, step.asked, step.version) for step in loaded.steps}
    assert told["report"] == ("a1", kinds.SOLD_REPORTED, "sold", 2)
    assert told["recall"] == ("a1", kinds.RECALLED, "back", 3)


async def test_steps_of_one_seat_in_one_batch_are_written_in_their_order(record: Record) -> None:
    epoch, hall = await record.owned(), Hall()
    back = c.TakeBackReport(step_id="no", asked="no", allotment_id="a1", wanted=some(1))
    commands: list[c.RecordCommand] = [allot("a1", 1, 2), report("a1", 1, 2), back, recall("a1", 1), allot("a2", 1)]
    await record.claims.append(NAME, epoch, 1, hall.changes(*commands))
    loaded = found(await record.claims.load(NAME, await record.owned(epoch)))
    assert (loaded["a1"].open, loaded["a1"].sold, loaded["a2"].open) == ((), (2,), (1,))
    assert loaded == hall.state.allotments


async def test_a_seat_in_two_allotments_is_refused_with_its_whole_batch(record: Record) -> None:
    """R1.4: the last guard, whatever was decided."""
    epoch, one, other = await record.owned(), Hall(), Hall()
    await record.claims.append(NAME, epoch, 1, one.changes(allot("a1", 4, 5)))
    with pytest.raises(ClaimConflict):
        await record.claims.append(NAME, epoch, 2, [claimed("o1", 7), *other.changes(allot("a2", 5, 6))])
    loaded = await record.claims.load(NAME, epoch)
    assert (list(found(loaded)), list(loaded.claims)) == (["a1"], [])


async def test_a_step_id_stands_for_one_step(record: Record) -> None:
    epoch = await record.owned()
    await record.claims.append(NAME, epoch, 1, Hall().changes(allot("a1", 4)))
    twice = c.AllotSeats(
        step_id="make_a1", asked="", allotment_id="a3", kind=kinds.HARD, office_id="office_1", wanted=some(8)
    )
    with pytest.raises(ClaimConflict):
        await record.claims.append(NAME, epoch, 2, Hall().changes(twice))


async def test_the_same_batch_again_is_one_effect(record: Record) -> None:
    epoch, hall = await record.owned(), Hall()
    first = hall.changes(allot("a1", 1, 2))
    for _ in range(2):
        await record.claims.append(NAME, epoch, 1, first)
    await record.claims.append(NAME, epoch, 2, hall.changes(recall("a1", 1)))
    await record.claims.append(NAME, epoch, 1, first)
    loaded = await record.claims.load(NAME, epoch)
    assert (found(loaded)["a1"].open, len(loaded.steps)) == ((2,), 2)


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A change of plan: the record as the owner before writes it, and as the one after reads it."""

    plans: PlanStore
    before: Record
    after: ClaimStore


@pytest.fixture(params=["memory", "postgres"])
async def change(request: pytest.FixtureRequest, database_url: DatabaseUrl) -> AsyncIterator[Change]:
    if request.param == "memory":
        memory = MemoryRecord()
        plans = MemoryPlans(memory, MemoryPerformances(HALL), AFTER.plan)
        yield Change(plans, Record(memory, memory, memory), memory)
        return
    engine = create_engine(database_url("inventory"), application="test")
    async with as_owner(engine).begin() as connection:
        await connection.execute(insert(performance).values(PERFORMANCE))
    yield Change(PostgresPlanStore(engine), postgres_record(engine), PostgresClaimStore(engine, AFTER, ACT_LOG))
    await engine.dispose()


async def test_seats_of_allotments_are_found_under_their_new_numbers(change: Change) -> None:
    record = change.before
    epoch, hall = await record.owned(), Hall()
    changes = hall.changes(allot("a1", 0, 1, 2, 3), report("a1", 1), recall("a1", 0))
    await record.claims.append(NAME, epoch, 1, changes)
    await change.plans.adopt(HALL, epoch, 4, MOVES)
    loaded = await change.after.load(NAME, await record.owned(epoch + 1))
    assert (found(loaded)["a1"].open, found(loaded)["a1"].sold) == ((1, 2), (3,))
    assert {step.step_id: step.seats for step in loaded.steps} == {"make_a1": (1, 2, 3), "report": (3,), "recall": ()}


async def test_what_is_due_is_found_whoever_owns_it_and_page_by_page(record: Record, engine: AsyncEngine) -> None:
    performances, clock = MemoryPerformances(HALL), SystemClock()
    due: DueReturns = PostgresDueReturns(engine)
    if isinstance(record.claims, MemoryRecord):
        due = MemoryDueReturns(record.claims, performances, clock)
    epoch, hall = await record.owned(), Hall()
    commands = [
        allot("a1", 1, due_ms=2_000),
        allot("a2", 2, due_ms=1_000),
        allot("a3", 3, due_ms=clock.now_ms() + 3_600_000),
        allot("a4", 4),
        allot("a5", 5, due_ms=3_000),
    ]
    await record.claims.append(NAME, epoch, 1, hall.changes(*commands, now_ms=500))
    close = c.CloseAllotment(step_id="end", asked="", allotment_id="a5")
    await record.claims.append(NAME, epoch, 2, hall.changes(close, now_ms=600))
    expected = [DueReturn(1_000, NAME, "a2", "house_1"), DueReturn(2_000, NAME, "a1", "house_1")]
    assert await due.due(None, 10) == expected
    assert await due.due(None, 1) == expected[:1]
    assert await due.due(expected[0], 10) == expected[1:]
    done = hall.changes(c.ReturnDue(allotment_id="a2"), now_ms=1_000)
    await record.claims.append(NAME, epoch, 3, done)
    assert await due.due(None, 10) == expected[1:]


async def test_topic_and_act_log_are_told_of_each_step_in_its_transaction(engine: AsyncEngine) -> None:
    record = postgres_record(engine)
    epoch, hall = await record.owned(), Hall()
    batch = hall.changes(allot("a1", 1, 2, on_behalf_of=STAFF), report("a1", 1))
    for _ in range(2):
        await record.claims.append(NAME, epoch, 1, batch)
    with pytest.raises(ClaimConflict):
        await record.claims.append(NAME, epoch, 2, Hall().changes(allot("a2", 1)))
    async with connected(engine, HouseScope("house_1")) as connection:
        query = select(outbox.c.topic, outbox.c.key, outbox.c.payload).order_by(outbox.c.id)
        rows = (await connection.execute(query)).all()
    assert [(row.topic, row.key) for row in rows] == [(ALLOTMENTS, NAME)] * 2 + [(ACTS, "house_1")] * 2
    acts = [ActDone.FromString(row.payload) for row in rows if row.topic == ACTS]
    assert [act.act for act in acts] == ["allotment.handed_out", "allotment.reported_sold"]
    assert (acts[0].who.subject, acts[0].facts["allotment"], acts[0].facts["seats"]) == ("person_1", "a1", "s1, s2")

"""R1.4: a seat is in one hand, whoever reaches for it at once; each guard of that with the control that shows it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.inventory.actors.record_batch import RecordBatch
from services.inventory.adapters.postgres_claim_store import PostgresClaimStore
from services.inventory.adapters.tables import allotment_seat
from services.inventory.domain import allotments as kinds
from services.inventory.domain import commands as c
from services.inventory.domain.allotments import SeatsAsked
from services.inventory.domain.changes import RecordChange
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.seat_state import ALLOTTED, FREE, REPORTED_SOLD
from services.inventory.ports import WritesLost
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.concurrency import rig as rigs
from tests.concurrency.rig import Guards, Rig, running_rig

ONLINE = 2
SEATS = range(12)


def allot(allotment_id: str, *seats: int) -> c.AllotSeats:
    return c.AllotSeats(
        step_id=f"make_{allotment_id}",
        asked="asked",
        allotment_id=allotment_id,
        kind=kinds.HARD,
        office_id="office_1",
        wanted=SeatsAsked(seats),
    )


def late(seat: int) -> c.ClaimSeats:
    """A claim of a seat that nobody holds."""
    return c.ClaimSeats(f"o{seat}", "anna", "", (seat,), ONLINE)


async def in_offices(engine: AsyncEngine) -> dict[int, set[str]]:
    """Allotments by seat, as the record says."""
    found: dict[int, set[str]] = defaultdict(set)
    async with as_owner(engine).connect() as connection:
        rows = await connection.execute(select(allotment_seat.c.seat_index, allotment_seat.c.allotment_id))
        for seat, allotment_id in rows:
            found[seat].add(allotment_id)
    return found


async def hands(rig: Rig, first: Callable[[int], c.Command], second: Callable[[int], c.Command]) -> dict[int, int]:
    """How many were told that a seat is theirs: two ask for each at once, one at each of two owners."""
    await rig.believe()
    told: dict[int, int] = dict.fromkeys(SEATS, 0)

    async def ask(node: int, seat: int, command: c.Command) -> None:
        if isinstance(await rig.decide(rig.nodes[node], command), Accepted):
            told[seat] += 1

    await asyncio.gather(
        *(ask(0, seat, first(seat)) for seat in SEATS), *(ask(1, seat, second(seat)) for seat in SEATS)
    )
    return told


@pytest.mark.parametrize("checked", [True, False])
async def test_an_office_and_a_buyer_at_two_owners_never_both_get_a_seat_while_epochs_are_compared(
    redis_url: str, emptied_database_url: Callable[[str], str], checked: bool
) -> None:
    guards = Guards(epoch_check=checked)
    async with running_rig(redis_url, emptied_database_url("inventory"), guards) as rig:
        told = await hands(rig, lambda seat: allot(f"a{seat}", seat), late)
        recorded, allotted = await rig.recorded(), await in_offices(rig.engine)
    doubled = [seat for seat in SEATS if seat in recorded and seat in allotted]
    if checked:
        assert set(told.values()) == {1}
        assert doubled == []
        assert {*recorded, *allotted} == {*SEATS}
    else:
        assert doubled
        assert max(told.values()) == 2


@pytest.mark.parametrize("keyed", [True, False])
async def test_two_offices_at_two_owners_never_both_get_a_seat_while_its_row_has_a_key(
    redis_url: str, database_url: DatabaseUrl, emptied_database_url: Callable[[str], str], keyed: bool
) -> None:
    """The last guard, alone: no epoch is compared here."""
    url = emptied_database_url("inventory") if keyed else database_url("inventory")
    async with running_rig(redis_url, url, Guards(epoch_check=False)) as rig:
        if not keyed:
            async with as_owner(rig.engine).begin() as connection:
                await connection.execute(text("ALTER TABLE allotment_seat DROP CONSTRAINT pk_allotment_seat"))
        told = await hands(rig, lambda seat: allot(f"a{seat}", seat), lambda seat: allot(f"b{seat}", seat))
        allotted = await in_offices(rig.engine)
    if keyed:
        assert set(told.values()) == {1}
        assert {len(having) for having in allotted.values()} == {1}
    else:
        assert max(len(having) for having in allotted.values()) == 2
    assert {*allotted} == {*SEATS}


class GatedClaimStore(PostgresClaimStore):
    """Lets a test act while a batch is on its way."""

    gate: asyncio.Event
    came: asyncio.Event

    async def append(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        self.came.set()
        await self.gate.wait()
        await super().append(performance_id, epoch, batch, changes)


@pytest.mark.parametrize("reserved", [True, False])
async def test_seats_on_their_way_to_an_office_are_held_by_nobody(
    redis_url: str, emptied_database_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, reserved: bool
) -> None:
    GatedClaimStore.gate, GatedClaimStore.came = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(rigs, "PostgresClaimStore", GatedClaimStore)
    if not reserved:
        monkeypatch.setattr(RecordBatch, "reserve", lambda _batch, _seat_map: None)
    async with running_rig(redis_url, emptied_database_url("inventory"), Guards(), nodes=1) as rig:
        node = rig.nodes[0]
        handing_out = asyncio.create_task(rig.decide(node, allot("a1", 1, 2, 3)))
        await GatedClaimStore.came.wait()
        held = await rig.decide(node, c.HoldSeats("h1", "anna", (3, 4), ONLINE))
        claiming = asyncio.create_task(rig.decide(node, late(2)))
        GatedClaimStore.gate.set()
        assert isinstance(await handing_out, Accepted)
        assert isinstance(await claiming, Accepted) is False
        assert isinstance(held, Accepted) is not reserved
        (actor,) = await rig.believe()
        assert [actor.seat_map.status(seat) for seat in (1, 2, 3)] == [ALLOTTED] * 3
        # The control: an office and a buyer were both told that seat 3 is theirs.
        assert [hold.seats for hold in actor.seat_map.holds.values()] == ([] if reserved else [(3, 4)])


class DyingClaimStore(PostgresClaimStore):
    """Its owner dies at each of its batches once: before it is written, and after it and before anybody hears of it."""

    deaths: set[int]

    async def append(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        steps = len(changes)
        if steps and len(self.deaths) % 2 == 0:
            self.deaths.add(len(self.deaths))
            raise WritesLost(performance_id=performance_id, epoch=epoch, batch=batch)
        await super().append(performance_id, epoch, batch, changes)
        if steps:
            self.deaths.add(len(self.deaths))
            raise WritesLost(performance_id=performance_id, epoch=epoch, batch=batch)


def of(kind: type[c.AllottingCommand], step_id: str, *seats: int, **more: object) -> c.AllottingCommand:
    wanted = {"wanted": SeatsAsked(seats)} if seats else {}
    return kind(step_id=step_id, asked="asked", allotment_id="a1", **wanted, **more)  # type: ignore[arg-type, call-arg]


COMMANDS: Sequence[c.AllottingCommand] = (
    allot("a1", 0, 1, 2, 3, 4, 5),
    of(c.ReportSold, "s1", 0, 1, 2),
    of(c.TakeBackReport, "s2", 2),
    of(c.RecallSeats, "s3", 3),
    of(c.ExtendAllotment, "s4", 3, 9),
    of(c.ReturnUnsold, "s5", 9),
    of(c.CloseAllotment, "s6"),
)


async def test_a_crash_at_any_step_loses_nothing_and_does_nothing_twice(
    redis_url: str, emptied_database_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    DyingClaimStore.deaths = set()
    monkeypatch.setattr(rigs, "PostgresClaimStore", DyingClaimStore)
    async with running_rig(redis_url, emptied_database_url("inventory"), Guards()) as rig:
        for number, command in enumerate(COMMANDS):
            for node in (rig.nodes[number % 2], rig.nodes[1 - number % 2]):
                assert isinstance(await rig.decide(node, command), Accepted), command
            # Late copies of all before, at whoever owns it now.
            for earlier in COMMANDS[:number]:
                assert isinstance(await rig.decide(rig.nodes[0], earlier), Accepted), earlier
        assert len(DyingClaimStore.deaths) >= 2 * len(COMMANDS)
        judge = (await rig.believe())[-1]
        allotment = judge.seat_map.allotments["a1"]
        assert (allotment.version, allotment.handed_out, allotment.returned) == (7, 8, 6)
        assert (allotment.open, allotment.sold) == ((), (0, 1))
        assert [judge.seat_map.status(seat) for seat in range(4)] == [REPORTED_SOLD] * 2 + [FREE] * 2
        assert await in_offices(rig.engine) == {0: {"a1"}, 1: {"a1"}}

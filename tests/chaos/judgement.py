"""What must be true of a run's history and of the stores after it. Finds faults; mends nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.stack import HOUSE
from services.inventory.adapters.postgres_audit import PostgresAudit
from services.inventory.adapters.redis_hold_store import RedisHoldStore, decode_hold
from services.inventory.adapters.tables import allotment_seat, seat_claim
from services.runtime.testing.servers import as_owner
from tests.chaos.buyers import Buyer, House
from tests.chaos.history import OK, UNKNOWN, History, Record
from tests.chaos.inventory_nodes import Cluster
from tests.chaos.linearizability import TooManyOrders, check
from tests.chaos.projection import Window, pairs_of, project, project_jointly
from tests.chaos.seat_model import FREE

LOOKS = 6
LOOK_AGAIN_SECONDS = 1.0
Tell = Callable[[str], None]


@dataclass(slots=True)
class Findings:
    """What is wrong, in words; and how much was looked at."""

    wrong: list[str] = field(default_factory=list)
    seats: int = 0
    seat_operations: int = 0
    longest_seat_history: int = 0
    undecided: int = 0
    pairs: int = 0
    undecided_pairs: int = 0


def judge_seats(history: History, windows: Sequence[Window], findings: Findings) -> None:
    """Every seat's history must have an order that explains it."""
    for (performance, seat), operations in project(history, windows).items():
        findings.seats += 1
        findings.seat_operations += len(operations)
        findings.longest_seat_history = max(findings.longest_seat_history, len(operations))
        try:
            verdict = check(operations, FREE)
        except TooManyOrders:
            findings.undecided += 1
            continue
        if verdict.fault is not None:
            around = [
                f"    {operation.invoked:8.3f} {operation.returned:8.3f} {operation.name}"
                for operation in sorted(operations, key=lambda operation: operation.invoked)
                if operation.invoked <= verdict.fault.returned and operation.returned >= verdict.fault.invoked - 5
            ]
            states = ", ".join(f"{state.state} {state.by}" for state in verdict.states)
            findings.wrong.append(
                f"{performance} seat {seat}: {verdict.fault.name} cannot be; the seat was {states}\n"
                + "\n".join(around[-40:])
            )


def judge_pairs(history: History, windows: Sequence[Window], findings: Findings) -> None:
    """Two seats that were wanted together must have one order between them: no map shows half of a hold."""
    for (performance, *seats), operations in project_jointly(history, windows, pairs_of(history)).items():
        findings.pairs += 1
        try:
            verdict = check(operations, (FREE, FREE))
        except TooManyOrders:
            findings.undecided_pairs += 1
            continue
        if verdict.fault is not None:
            could_be = "; ".join(" and ".join(f"{seat.state} {seat.by}" for seat in both) for both in verdict.states)
            findings.wrong.append(
                f"{performance} seats {seats} together: {verdict.fault.name} cannot be; they were {could_be}"
            )


def judge_epochs(history: History, windows: Sequence[Window], findings: Findings) -> None:
    """Acknowledged changes of one performance never go back to a lower epoch."""
    by_performance: dict[str, list[Record]] = defaultdict(list)
    for record in history.operations:
        if record.outcome == OK and record.epoch and not any(window.overlaps(record) for window in windows):
            by_performance[record.performance].append(record)
    for performance, records in by_performance.items():
        by_return = sorted(records, key=lambda record: record.returned)
        highest, position = 0, 0
        for record in sorted(records, key=lambda record: record.sent):
            while by_return[position].returned < record.sent:
                highest = max(highest, by_return[position].epoch)
                position += 1
            if record.epoch < highest:
                findings.wrong.append(
                    f"{performance}: {record.act} #{record.number} answered by epoch {record.epoch} after {highest}"
                )


def _orders(history: History) -> dict[tuple[str, str], list[Record]]:
    orders: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in history.operations:
        if record.order:
            orders[record.performance, record.order].append(record)
    return orders


async def judge_record(cluster: Cluster, history: History, findings: Findings) -> None:
    """Acknowledged claims and sales are in the record, cancelled ones are not; and the record's own audit."""
    engine = as_owner(cluster.database_url)
    states: dict[tuple[str, str], set[str]] = defaultdict(set)
    async with engine.connect() as connection:
        query = select(seat_claim.c.performance_id, seat_claim.c.order_id, seat_claim.c.state)
        for performance, order, state in await connection.execute(query):
            states[performance, order].add(state)
    for key, records in _orders(history).items():
        expected = _expected_states(records)
        found = states.get(key, {"none"})
        if not found <= expected:
            findings.wrong.append(f"order {key[1]} of {key[0]} is {sorted(found)} in the record, not one of {expected}")
    for result in await PostgresAudit(engine).checks(""):
        findings.wrong += [f"audit {result.invariant}, {result.name}: {line}" for line in result.violations]
    await engine.dispose()


async def judge_allotments(cluster: Cluster, history: History, findings: Findings) -> None:
    """What offices were told to have, have reported and have given back, against the record."""
    engine = as_owner(cluster.database_url)
    found: dict[tuple[str, str], dict[int, bool]] = defaultdict(dict)
    async with engine.connect() as connection:
        query = select(allotment_seat.c.performance_id, allotment_seat.c.allotment_id, allotment_seat.c.seat_index)
        for performance, name, seat, sold in await connection.execute(
            query.add_columns(allotment_seat.c.reported_sold)
        ):
            found[performance, name][seat] = sold
    await engine.dispose()
    told: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in history.operations:
        if record.allotment:
            told[record.performance, record.allotment].append(record)
    for key, records in told.items():
        expected = expected_seats(records)
        if expected is not None and found[key] != expected:
            findings.wrong.append(f"allotment {key[1]} of {key[0]} has {found[key]} in the record, not {expected}")


def expected_seats(records: Sequence[Record]) -> dict[int, bool] | None:
    """Seats of an allotment and whether they are reported sold; None: nobody knows the end of a step."""
    by_act = {record.act: record for record in records}
    if any(record.outcome == UNKNOWN for record in by_act.values()):
        return None
    seats: dict[int, bool] = {}
    for act in ("allot", "report", "give_back"):
        record = by_act.get(act)
        if record is None or record.outcome != OK:
            continue
        for seat in record.seats:
            if act == "give_back":
                del seats[seat]
            else:
                seats[seat] = act == "report"
    return seats


def _expected_states(records: Sequence[Record]) -> set[str]:
    """What the record may say of an order after what its buyer heard."""

    def heard(act: str, outcome: str) -> bool:
        return any(
            record.act == act and (record.outcome == outcome or (outcome == UNKNOWN and record.was_uncertain))
            for record in records
        )

    if heard("confirm", OK):
        return {"sold"}
    if heard("cancel", OK):
        return {"cancelled"}
    if heard("confirm", UNKNOWN):
        return {"claimed", "sold"}
    if heard("cancel", UNKNOWN):
        return {"claimed", "cancelled"}
    if heard("claim", OK):
        return {"claimed"}
    return {"none", "claimed"} if heard("claim", UNKNOWN) else {"none"}


async def judge_maps(cluster: Cluster, buyer: Buyer, house: House, findings: Findings, tell: Tell) -> None:
    """When all is quiet, what owners show is the record plus the holds, seat by seat (INV-5)."""
    engine = as_owner(cluster.database_url)
    different: list[str] = []
    for _ in range(LOOKS):
        different = []
        for performance in house.performances:
            seen = await buyer.see_all(performance)
            stored = await _stored_seats(cluster, engine, performance, house.capacity)
            different += [
                f"{performance} seat {seat}: shown {shown}, stored {kept}"
                for seat, (shown, kept) in enumerate(zip(seen, stored, strict=True))
                if shown != kept
            ]
        if not different:
            break
        # A hold may end between the two looks.
        tell(f"{house.history.now():6.1f} s  {len(different)} seats differ, such as {different[0]}; looking again")
        await house.clock.sleep(LOOK_AGAIN_SECONDS)
    findings.wrong += different
    await engine.dispose()


async def _stored_seats(cluster: Cluster, engine: AsyncEngine, performance: str, capacity: int) -> list[str]:
    """The holds, and the record over them."""
    stored = ["free"] * capacity
    holds = RedisHoldStore.keys(performance)[1]
    async with cluster.valkeys.client(await cluster.valkeys.master_of(holds)) as redis:
        for hold_id, text in (await redis.hgetall(holds)).items():
            for seat in decode_hold(bytes(hold_id).decode(), bytes(text)).seats:  # type: ignore[arg-type]
                stored[seat] = "held"
    query = select(seat_claim.c.seat_index, seat_claim.c.state).where(
        seat_claim.c.performance_id == performance,
        seat_claim.c.house_id == HOUSE,
        seat_claim.c.state.in_(["claimed", "sold"]),
    )
    handed_out = select(allotment_seat.c.seat_index, allotment_seat.c.reported_sold).where(
        allotment_seat.c.performance_id == performance, allotment_seat.c.house_id == HOUSE
    )
    async with engine.connect() as connection:
        for seat, state in await connection.execute(query):
            stored[seat] = state
        for seat, is_sold in await connection.execute(handed_out):
            stored[seat] = "reported" if is_sold else "allotted"
    return stored

"""The record in Postgres: claims, sales, blocks. Every transaction first locks and compares the directory's epoch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, assert_never

from sqlalchemy import Integer, any_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.inventory.adapters.allotment_rows import load_allotments, load_steps, write_steps
from services.inventory.adapters.outbox_act_log import OutboxActLog, seats_act
from services.inventory.adapters.reservation_rows import load_reservations, put_reservation, write_reservations
from services.inventory.adapters.tables import performance as performances
from services.inventory.adapters.tables import performance_owner as owners
from services.inventory.adapters.tables import seat_block as blocks
from services.inventory.adapters.tables import seat_claim as claims
from services.inventory.domain.changes import (
    AllotmentStepped,
    ClaimCancelled,
    ClaimConfirmed,
    RecordChange,
    ReservationExtended,
    ReservationReleased,
    ReservingChange,
    SaleCancelled,
    SaleReduced,
    SeatsBlocked,
    SeatsClaimed,
    SeatsReserved,
    SeatsUnblocked,
)
from services.inventory.domain.records import BlockKind, Claim
from services.inventory.domain.reservations import Reservation
from services.inventory.ports import (
    ClaimConflict,
    Fenced,
    Performance,
    PerformanceRecord,
    RecordRefused,
    StoreUnavailable,
    WritesLost,
)
from services.runtime.sql.connections import connected
from services.runtime.sql.faults import is_permanent
from services.runtime.sql.scopes import HouseScope

ACTIVE = ("claimed", "sold")


class PostgresClaimStore:
    """See ports.ClaimStore, for the performance it was made for (its house and seat ids are written along)."""

    def __init__(self, engine: AsyncEngine, performance: Performance, act_log: OutboxActLog) -> None:
        self._engine = engine
        self._performance = performance
        self._act_log = act_log
        self._scope = HouseScope(performance.house_id)

    async def load(self, performance_id: str, epoch: int) -> PerformanceRecord:
        """See ClaimStore."""
        async with connected(self._engine, self._scope) as connection:
            await self._check_epoch(connection, performance_id, epoch)
            kinds = await self._load_blocks(connection, performance_id)
            allotments = await load_allotments(connection, performance_id)
            return PerformanceRecord(
                claims=await self._load_claims(connection, performance_id),
                blocked=list(kinds),
                softly_blocked=[seat for seat, kind in kinds.items() if kind == BlockKind.SOFT.name],
                given_back=await self._load_given_back(connection, performance_id),
                plan_version=await self._load_plan_version(connection, performance_id),
                allotments=allotments,
                # Of most performances there are none: nothing is asked for them twice.
                steps=await load_steps(connection, performance_id, self._performance.plan) if allotments else (),
                reservations=await load_reservations(connection, performance_id, self._performance.plan),
            )

    async def _check_epoch(self, connection: AsyncConnection, performance_id: str, epoch: int) -> None:
        stored = await connection.scalar(select(owners.c.epoch).where(owners.c.performance_id == performance_id))
        if stored != epoch:
            raise Fenced(performance_id=performance_id, epoch=epoch, stored=stored)

    async def _load_claims(self, connection: AsyncConnection, performance_id: str) -> list[Claim]:
        query = (
            select(claims)
            .where(claims.c.performance_id == performance_id, claims.c.state.in_(ACTIVE))
            .order_by(claims.c.order_id, claims.c.seat_index)
        )
        by_order: dict[str, list[Any]] = {}
        for row in await connection.execute(query):
            by_order.setdefault(row.order_id, []).append(row)
        return [
            Claim(
                order_id,
                rows[0].holder_id,
                rows[0].hold_id,
                tuple(row.seat_index for row in rows),
                rows[0].channel,
                rows[0].state == "sold",
            )
            for order_id, rows in by_order.items()
        ]

    async def _load_blocks(self, connection: AsyncConnection, performance_id: str) -> dict[int, str]:
        query = select(blocks.c.seat_index, blocks.c.kind).where(blocks.c.performance_id == performance_id)
        return {row.seat_index: row.kind for row in await connection.execute(query)}

    async def _load_given_back(self, connection: AsyncConnection, performance_id: str) -> list[str]:
        ended = (claims.c.performance_id == performance_id) & (claims.c.state == "cancelled") & (claims.c.hold_id == "")
        return list((await connection.scalars(select(claims.c.order_id).where(ended).distinct())).all())

    async def _load_plan_version(self, connection: AsyncConnection, performance_id: str) -> int:
        query = select(performances.c.plan_version).where(performances.c.performance_id == performance_id)
        return await connection.scalar(query) or 0

    async def append(self, performance_id: str, epoch: int, batch: int, changes: Sequence[RecordChange]) -> None:
        """See ClaimStore."""
        try:
            async with connected(self._engine, self._scope) as connection:
                if not await self._advance(connection, performance_id, epoch, batch):
                    return
                for change in _runs(changes):
                    await self._write(connection, performance_id, epoch, change)
        except IntegrityError as error:
            raise ClaimConflict(performance_id=performance_id, epoch=epoch) from error
        except DBAPIError as error:
            if is_permanent(error):
                raise RecordRefused(performance_id=performance_id, epoch=epoch) from error
            raise StoreUnavailable(performance_id=performance_id) from error

    async def _advance(self, connection: AsyncConnection, performance_id: str, epoch: int, batch: int) -> bool:
        """Locks the directory row and counts the batch. False: it is in the record already."""
        next_in_line = (
            (owners.c.performance_id == performance_id)
            & (owners.c.epoch == epoch)
            & (owners.c.record_batch == batch - 1)
        )
        if (await connection.execute(update(owners).where(next_in_line).values(record_batch=batch))).rowcount == 1:
            return True
        query = select(owners.c.epoch, owners.c.record_batch).where(owners.c.performance_id == performance_id)
        row = (await connection.execute(query)).one_or_none()
        if row is None or row.epoch != epoch:
            raise Fenced(performance_id=performance_id, epoch=epoch)
        if row.record_batch >= batch:
            return False
        raise WritesLost(performance_id=performance_id, epoch=epoch, batch=batch)

    async def _write(
        self, connection: AsyncConnection, performance_id: str, epoch: int, run: Sequence[RecordChange]
    ) -> None:
        """One statement for a run of changes of one kind."""
        match run[0]:
            case SeatsClaimed():
                rows = [row for change in run for row in self._claim_rows(_claim_of(change), performance_id, epoch)]
                statement = insert(claims)
                again = {
                    name: statement.excluded[name] for name in ("state", "epoch", "holder_id", "hold_id", "channel")
                }
                await connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["performance_id", "order_id", "seat_index"], set_=again
                    ),
                    rows,
                )
                for reservation in [r for change in run if (r := _reservation_of(change)) is not None]:
                    await put_reservation(connection, self._performance, epoch, reservation)
            case ClaimConfirmed():
                await self._set_state(connection, performance_id, epoch, run, "sold")
                sold = [seat for change in run if isinstance(change, ClaimConfirmed) for seat in change.unblocked]
                if sold:
                    await self._delete_blocks(connection, performance_id, sold)
            case ClaimCancelled() | SaleCancelled():
                await self._set_state(connection, performance_id, epoch, run, "cancelled")
            case SaleReduced():
                await self._free(connection, performance_id, epoch, run)
            case SeatsBlocked():
                statement = insert(blocks)
                again = {name: statement.excluded[name] for name in ("kind", "reason", "epoch")}
                await connection.execute(
                    statement.on_conflict_do_update(index_elements=["performance_id", "seat_index"], set_=again),
                    [row for change in run for row in self._block_rows(change, performance_id, epoch)],
                )
                await self._tell_acts(connection, performance_id, run)
            case SeatsUnblocked():
                seats = [seat for change in run if isinstance(change, SeatsUnblocked) for seat in change.seats]
                await self._delete_blocks(connection, performance_id, seats)
                await self._tell_acts(connection, performance_id, run)
            case SeatsReserved() | ReservationExtended() | ReservationReleased():
                changes = [change for change in run if isinstance(change, ReservingChange)]
                await write_reservations(connection, self._performance, epoch, changes, self._act_log)
            case AllotmentStepped():
                steps = [(change.allotment, change.step) for change in run if isinstance(change, AllotmentStepped)]
                await write_steps(connection, self._performance, epoch, steps, self._act_log)
            case _:
                assert_never(run[0])

    @staticmethod
    async def _delete_blocks(connection: AsyncConnection, performance_id: str, seats: Sequence[int]) -> None:
        # One parameter, whatever their number: a statement has room for 32,767.
        unblocked = blocks.c.seat_index == any_(bindparam("seats", seats, type_=ARRAY(Integer)))
        await connection.execute(delete(blocks).where(blocks.c.performance_id == performance_id, unblocked))

    async def _tell_acts(self, connection: AsyncConnection, performance_id: str, run: Sequence[RecordChange]) -> None:
        """Once for each: a batch whose outcome was unknown is written, and told, by the copy that came first."""
        acts = []
        for change in run:
            assert isinstance(change, SeatsBlocked | SeatsUnblocked)
            seat_ids = [self._performance.plan.seat_ids[seat] for seat in change.seats]
            if isinstance(change, SeatsBlocked):
                act = seats_act("seats.blocked", performance_id, seat_ids, change.reason, change.kind.name)
            else:
                act = seats_act("seats.unblocked", performance_id, seat_ids)
            acts.append((act, change.on_behalf_of))
        await self._act_log.record(connection, self._performance.house_id, acts)

    async def _set_state(
        self, connection: AsyncConnection, performance_id: str, epoch: int, run: Sequence[RecordChange], state: str
    ) -> None:
        orders = [_claim_of(change).order_id for change in run]
        active = (
            (claims.c.performance_id == performance_id) & claims.c.order_id.in_(orders) & claims.c.state.in_(ACTIVE)
        )
        await connection.execute(update(claims).where(active).values(state=state, epoch=epoch))

    @staticmethod
    async def _free(connection: AsyncConnection, performance_id: str, epoch: int, run: Sequence[RecordChange]) -> None:
        """Seats of sales that keep others. A seat has one active claim at most."""
        freed = [seat for change in run if isinstance(change, SaleReduced) for seat in change.freed]
        mine = (
            (claims.c.performance_id == performance_id)
            & (claims.c.seat_index == any_(bindparam("seats", freed, type_=ARRAY(Integer))))
            & claims.c.state.in_(ACTIVE)
        )
        await connection.execute(update(claims).where(mine).values(state="cancelled", epoch=epoch))

    def _claim_rows(self, claim: Claim, performance_id: str, epoch: int) -> list[dict[str, object]]:
        plan = self._performance.plan
        return [
            {
                "performance_id": performance_id,
                "order_id": claim.order_id,
                "seat_index": seat,
                "house_id": self._performance.house_id,
                "plan_version": plan.plan_version,
                "seat_id": plan.seat_ids[seat],
                "holder_id": claim.holder_id,
                "hold_id": claim.hold_id,
                "channel": claim.channel,
                "state": "claimed",
                "epoch": epoch,
            }
            for seat in claim.seats
        ]

    def _block_rows(self, change: RecordChange, performance_id: str, epoch: int) -> list[dict[str, object]]:
        assert isinstance(change, SeatsBlocked)
        return [
            {
                "performance_id": performance_id,
                "seat_index": seat,
                "house_id": self._performance.house_id,
                "seat_id": self._performance.plan.seat_ids[seat],
                "kind": change.kind.name,
                "reason": change.reason,
                "epoch": epoch,
            }
            for seat in change.seats
        ]


def _claim_of(change: RecordChange) -> Claim:
    assert isinstance(change, SeatsClaimed | ClaimConfirmed | ClaimCancelled | SaleCancelled)
    return change.claim


def _reservation_of(change: RecordChange) -> Reservation | None:
    return change.reservation if isinstance(change, SeatsClaimed) else None


def _runs(changes: Iterable[RecordChange]) -> Iterable[Sequence[RecordChange]]:
    """Neighbouring changes of one kind together, their order kept."""
    run: list[RecordChange] = []
    for change in changes:
        if run and type(change) is not type(run[0]):
            yield run
            run = []
        run.append(change)
    if run:
        yield run

"""A performance's change of plan in Postgres: one transaction, fenced by the directory's epoch, which it ends."""

from __future__ import annotations

from sqlalchemy import ARRAY, Integer, Table, func, literal, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.inventory.adapters.tables import allotment_seat, reserved_seat, seat_block, seat_claim
from services.inventory.adapters.tables import performance as performances
from services.inventory.adapters.tables import performance_owner as owners
from services.inventory.domain.plan_adoption import GONE, SeatMoves
from services.inventory.ports import Fenced, Performance, RecordRefused, StoreUnavailable
from services.runtime.sql.connections import connected
from services.runtime.sql.faults import is_permanent
from services.runtime.sql.scopes import HouseScope

# More than any plan's indexes. Rows of seats that are gone keep their history below zero, apart for each version.
_SEATS_BELOW = 100_000


class PostgresPlanStore:
    """See ports.PlanStore."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def adopt(self, performance: Performance, epoch: int, plan_version: int, moves: SeatMoves) -> None:
        """See PlanStore."""
        try:
            async with connected(self._engine, HouseScope(performance.house_id)) as connection:
                if not await self._end_epoch(connection, performance.performance_id, epoch):
                    if await self._version(connection, performance.performance_id) == plan_version:
                        return
                    raise Fenced(performance_id=performance.performance_id, epoch=epoch)
                own = performances.c.performance_id == performance.performance_id
                await connection.execute(update(performances).where(own).values(plan_version=plan_version))
                for table in (seat_claim, seat_block, allotment_seat, reserved_seat):
                    await self._renumber(connection, table, performance, plan_version, moves)
        except DBAPIError as error:
            if is_permanent(error):
                raise RecordRefused(performance_id=performance.performance_id, epoch=epoch) from error
            raise StoreUnavailable(performance_id=performance.performance_id) from error

    @staticmethod
    async def _end_epoch(connection: AsyncConnection, performance_id: str, epoch: int) -> bool:
        """The directory's conditional update (RULE 1): whatever this epoch still has under way is fenced by it."""
        ours = (owners.c.performance_id == performance_id) & (owners.c.epoch == epoch)
        ended = update(owners).where(ours).values(epoch=epoch + 1, incarnation="", endpoint="", record_batch=0)
        return (await connection.execute(ended)).rowcount == 1

    @staticmethod
    async def _version(connection: AsyncConnection, performance_id: str) -> int | None:
        query = select(performances.c.plan_version).where(performances.c.performance_id == performance_id)
        version: int | None = await connection.scalar(query)
        return version

    @staticmethod
    async def _renumber(
        connection: AsyncConnection, table: Table, performance: Performance, plan_version: int, moves: SeatMoves
    ) -> None:
        """In two steps, since no two rows may have one number in between: all below zero, then up what stays."""
        below = performance.plan.plan_version * _SEATS_BELOW + 1
        own = table.c.performance_id == performance.performance_id
        lower = update(table).where(own, table.c.seat_index >= 0)
        await connection.execute(lower.values(seat_index=-(table.c.seat_index + below)))
        stays = [(old, new) for old, new in enumerate(moves.new_index) if new != GONE]
        if not stays:
            return
        numbers = ARRAY(Integer)
        olds, news = literal([old for old, _ in stays], numbers), literal([new for _, new in stays], numbers)
        moved = func.unnest(olds, news).table_valued("old", "new", name="moved").render_derived()
        raised: dict[str, object] = {"seat_index": moved.c.new}
        if "plan_version" in table.c:
            raised["plan_version"] = plan_version
        lift = update(table).where(own, table.c.seat_index == -(moved.c.old + below)).values(**raised)
        await connection.execute(lift)

"""Keeps the gauges of what waits true, and forgets by age: bodies first, then what was settled, then the ledger."""

from __future__ import annotations

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.clock import Clock
from services.runtime.sql.connections import connected
from services.runtime.sql.faults import is_transient
from services.runtime.sql.scopes import AllHouses
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import OUTBOUND_OLDEST_SECONDS, OUTBOUND_TARGETS, OUTBOUND_WAITING
from services.runtime.work.purge import PurgeStep

WATCH_SECONDS = 15.0

_AGE = AllHouses("what was told outside is forgotten by age")
_GAUGES = AllHouses("gauges count what waits for every house")
_STATES = ("open", "resting", "locked", "paused")

# A target's state in one word, the strongest first; :now_ms.
STATE = """CASE WHEN t.paused_at_ms IS NOT NULL THEN 'paused' WHEN t.locked_at_ms IS NOT NULL THEN 'locked'
                WHEN t.rests_until_ms > :now_ms THEN 'resting' ELSE 'open' END"""
_COUNTS = text(f"SELECT {STATE} AS state, count(*) AS targets FROM outbound_target t GROUP BY 1")  # noqa: S608
_OLDEST = text(
    """SELECT count(*) AS waiting,
              min(d.wanted_at_ms) FILTER (WHERE t.locked_at_ms IS NULL AND t.paused_at_ms IS NULL) AS oldest_at_ms
       FROM outbound_dispatch d JOIN outbound_target t ON t.house_id = d.house_id AND t.target_id = d.target_id
       WHERE d.settled IS NULL"""
)
_BODIES = text(
    """UPDATE outbound_dispatch SET body = NULL
       WHERE dispatch_id IN (SELECT dispatch_id FROM outbound_dispatch
                             WHERE settled IS NOT NULL AND settled_at_ms < :before_ms AND body IS NOT NULL
                             ORDER BY settled_at_ms LIMIT :limit)"""
)
_DISPATCHES = text(
    """DELETE FROM outbound_dispatch
       WHERE dispatch_id IN (SELECT dispatch_id FROM outbound_dispatch
                             WHERE settled IS NOT NULL AND settled_at_ms < :before_ms
                             ORDER BY settled_at_ms LIMIT :limit)"""
)
_EXCHANGES = text(
    """DELETE FROM outbound_exchange
       WHERE exchange_id IN (SELECT exchange_id FROM outbound_exchange
                             WHERE at_ms < :before_ms ORDER BY at_ms LIMIT :limit)"""
)

_log = get_logger("outbound")


class OutboundWatch:
    """The gauges of one integration. The age goes on growing while the database does not answer."""

    def __init__(self, integration: str, engine: AsyncEngine, clock: Clock) -> None:
        self._integration = integration
        self._engine = engine
        self._clock = clock
        self._oldest_at_ms: int | None = None

    async def run(self) -> None:
        """Looks again and again until cancelled."""
        OUTBOUND_OLDEST_SECONDS.labels(self._integration).set_function(self._oldest_seconds)
        while True:
            try:
                await self.look()
            except Exception as error:
                if not is_transient(error):
                    raise
                _log.info("outbound_unknown", integration=self._integration, error=type(error).__name__)
            await self._clock.sleep(WATCH_SECONDS)

    async def look(self) -> None:
        """Once."""
        async with connected(self._engine, _GAUGES) as connection:
            found = (await connection.execute(_OLDEST)).one()
            states = await connection.execute(_COUNTS, {"now_ms": self._clock.now_ms()})
            targets = {row.state: row.targets for row in states}
        self._oldest_at_ms = found.oldest_at_ms
        OUTBOUND_WAITING.labels(self._integration).set(found.waiting)
        for state in _STATES:
            OUTBOUND_TARGETS.labels(self._integration, state).set(targets.get(state, 0))

    def _oldest_seconds(self) -> float:
        return 0.0 if self._oldest_at_ms is None else max(self._clock.now_ms() - self._oldest_at_ms, 0) / 1000


def forget_bodies(engine: AsyncEngine) -> PurgeStep:
    """What was told may hold personal data; settled long ago it is needed by nobody, and cannot be sent again."""
    return _step(engine, _BODIES)


def forget_dispatches(engine: AsyncEngine) -> PurgeStep:
    """Their keys with them: what is put again so late is told again."""
    return _step(engine, _DISPATCHES)


def forget_exchanges(engine: AsyncEngine) -> PurgeStep:
    """The ledger's oldest lines."""
    return _step(engine, _EXCHANGES)


def _step(engine: AsyncEngine, statement: TextClause) -> PurgeStep:
    async def step(before_ms: int, limit: int) -> int:
        async with connected(engine, _AGE) as connection:
            return int((await connection.execute(statement, {"before_ms": before_ms, "limit": limit})).rowcount)

    return step

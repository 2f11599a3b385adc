"""The ledger's lines of what no dispatch caused: what people or the clock have asked a company for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.errors import Retryable
from services.runtime.ids import Ids
from services.runtime.outbound.leases import LEDGER, Line, ledger_columns
from services.runtime.outbound.port import Exchange
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import HouseScope
from services.runtime.telemetry.logging import get_logger

_log = get_logger("ledger")


class Ledger:
    """Beside the lines that a carrier's exchanges are written down in with what became of their dispatches."""

    def __init__(self, engine: AsyncEngine, ids: Ids) -> None:
        self._engine = engine
        self._ids = ids

    async def keep(self, exchanges: Sequence[Exchange]) -> None:
        """All of one house. A database that is away costs the lines, never the answer that somebody waits for."""
        if not exchanges:
            return
        lines = [Line(self._ids.new_id("exc"), exchange, about="") for exchange in exchanges]
        try:
            async with connected(self._engine, HouseScope(exchanges[0].target.house_id)) as connection:
                await connection.execute(LEDGER, ledger_columns(lines))
        except Retryable as fault:
            _log.warning("exchanges_not_kept", fault=type(fault).__name__, exchanges=len(lines))

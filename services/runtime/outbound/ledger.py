"""The ledger: a line for each exchange with an outside system, and of what no dispatch caused as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.errors import Retryable
from services.runtime.ids import Ids
from services.runtime.outbound.port import Exchange
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import HouseScope
from services.runtime.telemetry.logging import get_logger

_WRITE = text(
    """INSERT INTO outbound_exchange (exchange_id, house_id, target_id, asked, kind, at_ms, took_ms, status, answer,
                                      payload_hash, dispatches, outcome, about)
       SELECT e.* FROM unnest(
           CAST(:ids AS text[]), CAST(:houses AS text[]), CAST(:targets AS text[]), CAST(:asked AS text[]),
           CAST(:kinds AS text[]), CAST(:at AS bigint[]), CAST(:took AS bigint[]), CAST(:statuses AS int[]),
           CAST(:answers AS text[]), CAST(:hashes AS text[]), CAST(:counts AS int[]), CAST(:outcomes AS text[]),
           CAST(:abouts AS text[])) AS e
       ON CONFLICT (exchange_id) DO NOTHING"""
)

_log = get_logger("ledger")


@dataclass(frozen=True, slots=True)
class Line:
    """An exchange with its id in the ledger. `about`: the first of the dispatches that it carried."""

    exchange_id: str
    exchange: Exchange
    about: str


async def write_lines(connection: AsyncConnection, lines: Sequence[Line]) -> None:
    """In the caller's transaction; safe to repeat."""
    if not lines:
        return
    exchanges = [line.exchange for line in lines]
    values = {
        "ids": [line.exchange_id for line in lines],
        "houses": [exchange.target.house_id for exchange in exchanges],
        "targets": [exchange.target.target_id for exchange in exchanges],
        "asked": [exchange.asked for exchange in exchanges],
        "kinds": [exchange.kind for exchange in exchanges],
        "at": [exchange.at_ms for exchange in exchanges],
        "took": [exchange.took_ms for exchange in exchanges],
        "statuses": [exchange.status for exchange in exchanges],
        "answers": [exchange.answer for exchange in exchanges],
        "hashes": [exchange.payload_hash for exchange in exchanges],
        "counts": [exchange.dispatches for exchange in exchanges],
        "outcomes": [exchange.outcome for exchange in exchanges],
        "abouts": [line.about for line in lines],
    }
    await connection.execute(_WRITE, values)


class Ledger:
    """What people or the clock have asked a company for; a carrier's exchanges are written with their dispatches."""

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
                await write_lines(connection, lines)
        except Retryable as fault:
            _log.warning("exchanges_not_kept", fault=type(fault).__name__, exchanges=len(lines))

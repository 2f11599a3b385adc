"""Guesses in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ticketing.adapters.guess_tables import code_guesses

_ROW = code_guesses.c


class GuessRows:
    """See Guesses."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms

    async def count(self, guessed: str, window_ms: int) -> int:
        """See Guesses.count. The row stays locked: who guesses the same at the same time waits."""
        first = insert(code_guesses).values(
            house_id=self._house_id, guessed=guessed, created_at_ms=self._now_ms, wrong=1
        )
        is_over = _ROW.created_at_ms <= self._now_ms - window_ms
        counted = first.on_conflict_do_update(
            index_elements=["house_id", "guessed"],
            set_={
                "wrong": sa.case((is_over, 1), else_=_ROW.wrong + 1),
                "created_at_ms": sa.case((is_over, self._now_ms), else_=_ROW.created_at_ms),
            },
        ).returning(_ROW.wrong)
        return int((await self._connection.execute(counted)).scalar_one())

    async def seen(self, guessed: str, window_ms: int) -> int:
        """See Guesses.seen."""
        wanted = sa.select(_ROW.wrong).where(
            _ROW.house_id == self._house_id,
            _ROW.guessed == guessed,
            _ROW.created_at_ms > self._now_ms - window_ms,
        )
        return (await self._connection.execute(wanted)).scalar_one_or_none() or 0

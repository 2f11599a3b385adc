"""Idempotency keys and first answers in PostgreSQL, in one transaction's connection: the rows behind answer_once."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.once import RecordedAnswer


def answer_table(metadata: sa.MetaData, *further: sa.Column[Any]) -> sa.Table:
    """Adds `idempotency_keys`, as every service has them whose writes are of one house (RULE 27)."""
    table = sa.Table(
        "idempotency_keys",
        metadata,
        sa.Column("house_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        # Null only inside the transaction that has claimed the key.
        sa.Column("answer", sa.LargeBinary),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        *further,
    )
    sa.Index("ix_idempotency_keys_created_at_ms", table.c.created_at_ms)
    return table


class AnswerRows:
    """`table` is a service's own: its primary key is whose key it is, and the key."""

    def __init__(self, connection: AsyncConnection, table: sa.Table, now_ms: int) -> None:
        self._connection = connection
        self._table = table
        self._now_ms = now_ms
        self._owner, self._key = table.primary_key.columns
        # Tables from before answers were kept in wire form tell which are.
        self._tells_form = "in_wire_form" in table.c

    async def claim(self, owner_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """See KeyedTransaction.claim_key. The insert waits for a transaction that has inserted the same key."""
        claim = insert(self._table).on_conflict_do_nothing().returning(self._key)
        values = {
            self._owner.name: owner_id,
            self._key.name: key,
            "request_hash": request_hash,
            "created_at_ms": self._now_ms,
        }
        if self._tells_form:
            values["in_wire_form"] = True
        if (await self._connection.execute(claim, values)).first() is not None:
            return None
        row = (await self._connection.execute(sa.select(self._table).where(*self._is(owner_id, key)))).one()
        in_wire_form = row.in_wire_form if self._tells_form else True
        return RecordedAnswer(bytes(row.request_hash), bytes(row.answer), in_wire_form)

    async def record(self, owner_id: str, key: str, answer: bytes) -> None:
        """See KeyedTransaction.record_answer."""
        record = sa.update(self._table).where(*self._is(owner_id, key)).values(answer=answer)
        await self._connection.execute(record)

    def _is(self, owner_id: str, key: str) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
        return self._owner == owner_id, self._key == key

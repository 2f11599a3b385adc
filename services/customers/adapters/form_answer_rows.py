"""Answers in a house's form in PostgreSQL, sealed, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.customer_tables import form_answers
from services.customers.domain.form_answer import FormAnswer
from services.runtime.seal import Seal

_ROW = form_answers.c


class FormAnswerRows:
    """See FormAnswers."""

    def __init__(self, connection: AsyncConnection, house_id: str, seal: Seal) -> None:
        self._connection = connection
        self._house_id = house_id
        self._seal = seal
        self._mine = _ROW.house_id == house_id

    async def keep(self, order_id: str, customer_id: str, answers: Sequence[FormAnswer], until_ms: int) -> None:
        values = {
            "house_id": self._house_id,
            "order_id": order_id,
            "customer_id": customer_id,
            "sealed": self._seal.sealed(msgspec.json.encode(list(answers))),
            "keep_until_ms": until_ms,
        }
        first = insert(form_answers)
        again = first.on_conflict_do_update(
            index_elements=["house_id", "order_id"],
            set_={"customer_id": first.excluded.customer_id, "sealed": first.excluded.sealed},
        )
        await self._connection.execute(again, values)

    async def are_kept(self, order_id: str) -> bool:
        wanted = sa.select(sa.exists().where(self._mine, _ROW.order_id == order_id))
        return bool(await self._connection.scalar(wanted))

    async def of_order(self, order_id: str) -> Sequence[FormAnswer]:
        wanted = sa.select(_ROW.sealed).where(self._mine, _ROW.order_id == order_id)
        sealed: bytes | None = (await self._connection.execute(wanted)).scalar_one_or_none()
        return () if sealed is None else self._opened(sealed)

    async def of_customer(self, customer_id: str) -> Mapping[str, Sequence[FormAnswer]]:
        wanted = sa.select(_ROW.order_id, _ROW.sealed).where(self._mine, _ROW.customer_id == customer_id)
        rows = await self._connection.execute(wanted.order_by(_ROW.order_id))
        return {row.order_id: self._opened(row.sealed) for row in rows}

    async def keep_until(self, order_id: str, until_ms: int) -> None:
        longer = sa.update(form_answers).where(self._mine, _ROW.order_id == order_id).values(keep_until_ms=until_ms)
        await self._connection.execute(longer)

    async def move(self, merged_customer_id: str, customer_id: str) -> None:
        theirs = sa.update(form_answers).where(self._mine, _ROW.customer_id == merged_customer_id)
        await self._connection.execute(theirs.values(customer_id=customer_id))

    async def remove(self, customer_id: str) -> None:
        await self._connection.execute(sa.delete(form_answers).where(self._mine, _ROW.customer_id == customer_id))

    def _opened(self, sealed: bytes) -> Sequence[FormAnswer]:
        return msgspec.json.decode(self._seal.opened(bytes(sealed)), type=list[FormAnswer])

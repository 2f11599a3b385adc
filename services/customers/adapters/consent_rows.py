"""Questions, answers and ticks in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.consent_tables import answer_steps, answers, consent_texts, consents, order_ticks
from services.customers.domain.answer import Answer, ConsentSource, ConsentState
from services.customers.domain.consent import Consent, ConsentMedium, ConsentScope, ConsentText, Tick
from services.runtime.ids import Ids


class ConsentRows:
    """See Consents."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms
        current = (
            (consent_texts.c.house_id == consents.c.house_id)
            & (consent_texts.c.consent_id == consents.c.consent_id)
            & (consent_texts.c.text_version == consents.c.text_version)
        )
        self._all = (
            sa.select(consents, consent_texts.c.texts)
            .join(consent_texts, current)
            .where(consents.c.house_id == house_id)
        )

    async def find(self, consent_id: str) -> Consent | None:
        return await self._first(self._all.where(consents.c.consent_id == consent_id))

    async def lock(self, consent_id: str) -> Consent | None:
        return await self._first(self._all.where(consents.c.consent_id == consent_id).with_for_update(of=consents))

    async def all(self, *, archived: bool) -> Sequence[Consent]:
        wanted = self._all.order_by(consents.c.position, consents.c.consent_id)
        if not archived:
            wanted = wanted.where(consents.c.archived.is_(False))
        return [_consent(row) for row in await self._connection.execute(wanted)]

    async def add(self, consent: Consent) -> None:
        await self._connection.execute(insert(consents), _values(consent))
        await self._keep_texts(consent)

    async def save(self, consent: Consent) -> None:
        save = (
            sa.update(consents)
            .where(consents.c.house_id == self._house_id, consents.c.consent_id == consent.consent_id)
            .values(**_values(consent))
        )
        await self._connection.execute(save)
        await self._keep_texts(consent)

    async def _keep_texts(self, consent: Consent) -> None:
        values = {
            "house_id": self._house_id,
            "consent_id": consent.consent_id,
            "text_version": consent.text_version,
            "texts": [[text.language, text.title, text.description] for text in consent.texts],
            "created_at_ms": self._now_ms,
        }
        await self._connection.execute(insert(consent_texts).on_conflict_do_nothing(), values)

    async def _first(self, wanted: sa.Select[Any]) -> Consent | None:
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _consent(row)


def _values(consent: Consent) -> dict[str, Any]:
    return {
        "house_id": consent.house_id,
        "consent_id": consent.consent_id,
        "scope": consent.scope.value,
        "thing_id": consent.thing_id,
        "medium": consent.medium.value,
        "position": consent.position,
        "text_version": consent.text_version,
        "archived": consent.archived,
        "revision": consent.revision,
    }


def _consent(row: sa.Row[Any]) -> Consent:
    return Consent(
        house_id=row.house_id,
        consent_id=row.consent_id,
        scope=ConsentScope(row.scope),
        thing_id=row.thing_id,
        medium=ConsentMedium(row.medium),
        position=row.position,
        text_version=row.text_version,
        texts=tuple(ConsentText(*text) for text in row.texts),
        archived=row.archived,
        revision=row.revision,
    )


class AnswerRows:
    """See Answers."""

    def __init__(self, connection: AsyncConnection, house_id: str, ids: Ids) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ids = ids
        self._mine = answers.c.house_id == house_id
        self._steps = answer_steps.c.house_id == house_id

    async def of_customer(self, customer_id: str) -> Sequence[Answer]:
        wanted = sa.select(answers).where(self._mine, answers.c.customer_id == customer_id)
        return [_answer(row) for row in await self._connection.execute(wanted.order_by(answers.c.consent_id))]

    async def of_customers(self, customer_ids: Sequence[str], consent_id: str) -> Mapping[str, Answer]:
        wanted = sa.select(answers).where(
            self._mine,
            answers.c.consent_id == consent_id,
            answers.c.customer_id == sa.any_(sa.literal([*customer_ids], sa.ARRAY(sa.Text))),
        )
        return {row.customer_id: _answer(row) for row in await self._connection.execute(wanted)}

    async def history(self, customer_id: str) -> Sequence[Answer]:
        wanted = sa.select(answer_steps).where(self._steps, answer_steps.c.customer_id == customer_id)
        return [_answer(row) for row in await self._connection.execute(wanted.order_by(answer_steps.c.step_id))]

    async def save(self, new: Sequence[Answer]) -> None:
        if not new:
            return
        rows = [_answer_values(self._house_id, one) for one in new]
        first = insert(answers)
        names = ("state", "text_version", "source", "note", "changed_at_ms")
        step = first.on_conflict_do_update(
            index_elements=["house_id", "customer_id", "consent_id"],
            set_={name: first.excluded[name] for name in names},
        )
        await self._connection.execute(step, rows)
        steps = [{**row, "step_id": self._ids.new_id("stp")} for row in rows]
        await self._connection.execute(insert(answer_steps), steps)

    async def move(self, merged_customer_id: str, customer_id: str) -> None:
        gone = sa.delete(answers).where(self._mine, answers.c.customer_id == merged_customer_id)
        await self._connection.execute(gone)
        moved = sa.update(answer_steps).where(self._steps, answer_steps.c.customer_id == merged_customer_id)
        await self._connection.execute(moved.values(customer_id=customer_id))

    async def remove(self, customer_id: str) -> None:
        for table in (answers, answer_steps):
            gone = sa.delete(table).where(table.c.house_id == self._house_id, table.c.customer_id == customer_id)
            await self._connection.execute(gone)


def _answer_values(house_id: str, answer: Answer) -> dict[str, Any]:
    return {
        "house_id": house_id,
        "customer_id": answer.customer_id,
        "consent_id": answer.consent_id,
        "state": answer.state.value,
        "text_version": answer.text_version,
        "source": answer.source.value,
        "note": answer.note,
        "changed_at_ms": answer.changed_at_ms,
    }


def _answer(row: sa.Row[Any]) -> Answer:
    return Answer(
        row.customer_id,
        row.consent_id,
        ConsentState(row.state),
        row.text_version,
        ConsentSource(row.source),
        row.note,
        row.changed_at_ms,
    )


class OrderTickRows:
    """See OrderTicks."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms

    async def add(self, ticked: Mapping[tuple[str, str], Sequence[Tick]]) -> None:
        rows = [
            {
                "house_id": self._house_id,
                "order_id": order_id,
                "consent_id": tick.consent_id,
                "text_version": tick.text_version,
                "customer_id": customer_id,
                "created_at_ms": self._now_ms,
            }
            for (order_id, customer_id), ticks in ticked.items()
            for tick in ticks
        ]
        if rows:
            await self._connection.execute(insert(order_ticks).on_conflict_do_nothing(), rows)

    async def take(self, order_id: str) -> Sequence[tuple[str, Tick]]:
        take = (
            sa.delete(order_ticks)
            .where(order_ticks.c.house_id == self._house_id, order_ticks.c.order_id == order_id)
            .returning(order_ticks.c.customer_id, order_ticks.c.consent_id, order_ticks.c.text_version)
        )
        rows = (await self._connection.execute(take)).all()
        return sorted((row.customer_id, Tick(row.consent_id, row.text_version)) for row in rows)

    async def remove(self, customer_id: str) -> None:
        """A person's are gone with it."""
        gone = sa.delete(order_ticks).where(
            order_ticks.c.house_id == self._house_id, order_ticks.c.customer_id == customer_id
        )
        await self._connection.execute(gone)

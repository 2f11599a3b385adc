"""Who stands how in audiences, in PostgreSQL. What was heard meanwhile is never written over: it is due again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.mailchimp.adapters.account_tables import audiences
from services.integrations.mailchimp.adapters.member_tables import DUE, members
from services.integrations.mailchimp.domain.membership import Member, Problem, There, heard, is_new_no

_TEXTS = sa.ARRAY(sa.Text)
_NO_OPT_OUT = -1
_NONE = sa.cast(sa.literal([], _TEXTS), _TEXTS)


class MemberRows:
    """See Members."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms

    def _in(self, list_id: str) -> sa.ColumnElement[bool]:
        return (members.c.house_id == self._house_id) & (members.c.list_id == list_id)

    async def due(self, list_id: str, shard: int, limit: int) -> Sequence[Member]:
        wanted = (
            sa.select(members)
            .where(self._in(list_id), members.c.shard == shard, sa.text(DUE))
            .order_by(members.c.customer_id)
            .limit(limit)
        )
        return [_member(row) for row in await self._connection.execute(wanted)]

    async def intend(self, list_id: str, intended: Sequence[Member]) -> frozenset[str]:
        """See Members. The generation is the one that was read: what was heard since makes it another."""
        if not intended:
            return frozenset()
        told = _values(intended, ("subscriber", "former", "there", "since_ms"))
        save = (
            sa.update(members)
            .where(self._in(list_id), *_same(told, intended))
            .values(
                subscriber=told.c.subscriber,
                former=_listed(told.c.former),
                there=told.c.there,
                since_ms=told.c.since_ms,
            )
            .returning(members.c.customer_id)
        )
        return frozenset((await self._connection.execute(save)).scalars())

    async def settle(self, list_id: str, settled: Sequence[Member]) -> None:
        """See Members. Who has a step before it yet is due, though how it stands is kept."""
        if not settled:
            return
        told = _values(settled, ("subscriber", "former", "there", "since_ms", "digest", "problem", "tags", "is_told"))
        save = (
            sa.update(members)
            .where(self._in(list_id), *_same(told, settled))
            .values(
                subscriber=told.c.subscriber,
                former=_listed(told.c.former),
                there=told.c.there,
                since_ms=told.c.since_ms,
                digest=told.c.digest,
                problem=sa.func.nullif(told.c.problem, ""),
                tags=_listed(told.c.tags),
                told_ms=self._now_ms,
                told_generation=sa.case((told.c.is_told, members.c.generation), else_=members.c.told_generation),
            )
        )
        await self._connection.execute(save)

    async def forget(self, list_id: str, gone: Sequence[Member]) -> None:
        if gone:
            told = _values(gone, ())
            await self._connection.execute(sa.delete(members).where(self._in(list_id), *_same(told, gone)))

    async def hear(self, list_id: str, told: Mapping[str, tuple[There, int]]) -> int:
        wanted = (
            sa.select(members)
            .where(self._in(list_id), members.c.subscriber == sa.any_(sa.literal([*told], _TEXTS)))
            .order_by(members.c.customer_id)
            .with_for_update()
        )
        rows = [_member(row) for row in await self._connection.execute(wanted)]
        two_way = (
            await self._connection.execute(
                sa.select(audiences.c.is_two_way).where(
                    audiences.c.house_id == self._house_id, audiences.c.list_id == list_id
                )
            )
        ).scalar() or False
        changed: list[tuple[str, str, int]] = []
        for member in rows:
            there, said_at_ms = told[member.subscriber]
            if (after := heard(member, there)) is not member.there:
                is_opt_out = two_way and is_new_no(member, there) and not member.erased
                changed.append((member.customer_id, after.value, said_at_ms if is_opt_out else _NO_OPT_OUT))
        if changed:
            await self._connection.execute(self._heard(list_id, changed))
        return len(changed)

    def _heard(self, list_id: str, changed: Sequence[tuple[str, str, int]]) -> sa.Update:
        """By id: how each stands, and when it said no, or _NO_OPT_OUT. Their rows are locked."""
        columns: list[sa.ColumnClause[Any]] = [sa.column("customer_id", sa.Text), sa.column("there", sa.Text)]
        now = sa.values(*columns, sa.column("said_at_ms", sa.BigInteger), name="heard").data(changed)
        ids = sa.literal([customer_id for customer_id, _, _ in changed], _TEXTS)
        opt_out_at_ms = sa.func.nullif(now.c.said_at_ms, _NO_OPT_OUT)
        return (
            sa.update(members)
            .where(self._in(list_id), members.c.customer_id == sa.any_(ids), members.c.customer_id == now.c.customer_id)
            .values(
                there=now.c.there,
                since_ms=self._now_ms,
                generation=members.c.generation + 1,
                opt_out_at_ms=sa.func.coalesce(opt_out_at_ms, members.c.opt_out_at_ms),
            )
        )

    async def rename(self, list_id: str, subscriber: str, became: str) -> None:
        save = (
            sa.update(members)
            .where(self._in(list_id), members.c.subscriber == subscriber)
            .values(subscriber=became, generation=members.c.generation + 1)
        )
        await self._connection.execute(save)

    async def seen(self, list_id: str, subscribers: Sequence[str], round_ms: int) -> None:
        there = members.c.subscriber == sa.any_(sa.literal([*subscribers], _TEXTS))
        await self._connection.execute(sa.update(members).where(self._in(list_id), there).values(seen_ms=round_ms))

    async def miss(self, list_id: str, round_ms: int) -> int:
        was_to_be = members.c.there.in_([There.SUBSCRIBED.value, There.PENDING.value, There.JOINED.value])
        gone = (
            sa.update(members)
            .where(
                self._in(list_id), was_to_be, members.c.seen_ms < round_ms, members.c.told_ms < round_ms,
                members.c.since_ms < round_ms,
            )
            .values(there=There.REMOVED.value, since_ms=self._now_ms, generation=members.c.generation + 1)
        )  # fmt: skip
        return (await self._connection.execute(gone)).rowcount

    async def look_again(self, list_id: str) -> int:
        again = sa.update(members).where(self._in(list_id)).values(generation=members.c.generation + 1)
        return (await self._connection.execute(again)).rowcount


def _values(rows: Sequence[Member], names: Sequence[str]) -> sa.Values:
    """The members as a table of one statement."""
    kinds: dict[str, tuple[Any, Any]] = {
        "subscriber": (sa.Text, lambda one: one.subscriber),
        "former": (sa.Text, lambda one: "\n".join(one.former)),
        "there": (sa.Text, lambda one: one.there.value),
        "since_ms": (sa.BigInteger, lambda one: one.since_ms),
        "digest": (sa.Text, lambda one: one.digest),
        "problem": (sa.Text, lambda one: one.problem.value if one.problem else ""),
        # No tag has the end of a line in it.
        "tags": (sa.Text, lambda one: "\n".join(one.tags)),
        "is_told": (sa.Boolean, lambda one: one.is_told),
    }
    columns: list[sa.ColumnClause[Any]] = [sa.column("customer_id", sa.Text), sa.column("generation", sa.BigInteger)]
    columns += [sa.column(name, kinds[name][0]) for name in names]
    data = [(one.customer_id, one.generation, *(kinds[name][1](one) for name in names)) for one in rows]
    return sa.values(*columns, name="told").data(data)


def _listed(text: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
    """Back from lines."""
    return sa.func.coalesce(sa.func.string_to_array(sa.func.nullif(text, ""), "\n"), _NONE)


def _same(told: sa.Values, rows: Sequence[Member]) -> tuple[sa.ColumnElement[bool], ...]:
    """The ids by themselves as well: right after many were added nobody has counted them, and they are looked up."""
    ids = sa.literal([one.customer_id for one in rows], _TEXTS)
    return (
        members.c.customer_id == sa.any_(ids),
        members.c.customer_id == told.c.customer_id,
        members.c.generation == told.c.generation,
    )


def _member(row: sa.Row[Any]) -> Member:
    return Member(
        customer_id=row.customer_id,
        generation=row.generation,
        subscriber=row.subscriber,
        former=tuple(row.former),
        there=There(row.there),
        since_ms=row.since_ms,
        digest=row.digest,
        tags=tuple(row.tags),
        problem=Problem(row.problem) if row.problem else None,
        erased=row.erased,
    )

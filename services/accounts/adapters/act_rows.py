"""The act log in PostgreSQL: rows are added by events and read by page; people's names are joined as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.act_tables import act_log
from services.accounts.adapters.people_tables import people
from services.accounts.domain.act_log import ActFilter, NamedAct, RecordedAct
from services.contracts.pages import Place
from services.runtime.principal import PrincipalKind, PrincipalRef

_PEOPLE = (PrincipalKind.STAFF.value, PrincipalKind.PROMOTER.value)
_NEWEST = (act_log.c.done_at_ms.desc(), act_log.c.act_id.desc())
_NAMED = sa.select(act_log, people.c.name, people.c.email).select_from(
    act_log.outerjoin(people, (people.c.person_id == act_log.c.who_subject) & act_log.c.who_kind.in_(_PEOPLE))
)


async def add_act(connection: AsyncConnection, act: RecordedAct) -> None:
    """Adds an act; one that is there already stays as it is."""
    row = {
        "house_id": act.house_id,
        "act_id": act.act_id,
        "done_at_ms": act.done_at_ms,
        "who_kind": None if act.who is None else act.who.kind.value,
        "who_subject": None if act.who is None else act.who.subject,
        "act": act.act,
        "thing": act.thing,
        "thing_id": act.thing_id,
        "reason": act.reason,
        "facts": dict(act.facts),
    }
    await connection.execute(insert(act_log).on_conflict_do_nothing(), row)


class ActRows:
    """See Acts."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(self, house_id: str, wanted: ActFilter, after: Place | None, limit: int) -> Sequence[NamedAct]:
        query = _NAMED.where(act_log.c.house_id == house_id, *_matching(wanted)).order_by(*_NEWEST).limit(limit)
        if after is not None:
            place = sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id))
            query = query.where(sa.tuple_(act_log.c.done_at_ms, act_log.c.act_id) < place)
        return [_named(row) for row in await self._connection.execute(query)]


def _matching(wanted: ActFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [
        act_log.c[name] == getattr(wanted, name)
        for name in ("who_subject", "thing", "thing_id")
        if getattr(wanted, name)
    ]
    if wanted.from_ms is not None:
        found.append(act_log.c.done_at_ms >= wanted.from_ms)
    if wanted.until_ms is not None:
        found.append(act_log.c.done_at_ms < wanted.until_ms)
    if wanted.act_prefix:
        found.append(act_log.c.act.startswith(wanted.act_prefix, autoescape=True))
    return found


def _named(row: sa.Row[Any]) -> NamedAct:
    who = None if row.who_kind is None else PrincipalRef(PrincipalKind(row.who_kind), row.who_subject)
    act = RecordedAct(
        act_id=row.act_id,
        house_id=row.house_id,
        done_at_ms=row.done_at_ms,
        who=who,
        act=row.act,
        thing=row.thing,
        thing_id=row.thing_id,
        reason=row.reason,
        facts=row.facts,
    )
    return NamedAct(act, row.name or "", row.email or "")

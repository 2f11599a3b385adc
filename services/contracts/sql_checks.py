"""Checks of a record that are two statements each: how much is looked at, and which rows break the rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.audit import MAX_VIOLATIONS, CheckResult


class SqlCheck(NamedTuple):
    """`examined` counts rows, `broken` answers one text for each that breaks the invariant, at most :limit of them."""

    invariant: str
    name: str
    examined: str
    broken: str


# Of the outbox that every service has which publishes; of one key by :performance_id, of all by ''.
DENSE_OUTBOX: Final = SqlCheck(
    "INV-7",
    "numbers of events are dense per key and end at the last one given",
    "SELECT count(*) FROM outbox WHERE (:performance_id = '' OR key = :performance_id)",
    # Old rows are purged from the front, so density is counted from the first that is left.
    """SELECT format('topic %s key %s: %s events numbered %s to %s, last given %s', o.topic, o.key, count(*),
                     min(o.sequence), max(o.sequence), coalesce(s.last_sequence::text, 'none'))
       FROM outbox o LEFT JOIN outbox_sequence s USING (topic, key)
       WHERE o.sequence IS NOT NULL AND (:performance_id = '' OR o.key = :performance_id)
       GROUP BY o.topic, o.key, s.last_sequence
       HAVING count(*) <> max(o.sequence) - min(o.sequence) + 1 OR count(DISTINCT o.sequence) <> count(*)
           OR max(o.sequence) IS DISTINCT FROM s.last_sequence
       ORDER BY o.key LIMIT :limit""",
)


async def checked(
    connection: AsyncConnection, checks: Iterable[SqlCheck], known: Mapping[str, Any]
) -> list[CheckResult]:
    """Each check in its order. A statement is given what of `known`, and :limit, it names."""
    values = {"limit": MAX_VIOLATIONS, **known}
    return [
        CheckResult(
            invariant=check.invariant,
            name=check.name,
            examined=int((await connection.execute(bound(check.examined, values))).scalar_one()),
            violations=tuple((await connection.execute(bound(check.broken, values))).scalars()),
        )
        for check in checks
    ]


def bound(sql: str, known: Mapping[str, Any]) -> TextClause:
    """The statement with what of `known` it names."""
    return text(sql).bindparams(**{name: value for name, value in known.items() if f":{name}" in sql})

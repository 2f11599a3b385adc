"""Judges what cards may pay for, in the transaction of the payments that take it or give it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters.tables import INSTRUMENT_USES
from services.payments.domain.instrument_limits import Counted, counted, over_limit
from services.payments.domain.payment import OverLimit, Payment
from services.runtime.sql.row_arrays import RowArrays

_KEY = ("house_id", "instrument", "performance_id")
_USES = RowArrays([*(INSTRUMENT_USES.c[name] for name in _KEY), INSTRUMENT_USES.c.used], "uses")
_IS_USE = sa.and_(*(INSTRUMENT_USES.c[name] == _USES.table.c[name] for name in _KEY))
_IN_ORDER = [_USES.table.c[name] for name in _KEY]
# So that there is a row to lock. Sorted, as whatever locks many rows.
_BEGIN = (
    insert(INSTRUMENT_USES)
    .from_select([*_KEY, "used"], sa.select(*_IN_ORDER, sa.literal(0)).order_by(*_IN_ORDER))
    .on_conflict_do_nothing()
)
# The rows' locks make payments take turns, so that no limit is passed by two at once.
_LOCK = (
    sa.select(INSTRUMENT_USES)
    .join(_USES.table, _IS_USE)
    .order_by(*(INSTRUMENT_USES.c[name] for name in _KEY))
    .with_for_update(of=INSTRUMENT_USES)
)
_SET = sa.update(INSTRUMENT_USES).where(_IS_USE).values(used=_USES.table.c.used)


async def judge(
    connection: AsyncConnection, house_id: str, pairs: Sequence[tuple[Payment, Payment]]
) -> Mapping[str, OverLimit]:
    """Counts what payments take or give back; those that would pass a limit, by id, take nothing."""
    moves = [(before, after) for before, after in pairs if after.limits and counted(before) != counted(after)]
    if not moves:
        return {}
    named = sorted(
        {use for pair in moves for one in pair for use in counted(one)},
        key=lambda use: (use.instrument, use.performance_id),
    )
    await connection.execute(_BEGIN, _values(house_id, dict.fromkeys(named, 0)))
    locked = await connection.execute(_LOCK, _values(house_id, dict.fromkeys(named, 0)))
    begun = {Counted(row.instrument, row.performance_id): row.used for row in locked}
    used, refused = dict(begun), dict[str, OverLimit]()
    for before, after in moves:
        had, has = counted(before), counted(after)
        if not had and (over := over_limit(after, used)):
            refused[after.payment_id] = over
            continue
        for use in had.keys() | has.keys():
            used[use] = max(0, used[use] + has[use] - had[use])
    changed = {use: number for use, number in used.items() if number != begun[use]}
    if changed:
        await connection.execute(_SET, _values(house_id, changed))
    return refused


def _values(house_id: str, uses: Mapping[Counted, int]) -> dict[str, list[Any]]:
    return _USES.values(
        [
            {
                "house_id": house_id,
                "instrument": use.instrument,
                "performance_id": use.performance_id,
                "used": number,
            }
            for use, number in uses.items()
        ]
    )

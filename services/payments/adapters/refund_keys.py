"""Under which keys refunds were asked for: looked up by an index, which no key within a payment's JSON is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ARRAY, String, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters.tables import REFUND_KEYS
from services.payments.domain.payment import Payment
from services.payments.domain.refund_changes import key_taken_by
from services.payments.domain.transitions import Decision
from services.runtime.sql.row_arrays import insert_rows

_UNDER = select(REFUND_KEYS.c.refund_key, REFUND_KEYS.c.payment_id).where(
    REFUND_KEYS.c.house_id == bindparam("of_house"),
    REFUND_KEYS.c.refund_key == any_(bindparam("keys", type_=ARRAY(String))),
)


async def refunded_under(connection: AsyncConnection, house_id: str, keys: Sequence[str]) -> Sequence[str | None]:
    """The payment of each key."""
    wanted = {"of_house": house_id, "keys": sorted(set(keys))}
    found = {row.refund_key: row.payment_id for row in await connection.execute(_UNDER, wanted)}
    return [found.get(key) for key in keys]


async def take_refund_keys(
    connection: AsyncConnection, house_id: str, changed: Iterable[tuple[Payment, Decision]]
) -> None:
    """Those that the changes give a meaning to. One that another payment took in this very moment breaks the group,
    then the one that came with it."""
    new = {
        (key, payment.payment_id)
        for payment, decision in changed
        for change in decision.changes
        if (key := key_taken_by(change))
    }
    if new:
        rows = [{"house_id": house_id, "refund_key": key, "payment_id": one} for key, one in sorted(new)]
        await connection.execute(*insert_rows(REFUND_KEYS, rows))

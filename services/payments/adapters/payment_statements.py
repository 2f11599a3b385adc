"""What writes payments: one statement over arrays for many of them, of the columns that they move and no others.

Built once: building a statement costs more than running it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from sqlalchemy import ARRAY, Column, Executable, Text, Update, any_, bindparam, update
from sqlalchemy.dialects.postgresql import insert

from services.payments.adapters.payment_rows import CHANGING, COLUMNS, DOCUMENTS_AND_MIRRORS, plain_row_of, row_of
from services.payments.adapters.tables import PAYMENTS, WEBHOOK_EVENTS
from services.payments.domain.payment import Payment
from services.payments.ports import WebhookEvent
from services.runtime.sql.row_arrays import RowArrays, inserting

# Before and after, the versions of both included.
Moved: TypeAlias = tuple[Payment, Payment]
Asked: TypeAlias = tuple[Executable, Mapping[str, Any]]

_IDENTITY = ("house_id", "payment_id")
_ALONE = tuple(name for name in CHANGING if name not in DOCUMENTS_AND_MIRRORS)
# Which columns move together are few cases: it opens, it is paid, it ends, it is looked at again.
_MOST_CASES: Final = 64
_RECEIVED = ("provider", "event_id", "payment_ref", "house_id", "received_at_ms", "attempts", "next_attempt_at_ms")

_NEW, _NEW_ROWS = inserting(PAYMENTS, COLUMNS)
_RECORD = (
    insert(PAYMENTS)
    .from_select(list(COLUMNS), _NEW)
    .on_conflict_do_nothing(index_elements=["house_id", "idempotency_key"])
    .returning(PAYMENTS.c.payment_id)
)
_EVENT_COLUMNS = (*_RECEIVED, "settled_at_ms", "outcome")
_EVENTS, _EVENT_ROWS = inserting(WEBHOOK_EVENTS, _EVENT_COLUMNS)
_WORKED_OFF = insert(WEBHOOK_EVENTS).from_select(list(_EVENT_COLUMNS), _EVENTS)
_WORK_OFF = _WORKED_OFF.on_conflict_do_update(
    index_elements=["provider", "event_id"],
    set_={name: _WORKED_OFF.excluded[name] for name in ("settled_at_ms", "outcome", "house_id")},
    where=WEBHOOK_EVENTS.c.settled_at_ms.is_(None),
)


def recording(payments: Sequence[Payment]) -> Asked:
    """Inserts those whose keys are new, and answers their ids."""
    return _RECORD, _NEW_ROWS.values([row_of(payment) for payment in payments])


def storing(moved: Sequence[Moved]) -> Asked:
    """Updates those that are still as they were before, and answers their ids."""
    if any(_moves_documents(before, after) for before, after in moved):
        statement, arrays = _update_of(CHANGING)
        return statement, arrays.values([row_of(after) | {"was": before.version} for before, after in moved])
    columns = tuple(name for name in _ALONE if any(getattr(one, name) != getattr(two, name) for one, two in moved))
    statement, arrays = _update_of(columns)
    named = (*_IDENTITY, *columns)
    return statement, arrays.values([plain_row_of(after, named) | {"was": before.version} for before, after in moved])


def _moves_documents(before: Payment, after: Payment) -> bool:
    """Refunds, with what they are mirrored in, and a limit that was passed."""
    refunds = before.refunds or after.refunds or before.refunded_minor or after.refunded_minor
    return bool(refunds) or before.over_limit != after.over_limit


@lru_cache(_MOST_CASES)
def _update_of(columns: tuple[str, ...]) -> tuple[Update, RowArrays]:
    arrays = RowArrays([*(PAYMENTS.c[name] for name in (*_IDENTITY, *columns)), Column("was", PAYMENTS.c.version.type)])
    statement = (
        update(PAYMENTS)
        .where(*(PAYMENTS.c[name] == arrays.table.c[name] for name in _IDENTITY))
        # Said twice, for a planner who takes the house for a handful of rows and would read all of them.
        .where(PAYMENTS.c.payment_id == any_(bindparam("given_payment_id", type_=ARRAY(Text))))
        # Where nobody was faster.
        .where(PAYMENTS.c.version == arrays.table.c.was)
        .values({name: arrays.column(name) for name in columns})
        .returning(PAYMENTS.c.payment_id)
    )
    return statement, arrays


def working_off(events: Sequence[tuple[str, WebhookEvent]], house_id: str, now_ms: int) -> Asked:
    """Stores webhook events, each with its account, as applied; those that are in the inbox already are so from now."""
    rows = {
        (account, event.event_id): {
            "provider": account,
            "event_id": event.event_id,
            "payment_ref": event.payment_ref,
            "house_id": house_id,
            "received_at_ms": now_ms,
            "attempts": 0,
            "next_attempt_at_ms": now_ms,
            "settled_at_ms": now_ms,
            "outcome": "applied",
        }
        for account, event in events
    }
    return _WORK_OFF, _EVENT_ROWS.values(list(rows.values()))

"""Customers in PostgreSQL, inside one transaction's connection. Ids of merged customers lead on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.email_addresses import EmailAddress
from services.contracts.pages import Place
from services.customers.adapters.customer_tables import customers, merged_customers
from services.customers.domain.customer import Customer
from services.runtime.sql.row_arrays import RowArrays, inserting

_TEXTS = sa.ARRAY(sa.Text)
_MADE = (customers.c.created_at_ms, customers.c.customer_id)
_asked = RowArrays([customers.c.house_id, customers.c.email_key], "asked")


def _each_by_its_key() -> sa.Select[Any]:
    """One at a time: for "any of these" the planner may read all customers of the house, and compare each with all."""
    given = _asked.table
    is_meant = (customers.c.house_id == given.c.house_id) & (customers.c.email_key == given.c.email_key)
    one = sa.select(customers).where(is_meant).limit(sa.literal_column("1")).lateral("one")
    return sa.select(one).select_from(given.join(one, sa.true()))


_BY_KEYS = _each_by_its_key()
# In one order for all, so that two lists of the same people do not wait for each other.
_BY_KEYS_LOCKED = (
    sa.select(customers)
    .where(
        customers.c.house_id == sa.bindparam("house_id"),
        customers.c.email_key == sa.any_(sa.bindparam("email_keys", type_=_TEXTS)),
    )
    .order_by(customers.c.email_key)
    .with_for_update()
)

_COLUMNS = tuple(column.name for column in customers.c)
_selected, _new = inserting(customers, _COLUMNS)
_ADD = insert(customers).from_select(list(_COLUMNS), _selected).on_conflict_do_nothing().returning(*customers.c)


class CustomerRows:
    """See Customers."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms
        self._mine = customers.c.house_id == house_id
        self._merged = merged_customers.c.house_id == house_id

    async def find(self, customer_id: str) -> Customer | None:
        return await self._first(self._named(customer_id))

    async def lock(self, customer_id: str) -> Customer | None:
        wanted = self._named(customer_id).with_for_update()
        # Whoever waits here while it is merged finds the row gone, and by a second look where its id leads to now.
        return await self._first(wanted) or await self._first(wanted)

    def _named(self, customer_id: str) -> sa.Select[Any]:
        leads_to = sa.select(merged_customers.c.customer_id).where(
            self._merged, merged_customers.c.merged_customer_id == customer_id
        )
        id_is = customers.c.customer_id == sa.func.coalesce(leads_to.scalar_subquery(), customer_id)
        return sa.select(customers).where(self._mine, id_is)

    async def by_keys(self, email_keys: Sequence[str], *, lock: bool = False) -> Mapping[str, Customer]:
        if lock:
            asked = {"house_id": self._house_id, "email_keys": [*email_keys]}
            return _by_key(await self._connection.execute(_BY_KEYS_LOCKED, asked))
        each = [{"house_id": self._house_id, "email_key": key} for key in email_keys]
        return _by_key(await self._connection.execute(_BY_KEYS, _asked.values(each)))

    async def resolve(self, customer_ids: Sequence[str]) -> Mapping[str, str]:
        there = sa.select(customers.c.customer_id, customers.c.customer_id.label("leads_to")).where(
            self._mine, customers.c.customer_id.in_(customer_ids)
        )
        merged = sa.select(merged_customers.c.merged_customer_id, merged_customers.c.customer_id).where(
            self._merged, merged_customers.c.merged_customer_id.in_(customer_ids)
        )
        rows = await self._connection.execute(there.union_all(merged))
        return {row[0]: row[1] for row in rows}

    async def add(self, new: Sequence[Customer]) -> Mapping[str, Customer]:
        # In one order for all, so that two batches with the same addresses do not wait for each other.
        rows = [_values(one) for one in sorted(new, key=lambda one: one.email.key)]
        return _by_key(await self._connection.execute(_ADD, _new.values(rows))) if rows else {}

    async def save(self, customer: Customer) -> bool:
        save = (
            sa.update(customers)
            .where(self._mine, customers.c.customer_id == customer.customer_id)
            .values(**_values(customer))
        )
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(save)
        except IntegrityError:
            return False
        return True

    async def page(self, after: Place | None, limit: int) -> Sequence[Customer]:
        wanted = sa.select(customers).where(self._mine).order_by(*_MADE).limit(limit)
        if after is not None:
            wanted = wanted.where(sa.tuple_(*_MADE) > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        return [_customer(row) for row in await self._connection.execute(wanted)]

    async def merge(self, customer_id: str, merged_customer_id: str) -> None:
        lead_on = sa.update(merged_customers).where(self._merged, merged_customers.c.customer_id == merged_customer_id)
        await self._connection.execute(lead_on.values(customer_id=customer_id))
        values = {
            "house_id": self._house_id,
            "merged_customer_id": merged_customer_id,
            "customer_id": customer_id,
            "merged_at_ms": self._now_ms,
        }
        await self._connection.execute(insert(merged_customers), values)
        gone = sa.delete(customers).where(self._mine, customers.c.customer_id == merged_customer_id)
        await self._connection.execute(gone)

    async def ids_of(self, customer_id: str) -> Sequence[str]:
        wanted = sa.select(merged_customers.c.merged_customer_id).where(
            self._merged, merged_customers.c.customer_id == customer_id
        )
        merged = (await self._connection.execute(wanted)).scalars()
        return [customer_id, *merged]

    async def remove(self, customer_id: str) -> None:
        lead = sa.delete(merged_customers).where(self._merged, merged_customers.c.customer_id == customer_id)
        await self._connection.execute(lead)
        gone = sa.delete(customers).where(self._mine, customers.c.customer_id == customer_id)
        await self._connection.execute(gone)

    async def _first(self, wanted: sa.Select[Any]) -> Customer | None:
        row = (await self._connection.execute(wanted)).first()
        return None if row is None else _customer(row)


def _by_key(rows: Iterable[sa.Row[Any]]) -> Mapping[str, Customer]:
    found = map(_customer, rows)
    return {one.email.key: one for one in found}


def _values(customer: Customer) -> dict[str, Any]:
    return {
        "house_id": customer.house_id,
        "customer_id": customer.customer_id,
        "name": customer.name,
        "email": customer.email.written,
        "email_key": customer.email.key,
        "language": customer.language,
        "phone": customer.phone,
        "email_confirmed": customer.email_confirmed,
        "created_at_ms": customer.created_at_ms,
        "revision": customer.revision,
    }


def _customer(row: sa.Row[Any]) -> Customer:
    return Customer(
        house_id=row.house_id,
        customer_id=row.customer_id,
        name=row.name,
        email=EmailAddress(row.email, row.email_key),
        language=row.language,
        phone=row.phone,
        email_confirmed=row.email_confirmed,
        created_at_ms=row.created_at_ms,
        revision=row.revision,
    )

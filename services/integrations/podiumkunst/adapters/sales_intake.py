"""Brings events into the read model of sales: one statement for each table and batch, whatever comes twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.podiumkunst.adapters.figure_tables import figure_allotments, figure_seats
from services.integrations.podiumkunst.adapters.sales_events import OrderKey, allotment_of, order_fact_of, seats_of
from services.integrations.podiumkunst.domain.sales import (
    NOTHING,
    WHOLE,
    Cut,
    Kind,
    OrderAccount,
    OrderSold,
    Seller,
    Sold,
    SoldLine,
    fold,
    left_of,
)
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.latest_rows import keep_latest

SumKey = tuple[str, str, str, str, str, str]

_ACCOUNTS: Final = text(
    """SELECT o.* FROM unnest(CAST(:house_ids AS text[]), CAST(:performance_ids AS text[]), CAST(:order_ids AS text[]))
            AS wanted (house_id, performance_id, order_id)
       CROSS JOIN LATERAL (
           SELECT * FROM figure_orders o WHERE o.house_id = wanted.house_id
             AND o.performance_id = wanted.performance_id AND o.order_id = wanted.order_id OFFSET 0
       ) o"""
)
# Arrays of arrays cannot be of several lengths, so each travels as the text of an array.
_SAVE: Final = text(
    """INSERT INTO figure_orders (house_id, performance_id, order_id, seller_kind, seller, currency, lines, back_minor,
                                  is_back, cut, kinds, tickets, recettes)
       SELECT e.house_id, e.performance_id, e.order_id, e.seller_kind, e.seller, e.currency, e.lines, e.back_minor,
              e.is_back, e.cut, CAST(e.kinds AS text[]), CAST(e.tickets AS int[]), CAST(e.recettes AS bigint[])
       FROM unnest(
           CAST(:house_ids AS text[]), CAST(:performance_ids AS text[]), CAST(:order_ids AS text[]),
           CAST(:seller_kinds AS text[]), CAST(:sellers AS text[]), CAST(:currencies AS text[]),
           CAST(:lines AS bytea[]), CAST(:back_minors AS bigint[]), CAST(:are_back AS boolean[]),
           CAST(:cuts AS bytea[]),
           CAST(:kinds AS text[]), CAST(:tickets AS text[]), CAST(:recettes AS text[])
       ) AS e (house_id, performance_id, order_id, seller_kind, seller, currency, lines, back_minor, is_back, cut,
               kinds, tickets, recettes)
       ON CONFLICT (house_id, performance_id, order_id) DO UPDATE
       SET seller_kind = excluded.seller_kind, seller = excluded.seller, currency = excluded.currency,
           lines = excluded.lines, back_minor = excluded.back_minor, is_back = excluded.is_back,
           cut = excluded.cut,
           kinds = excluded.kinds, tickets = excluded.tickets, recettes = excluded.recettes"""
)
# In one order, so that two writers wait instead of deadlocking.
_ADD: Final = text(
    """INSERT INTO figure_sums AS s (house_id, performance_id, kind, seller_kind, seller, currency, tickets,
                                     recette_minor)
       SELECT * FROM unnest(
           CAST(:house_ids AS text[]), CAST(:performance_ids AS text[]), CAST(:kinds AS text[]),
           CAST(:seller_kinds AS text[]), CAST(:sellers AS text[]), CAST(:currencies AS text[]),
           CAST(:tickets AS bigint[]), CAST(:recettes AS bigint[])
       ) AS e ORDER BY 1, 2, 3, 4, 5, 6
       ON CONFLICT (house_id, performance_id, kind, seller_kind, seller, currency) DO UPDATE
       SET tickets = s.tickets + excluded.tickets, recette_minor = s.recette_minor + excluded.recette_minor"""
)
_CUT: Final = msgspec.json.Decoder(Cut)
_LINES: Final = msgspec.json.Decoder(tuple[SoldLine, ...])


async def take_changes(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
    """A BatchHandler of orders and allotments. Raises EventMalformed."""
    facts = [found for event in events if (found := order_fact_of(event)) is not None]
    allotments = [row for event in events if (row := allotment_of(event)) is not None]
    if facts:
        keys = dict.fromkeys(key for key, _ in facts)
        known = await _load(connection, list(keys))
        accounts = dict(known)
        for key, fact in facts:
            accounts[key] = fold(accounts.get(key, OrderAccount()), fact)
        await _save(connection, known, {key: one for key, one in accounts.items() if known.get(key) != one})
    await keep_latest(connection, figure_allotments, ("version",), allotments)


async def take_states(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
    """A BatchHandler of the counts of seats. Raises EventMalformed."""
    rows = [row for event in events if (row := seats_of(event)) is not None]
    await keep_latest(connection, figure_seats, ("epoch", "version"), rows)


async def _load(connection: AsyncConnection, keys: Sequence[OrderKey]) -> dict[OrderKey, OrderAccount]:
    rows = await connection.execute(_ACCOUNTS, _places(keys))
    return {OrderKey(row.house_id, row.performance_id, row.order_id): _account(row) for row in rows}


def _places(keys: Sequence[OrderKey]) -> dict[str, Any]:
    return {
        "house_ids": [key.house_id for key in keys],
        "performance_ids": [key.performance_id for key in keys],
        "order_ids": [key.order_id for key in keys],
    }


def _account(row: Any) -> OrderAccount:
    sale = None
    if row.lines is not None:
        sale = OrderSold(Seller(row.seller_kind, row.seller), row.currency, _LINES.decode(row.lines))
    return OrderAccount(sale, row.back_minor, row.is_back, WHOLE if row.cut is None else _CUT.decode(row.cut))


async def _save(
    connection: AsyncConnection, known: Mapping[OrderKey, OrderAccount], changed: Mapping[OrderKey, OrderAccount]
) -> None:
    if not changed:
        return
    moved: dict[SumKey, Sold] = {}
    left = {key: left_of(account) for key, account in changed.items()}
    for key, account in changed.items():
        if account.sale is None:
            continue
        seller, currency = account.sale.seller, account.sale.currency
        was = left_of(known[key]) if key in known else {}
        for kind in {*was, *left[key]}:
            place = (key.house_id, key.performance_id, kind.value, seller.kind, seller.subject, currency)
            change = left[key].get(kind, NOTHING).minus(was.get(kind, NOTHING))
            moved[place] = moved.get(place, NOTHING).plus(change)
    await connection.execute(_SAVE, {**_places(list(changed)), **_values(list(changed.values()), list(left.values()))})
    sums = {place: change for place, change in moved.items() if change != NOTHING}
    if sums:
        names = ("house_ids", "performance_ids", "kinds", "seller_kinds", "sellers", "currencies")
        columns = dict(zip(names, map(list, zip(*sums, strict=True)), strict=True))
        tickets, recettes = map(list, zip(*sums.values(), strict=True))
        await connection.execute(_ADD, {**columns, "tickets": tickets, "recettes": recettes})


def _values(accounts: Sequence[OrderAccount], left: Sequence[Mapping[Kind, Sold]]) -> dict[str, list[Any]]:
    sales = [account.sale for account in accounts]
    return {
        "seller_kinds": [sale.seller.kind if sale else "" for sale in sales],
        "sellers": [sale.seller.subject if sale else "" for sale in sales],
        "currencies": [sale.currency if sale else "" for sale in sales],
        "lines": [msgspec.json.encode(sale.lines) if sale else None for sale in sales],
        "back_minors": [account.back_minor for account in accounts],
        "are_back": [account.is_back for account in accounts],
        "cuts": [None if account.cut == WHOLE else msgspec.json.encode(account.cut) for account in accounts],
        "kinds": [_array(kind.value for kind in of) for of in left],
        "tickets": [_array(one.tickets for one in of.values()) for of in left],
        "recettes": [_array(one.recette_minor for one in of.values()) for of in left],
    }


def _array(elements: Any) -> str:
    """Numbers and kinds: nothing that needs quotes."""
    return "{" + ",".join(map(str, elements)) + "}"

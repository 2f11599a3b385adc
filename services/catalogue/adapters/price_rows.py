"""What a house keeps about its prices, between rows and the domain; and the book that its prices are read with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.tables import houses, price_things
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.price import PriceComponent
from services.catalogue.domain.price_book import PriceBook
from services.catalogue.domain.ticket_type import TicketType
from services.catalogue.domain.vat import PriceRules, VatClass
from services.catalogue.ports.price_things import NOTHING, Sort
from services.contracts.pages import Place
from services.contracts.prices import VatRounding

Body = TypeVar("Body")

_THING = price_things.c
_OF_THE_BOOK = (Sort.VAT_CLASS.value, Sort.PRICE_RULES.value, Sort.TICKET_TYPE.value)


class PostgresPriceThings:
    """See PriceThings. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms

    async def add(self, sort: Sort, house_id: str, thing_id: str, body: Body) -> Kept[Body] | None:
        add = insert(price_things).on_conflict_do_nothing().returning(_THING.thing_id)
        values = {
            "house_id": house_id,
            "sort": sort.value,
            "thing_id": thing_id,
            "body": msgspec.to_builtins(body),
            "created_at_ms": self._now_ms,
        }
        added = (await self._connection.execute(add, values)).first() is not None
        return Kept(house_id, thing_id, body, self._now_ms) if added else None

    async def get(
        self, sort: Sort, house_id: str, thing_id: str, body_type: type[Body], *, lock: bool = False
    ) -> Kept[Body] | None:
        wanted = sa.select(price_things).where(*_this(sort, house_id, thing_id))
        row = (await self._connection.execute(wanted.with_for_update() if lock else wanted)).first()
        return None if row is None else _kept(row, body_type)

    async def page(
        self,
        sort: Sort,
        house_id: str,
        body_type: type[Body],
        after: Place | None,
        limit: int,
        *,
        include_archived: bool,
        having: Mapping[str, str] = NOTHING,
    ) -> Sequence[Kept[Body]]:
        place = (_THING.created_at_ms, _THING.thing_id)
        wanted = sa.select(price_things).where(_THING.house_id == house_id, _THING.sort == sort.value)
        if not include_archived:
            wanted = wanted.where(_THING.archived_at_ms == 0)
        for name, text in having.items():
            wanted = wanted.where(_THING.body[name].astext == text)
        if after is not None:
            wanted = wanted.where(sa.tuple_(*place) > sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        rows = await self._connection.execute(wanted.order_by(*place).limit(limit))
        return [_kept(row, body_type) for row in rows]

    async def save(self, sort: Sort, thing: Kept[Body]) -> None:
        save = sa.update(price_things).where(*_this(sort, thing.house_id, thing.thing_id))
        values = {
            "body": msgspec.to_builtins(thing.body),
            "revision": thing.revision,
            "archived_at_ms": thing.archived_at_ms,
        }
        await self._connection.execute(save, values)

    async def book(self, house_id: str) -> PriceBook:
        return await load_book(self._connection, house_id)


def _this(sort: Sort, house_id: str, thing_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _THING.house_id == house_id, _THING.sort == sort.value, _THING.thing_id == thing_id


def _kept(row: sa.Row[Any], body_type: type[Body]) -> Kept[Body]:
    body = msgspec.convert(row.body, body_type)
    return Kept(row.house_id, row.thing_id, body, row.created_at_ms, row.revision, row.archived_at_ms)


async def load_book(connection: AsyncConnection, house_id: str) -> PriceBook:
    """What the house's prices are read with, in one statement."""
    of_house = (_THING.house_id == houses.c.house_id) & _THING.sort.in_(_OF_THE_BOOK)
    wanted = (
        sa.select(houses.c.time_zone, _THING.sort, _THING.thing_id, _THING.body, _THING.archived_at_ms)
        .select_from(houses.outerjoin(price_things, of_house))
        .where(houses.c.house_id == house_id)
    )
    rows = (await connection.execute(wanted)).all()
    classes: dict[str, VatClass] = {}
    types: dict[str, TicketType] = {}
    retired: set[str] = set()
    retired_types: set[str] = set()
    rules = PriceRules()
    for row in rows:
        if row.sort == Sort.VAT_CLASS.value:
            classes[row.thing_id] = msgspec.convert(row.body, VatClass)
            retired |= {row.thing_id} if row.archived_at_ms else set()
        elif row.sort == Sort.TICKET_TYPE.value:
            types[row.thing_id] = msgspec.convert(row.body, TicketType)
            retired_types |= {row.thing_id} if row.archived_at_ms else set()
        elif row.sort == Sort.PRICE_RULES.value:
            rules = msgspec.convert(row.body, PriceRules)
    time_zone = rows[0].time_zone if rows else "UTC"
    rounding = rules.vat_rounding or VatRounding.HALF_UP_PER_LINE
    ids = frozenset(retired), frozenset(retired_types)
    most = rules.seats_per_customer, rules.seats_per_instrument
    return PriceBook(time_zone, rounding, rules.ticket_vat_class_id, classes, ids[0], types, ids[1], *most)


def component_rows(components: Sequence[PriceComponent]) -> Any:
    """As a price's row keeps them; None where the amount is its base."""
    return [msgspec.to_builtins(one) for one in components] or None


def components_of(kept: Any) -> tuple[PriceComponent, ...]:
    """The components in a price's row."""
    return msgspec.convert(kept or (), tuple[PriceComponent, ...])

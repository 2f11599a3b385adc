"""Productions between rows and the domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.poster_rows import load_posters
from services.catalogue.adapters.tables import performances, productions
from services.catalogue.domain.poster import Poster
from services.catalogue.domain.production import (
    AgeAdvice,
    ExternalCode,
    Genre,
    Production,
    ProductionDetails,
    ProductionFilter,
    ProductionText,
    answer_parts,
    search_text,
)
from services.contracts.pages import Place

_LIKE = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


class ProductionRows:
    """See Productions. Lives as long as its transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, production: Production) -> None:
        await self._connection.execute(sa.insert(productions), _row(production))

    async def find(self, house_id: str, production_id: str) -> Production | None:
        return await self._loaded(house_id, _one(house_id, production_id))

    async def pin(self, house_id: str, production_id: str) -> Production | None:
        return await self._loaded(house_id, _one(house_id, production_id).with_for_update(read=True))

    async def lock(self, house_id: str, production_id: str) -> Production | None:
        """See Productions.lock. Performances that are made meanwhile need only that its key stays."""
        locked = _one(house_id, production_id).with_for_update(key_share=True)
        return await self._loaded(house_id, locked)

    async def _loaded(self, house_id: str, wanted: sa.Select[Any]) -> Production | None:
        row = (await self._connection.execute(wanted)).first()
        if row is None:
            return None
        posters = await load_posters(self._connection, house_id, [row.production_id])
        return _production(row, posters.get(row.production_id))

    async def save(self, production: Production) -> None:
        its_row = (
            productions.c.house_id == production.house_id,
            productions.c.production_id == production.production_id,
        )
        await self._connection.execute(sa.update(productions).where(*its_row).values(_row(production)))

    async def places(
        self, house_id: str, wanted: ProductionFilter, after: Place | None, limit: int
    ) -> Sequence[tuple[Place, int]]:
        place = productions.c.created_at_ms, productions.c.production_id
        query = (
            sa.select(*place, productions.c.answer_parts)
            .where(productions.c.house_id == house_id, *_passes(wanted))
            .order_by(*(column.desc() for column in place))
            .limit(limit)
        )
        if after is not None:
            query = query.where(sa.tuple_(*place) < sa.tuple_(sa.literal(after.time_ms), sa.literal(after.item_id)))
        rows = (await self._connection.execute(query)).all()
        return [(Place(row.created_at_ms, row.production_id), row.answer_parts) for row in rows]

    async def at(self, house_id: str, places: Sequence[Place]) -> Sequence[Production]:
        ids = [place.item_id for place in places]
        query = sa.select(productions).where(productions.c.house_id == house_id, productions.c.production_id.in_(ids))
        posters = await load_posters(self._connection, house_id, ids)
        rows = await self._connection.execute(query)
        found = {row.production_id: _production(row, posters.get(row.production_id)) for row in rows}
        return [found[one] for one in ids if one in found]


def _one(house_id: str, production_id: str) -> sa.Select[Any]:
    return sa.select(productions).where(
        productions.c.house_id == house_id, productions.c.production_id == production_id
    )


def _passes(wanted: ProductionFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if not wanted.include_archived:
        conditions.append(productions.c.archived_at_ms.is_(None))
    if wanted.production_ids:
        conditions.append(productions.c.production_id.in_(wanted.production_ids))
    if wanted.text:
        conditions.append(productions.c.search_text.like(f"%{wanted.text.casefold().translate(_LIKE)}%", escape="\\"))
    if wanted.genre is not None:
        conditions.append(productions.c.genre == wanted.genre.value)
    if wanted.performed_from_ms:
        conditions.append(
            sa.exists().where(
                performances.c.house_id == productions.c.house_id,
                performances.c.production_id == productions.c.production_id,
                performances.c.starts_at_ms >= wanted.performed_from_ms,
                performances.c.cancelled_at_ms == 0,
                performances.c.archived_at_ms == 0,
            )
        )
    return conditions


def _row(production: Production) -> dict[str, Any]:
    details = production.details
    return {
        "house_id": production.house_id,
        "production_id": production.production_id,
        "title": details.title,
        # What the version before this one reads.
        "performer": details.performers[0] if details.performers else "",
        "performers": list(details.performers),
        "default_language": details.default_language,
        "subtitle": details.subtitle,
        "description": details.description,
        "translations": [msgspec.to_builtins(text) for text in details.translations],
        "genre": None if details.genre is None else details.genre.value,
        "duration_minutes": details.duration_minutes,
        "from_age": details.age_advice.from_age,
        "to_age": details.age_advice.to_age,
        "credits": details.credits,
        "source_url": details.source_url,
        "external_codes": [msgspec.to_builtins(code) for code in details.external_codes],
        "search_text": search_text(details),
        "answer_parts": answer_parts(details),
        "revision": production.revision,
        "created_at_ms": production.created_at_ms,
        "archived_at_ms": production.archived_at_ms,
    }


def _production(row: sa.Row[Any], poster: Poster | None) -> Production:
    # The version before this one writes the performer alone.
    of_old = (row.performer,) if row.performer else ()
    details = ProductionDetails(
        title=row.title,
        performers=of_old if row.performers is None else tuple(row.performers),
        default_language=row.default_language,
        subtitle=row.subtitle,
        description=row.description,
        translations=msgspec.convert(row.translations, tuple[ProductionText, ...]),
        genre=None if row.genre is None else Genre(row.genre),
        duration_minutes=row.duration_minutes,
        age_advice=AgeAdvice(row.from_age, row.to_age),
        credits=row.credits,
        source_url=row.source_url,
        external_codes=msgspec.convert(row.external_codes, tuple[ExternalCode, ...]),
    )
    return Production(
        row.production_id, row.house_id, details, row.created_at_ms, row.revision, row.archived_at_ms, poster
    )

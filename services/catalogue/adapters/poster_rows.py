"""Posters between rows and the domain: a row an image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.catalogue.adapters.tables import poster_images
from services.catalogue.domain.poster import Poster, PosterImage, PosterSize, VersionedImage


async def load_posters(
    connection: AsyncConnection, house_id: str, production_ids: Collection[str]
) -> Mapping[str, Poster]:
    """The posters of those of the productions that have one, in one statement that reads no image."""
    names = poster_images.c
    wanted = (
        sa.select(names.production_id, names.version, names.width, names.height)
        .where(names.house_id == house_id, names.production_id.in_(production_ids))
        .order_by(names.production_id, names.width)
    )
    sizes: defaultdict[tuple[str, str], list[PosterSize]] = defaultdict(list)
    for row in await connection.execute(wanted):
        sizes[row.production_id, row.version].append(PosterSize(row.width, row.height))
    return {production_id: Poster(version, tuple(its)) for (production_id, version), its in sizes.items()}


_WIDER_THAN_ALL = 1_000_000


class PosterRows:
    """See Posters. Lives as long as its transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def replace(self, house_id: str, production_id: str, version: str, images: Sequence[PosterImage]) -> None:
        await self.remove(house_id, production_id)
        rows = [
            {
                "house_id": house_id,
                "production_id": production_id,
                "version": version,
                "width": image.width,
                "height": image.height,
                "content": image.content,
            }
            for image in images
        ]
        await self._connection.execute(sa.insert(poster_images), rows)

    async def remove(self, house_id: str, production_id: str) -> None:
        its = poster_images.c.house_id == house_id, poster_images.c.production_id == production_id
        await self._connection.execute(sa.delete(poster_images).where(*its))

    async def image(self, house_id: str, production_id: str, width: int, version: str) -> VersionedImage | None:
        """See Posters.image. One statement, since a poster may be replaced at any moment."""
        names = poster_images.c
        too_narrow = names.width < (width or _WIDER_THAN_ALL)
        wanted = (
            sa.select(names.version, names.width, names.height, names.content)
            .where(names.house_id == house_id, names.production_id == production_id)
            .order_by(too_narrow, sa.case((too_narrow, -names.width), else_=names.width))
            .limit(1)
        )
        if version:
            wanted = wanted.where(names.version == version)
        row = (await self._connection.execute(wanted)).first()
        if row is None:
            return None
        return VersionedImage(row.version, PosterImage(row.width, row.height, row.content))

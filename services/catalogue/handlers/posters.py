"""Sets, removes and gives out the posters of productions (R2.3)."""

from __future__ import annotations

from collections.abc import Sequence

from services.catalogue.domain.poster import (
    Poster,
    PosterImage,
    PosterSize,
    VersionedImage,
    refused_picture,
    version_of,
)
from services.catalogue.domain.production import Production, changed_poster
from services.catalogue.domain.refusals import PosterNotFound, ProductionNotFound
from services.catalogue.ports.poster_maker import PosterMaker
from services.catalogue.ports.store import CatalogueStore
from services.contracts.acts import Act
from services.contracts.changes import refused_etag, refused_unset_etag
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key


class PosterHandler:
    """A poster belongs to its production and changes it: one transaction for each change, its act in it."""

    def __init__(self, store: CatalogueStore, maker: PosterMaker) -> None:
        self._store = store
        self._maker = maker

    async def set(self, house_id: str, production_id: str, picture: bytes, etag: str) -> Production | Refusal:
        """The picture that is there already changes nothing, whatever the etag.

        Refusals: FieldInvalid, Overloaded, ProductionNotFound, EtagStale.
        """
        checks = *_id_checks(house_id, production_id), refused_picture("image", picture), refused_unset_etag(etag)
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            if await transaction.productions.find(house_id, production_id) is None:
                return ProductionNotFound(production_id)
        images = await self._maker.images("image", picture)
        if isinstance(images, Refusal):
            return images
        sizes = tuple(PosterSize(image.width, image.height) for image in images)
        return await self._change(house_id, production_id, etag, Poster(version_of(images), sizes), images)

    async def remove(self, house_id: str, production_id: str, etag: str) -> Production | Refusal:
        """Removing twice is fine. Refusals: FieldInvalid, ProductionNotFound, EtagStale."""
        if refusal := refused_fields((*_id_checks(house_id, production_id), refused_unset_etag(etag))):
            return refusal
        return await self._change(house_id, production_id, etag, None, ())

    async def _change(
        self, house_id: str, production_id: str, etag: str, poster: Poster | None, images: Sequence[PosterImage]
    ) -> Production | Refusal:
        async with self._store.transaction(house_id) as transaction:
            production = await transaction.productions.lock(house_id, production_id)
            if production is None:
                return ProductionNotFound(production_id)
            if production.poster == poster:
                return production
            if stale := refused_etag("production", etag, production.revision):
                return stale
            production = changed_poster(production, poster)
            await transaction.productions.save(production)
            if poster is None:
                await transaction.posters.remove(house_id, production_id)
                act = Act("production.poster_removed", "production", production_id)
            else:
                await transaction.posters.replace(house_id, production_id, poster.version, images)
                facts = {"version": poster.version}
                act = Act("production.poster_set", "production", production_id, facts=facts)
            await transaction.record_act(house_id, act)
            await transaction.commit()
            return production

    async def image(self, house_id: str, production_id: str, width: int, version: str) -> VersionedImage | Refusal:
        """The smallest that is wide enough, 0 being the largest. Refusals: FieldInvalid, PosterNotFound."""
        of_version = refused_key("version", version) if version else None
        if refusal := refused_fields((*_id_checks(house_id, production_id), of_version)):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.posters.image(house_id, production_id, width, version)
        return found or PosterNotFound(production_id)


def _id_checks(house_id: str, production_id: str) -> tuple[FieldInvalid | None, ...]:
    return refused_key("house_id", house_id), refused_key("production_id", production_id)

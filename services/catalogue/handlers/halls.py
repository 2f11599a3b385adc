"""Creates halls."""

from __future__ import annotations

from services.catalogue.domain.hall import Hall, refused_hall
from services.catalogue.domain.refusals import HouseNotFound
from services.catalogue.handlers.once import Asked, once
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import Refusal, refused_fields
from services.runtime.ids import Ids, refused_key


class HallHandler:
    """Rooms of a house. Answers in wire form, as `asked` writes it."""

    def __init__(self, store: CatalogueStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(self, asked: Asked[Hall], house_id: str, *, name: str) -> bytes | Refusal:
        """Refusals: FieldInvalid, HouseNotFound, IdempotencyKeyReused."""
        checks = refused_key("house_id", house_id), refused_hall(name=name), refused_idempotency_key(asked.key)
        if refusal := refused_fields(checks):
            return refusal

        async def act(transaction: CatalogueTransaction) -> Hall | Refusal:
            if await transaction.house(house_id) is None:
                return HouseNotFound(house_id)
            hall = Hall(self._ids.new_id("hal"), house_id, name)
            await transaction.add_hall(hall)
            await transaction.record_act(house_id, Act("hall.created", "hall", hall.hall_id))
            return hall

        return await once(self._store, house_id, asked, Hall, act)

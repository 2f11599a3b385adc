"""Creates productions."""

from __future__ import annotations

from services.catalogue.domain.production import Production, refused_production
from services.catalogue.handlers.once import Asked, once
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.texts import refused_idempotency_key
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal, refused_fields
from services.runtime.ids import Ids, refused_key


class ProductionHandler:
    """What a house shows. Answers in wire form, as `asked` writes it."""

    def __init__(self, store: CatalogueStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create(self, asked: Asked[Production], house_id: str, *, title: str, performer: str) -> bytes | Refusal:
        """Refusals: FieldInvalid, HouseNotFound, IdempotencyKeyReused."""
        invalid = refused_production(title=title, performer=performer)
        checks = refused_key("house_id", house_id), invalid, refused_idempotency_key(asked.key)
        if refusal := refused_fields(checks):
            return refusal

        async def act(transaction: CatalogueTransaction) -> Production | Refusal:
            if await transaction.house(house_id) is None:
                return HouseNotFound(house_id)
            production = Production(self._ids.new_id("prd"), house_id, title, performer)
            await transaction.add_production(production)
            made = Act("production.created", "production", production.production_id)
            await transaction.record_act(house_id, made)
            return production

        return await once(self._store, house_id, asked, Production, act)

"""Creates houses, halls and productions."""

from __future__ import annotations

from services.catalogue.domain.house import Hall, House, Production, refused_hall, refused_house, refused_production
from services.catalogue.domain.refusals import HouseNotFound, LabelTaken
from services.catalogue.handlers.once import Asked, once
from services.catalogue.ports import CatalogueStore, CatalogueTransaction
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import Refusal, refused_fields
from services.runtime.ids import Ids, refused_key

SIGN_UP_SCOPE = ""


class HouseHandler:
    """What a house is made of, before there is anything to sell. Answers in wire form, as `asked` writes it."""

    def __init__(self, store: CatalogueStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def create_house(
        self, asked: Asked[House], *, label: str, name: str, time_zone: str, currency: str
    ) -> bytes | Refusal:
        """R2.1. Refusals: FieldInvalid, LabelTaken, IdempotencyKeyReused."""
        invalid = refused_house(label=label, name=name, time_zone=time_zone, currency=currency)
        if refusal := refused_fields((invalid, refused_idempotency_key(asked.key))):
            return refusal

        async def act(transaction: CatalogueTransaction) -> House | Refusal:
            house = House(self._ids.new_id("hse"), label, name, time_zone, currency)
            return house if await transaction.add_house(house) else LabelTaken(label)

        return await once(self._store, SIGN_UP_SCOPE, asked, House, act)

    async def create_hall(self, asked: Asked[Hall], house_id: str, *, name: str) -> bytes | Refusal:
        """Refusals: FieldInvalid, HouseNotFound, IdempotencyKeyReused."""
        checks = refused_key("house_id", house_id), refused_hall(name=name), refused_idempotency_key(asked.key)
        if refusal := refused_fields(checks):
            return refusal

        async def act(transaction: CatalogueTransaction) -> Hall | Refusal:
            if await transaction.house(house_id) is None:
                return HouseNotFound(house_id)
            hall = Hall(self._ids.new_id("hal"), house_id, name)
            await transaction.add_hall(hall)
            return hall

        return await once(self._store, house_id, asked, Hall, act)

    async def create_production(
        self, asked: Asked[Production], house_id: str, *, title: str, performer: str
    ) -> bytes | Refusal:
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
            return production

        return await once(self._store, house_id, asked, Production, act)

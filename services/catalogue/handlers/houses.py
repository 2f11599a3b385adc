"""Creates houses."""

from __future__ import annotations

from services.catalogue.domain.house import House, refused_house
from services.catalogue.domain.refusals import LabelTaken
from services.catalogue.handlers.once import Asked, once
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import Refusal, refused_fields
from services.runtime.ids import Ids

SIGN_UP_SCOPE = ""


class HouseHandler:
    """Houses. Answers in wire form, as `asked` writes it."""

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

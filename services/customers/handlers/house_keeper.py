"""The copy of a house; accounts is asked once where nothing has been told of it yet."""

from __future__ import annotations

from services.customers.domain.house import House
from services.customers.ports.houses import Houses
from services.customers.ports.store import CustomersStore
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal


class HouseKeeper:
    """Copies are kept true by accounts' topic; a new house may sell before its message is here."""

    def __init__(self, store: CustomersStore, houses: Houses) -> None:
        self._store = store
        self._houses = houses

    async def house(self, house_id: str) -> House | Refusal:
        """HouseNotFound. Raises HousesUnanswered where nobody knows."""
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.houses.find(house_id)
        if known is not None:
            return known
        told = await self._houses.house(house_id)
        if told is None:
            return HouseNotFound(house_id)
        async with self._store.transaction(house_id) as transaction:
            await transaction.houses.keep(told)
            await transaction.commit()
        return told

"""The house's clock: accounts is asked once where nothing has been told of the house yet."""

from __future__ import annotations

from services.integrations.podiumkunst.ports.neighbours import Neighbours
from services.integrations.podiumkunst.ports.transaction import LinksStore
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal


class HouseClock:
    """Copies are kept true by accounts' topic; a zone never changes."""

    def __init__(self, store: LinksStore, neighbours: Neighbours) -> None:
        self._store = store
        self._neighbours = neighbours

    async def zone(self, house_id: str) -> str | Refusal:
        """HouseNotFound. Raises NeighbourSilent where nobody knows."""
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.zone()
        if known is not None:
            return known
        told = await self._neighbours.zone(house_id)
        if told is None:
            return HouseNotFound(house_id)
        async with self._store.transaction(house_id) as transaction:
            await transaction.keep_zone(told)
            await transaction.commit()
        return told

"""What the house's halls and categories are on the platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.acts import Act
from services.contracts.changes import masked, refused_etag
from services.integrations.podiumkunst.domain.hall_mapping import (
    CategoryRank,
    HallMapping,
    refused_mapping,
    suggested_ranks,
)
from services.integrations.podiumkunst.domain.platform import Theatre
from services.integrations.podiumkunst.domain.refusals import HallNotFound
from services.integrations.podiumkunst.ports.neighbours import Neighbours
from services.integrations.podiumkunst.ports.transaction import LinksStore
from services.runtime.errors import FieldInvalid, Refusal


@dataclass(frozen=True, slots=True)
class HallLine:
    """A hall, what it is there, and the ranks that its categories would have."""

    hall_id: str
    name: str
    mapping: HallMapping
    suggested_ranks: Sequence[CategoryRank]


@dataclass(frozen=True, slots=True)
class HallLines:
    """`next_page_token` is the catalogue's."""

    lines: Sequence[HallLine]
    next_page_token: str


class HallHandler:
    """Halls are the catalogue's; what they are on the platform is kept here."""

    def __init__(self, store: LinksStore, neighbours: Neighbours) -> None:
        self._store = store
        self._neighbours = neighbours

    async def set(self, house_id: str, etag: str, wanted: HallMapping, paths: Sequence[str]) -> HallMapping | Refusal:
        """Refusals: HallNotFound, EtagStale, FieldInvalid. Raises NeighbourSilent."""
        if await self._neighbours.hall(house_id, wanted.hall_id) is None:
            return HallNotFound(wanted.hall_id)
        async with self._store.transaction(house_id) as transaction:
            before = await transaction.halls.find(wanted.hall_id, lock=True)
            after = masked(before, wanted, paths)
            if after == before:
                return before
            if refusal := refused_etag("the mapping", etag, before.revision) or refused_mapping(after):
                return refusal
            after = replace(after, revision=before.revision + 1)
            await transaction.halls.save(after)
            facts = {"theatre": after.theatre_id, "location": after.location, "ranks": str(len(after.ranks))}
            transaction.record_act(Act("hall.mapped", "hall", after.hall_id, facts=facts))
            await transaction.commit()
        return after

    async def get(self, house_id: str, hall_id: str) -> HallMapping | Refusal:
        """HallNotFound. Raises NeighbourSilent."""
        if await self._neighbours.hall(house_id, hall_id) is None:
            return HallNotFound(hall_id)
        async with self._store.transaction(house_id) as transaction:
            return await transaction.halls.find(hall_id)

    async def page(self, house_id: str, page_size: int, page_token: str) -> HallLines | Refusal:
        """FieldInvalid for a token of another list. Raises NeighbourSilent."""
        page = await self._neighbours.halls(house_id, page_size, page_token)
        if page is None:
            return FieldInvalid("page_token", "was not made by this call for this house", "next_page_token of a page")
        async with self._store.transaction(house_id) as transaction:
            mappings = await transaction.halls.all()
            prices = await transaction.shows.prices([one.hall_id for one in page.halls])
        lines = []
        for hall in page.halls:
            mapping = mappings.get(hall.hall_id, HallMapping(hall.hall_id))
            ranks = suggested_ranks(prices.get(hall.hall_id, {}), mapping.ranks)
            lines.append(HallLine(hall.hall_id, hall.name, mapping, ranks))
        return HallLines(lines, page.next_page_token)

    async def theatres(self, house_id: str) -> Sequence[tuple[Theatre, Sequence[str]]]:
        """Those that the platform's list names, each with its halls."""
        async with self._store.transaction(house_id) as transaction:
            told = await transaction.platform.theatres()
        found: dict[str, tuple[Theatre, list[str]]] = {}
        for theatre, location in told:
            _, locations = found.setdefault(theatre.theatre_id, (theatre, []))
            if location and location not in locations:
                locations.append(location)
        return [*found.values()]

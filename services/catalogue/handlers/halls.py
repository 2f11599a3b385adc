"""Creates halls, tells of them, changes them and puts them away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.catalogue.domain.hall import (
    CHANGEABLE,
    Hall,
    HallTerms,
    archived_hall,
    changed_hall,
    new_hall,
    refused_hall,
)
from services.catalogue.domain.refusals import HallNotFound
from services.catalogue.handlers.once import once
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.changes import refused_mask, refused_unset_etag
from services.contracts.once import Asked
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_idempotency_key
from services.runtime.access.refusals import HouseNotFound
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids, refused_key


@dataclass(frozen=True, slots=True)
class HallPage:
    """Halls, the oldest first; `next_page_token` is empty on the last page."""

    halls: Sequence[Hall]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class HallChange:
    """What an update asks for: new values, which of them count, and what the caller has seen."""

    hall_id: str
    terms: HallTerms
    named: Sequence[str]
    etag: str


class HallHandler:
    """Rooms of a house. `create` answers in wire form, as `asked` writes it."""

    def __init__(self, store: CatalogueStore, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def create(self, asked: Asked[Hall], house_id: str, terms: HallTerms) -> bytes | Refusal:
        """Refusals: FieldInvalid, HouseNotFound, IdempotencyKeyReused."""
        checks = refused_key("house_id", house_id), refused_hall(terms), refused_idempotency_key(asked.key)
        if refusal := refused_fields(checks):
            return refusal

        async def act(transaction: CatalogueTransaction) -> Hall | Refusal:
            if await transaction.house(house_id) is None:
                return HouseNotFound(house_id)
            hall = new_hall(self._ids.new_id("hal"), house_id, terms, self._clock.now_ms())
            await transaction.halls.add(hall)
            await transaction.record_act(house_id, Act("hall.created", "hall", hall.hall_id))
            return hall

        return await once(self._store, house_id, asked, Hall, act)

    async def hall(self, house_id: str, hall_id: str) -> Hall | Refusal:
        """Refusals: FieldInvalid, HallNotFound."""
        if refusal := refused_fields((refused_key("house_id", house_id), refused_key("hall_id", hall_id))):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            return await transaction.halls.hall(house_id, hall_id) or HallNotFound(hall_id)

    async def halls(
        self, house_id: str, page_size: int, page_token: str, *, include_archived: bool
    ) -> HallPage | Refusal:
        """A page by creation; 0 takes DEFAULT_PAGE_SIZE. Refusals: FieldInvalid. A house that is unknown has none."""
        asked = asked_page(page_size, page_token, house_id, refused_key("house_id", house_id))
        if isinstance(asked, FieldInvalid):
            return asked
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.halls.halls(house_id, asked.after, asked.size + 1, archived=include_archived)
        page = found[: asked.size]
        more = len(found) > len(page)
        return HallPage(page, token_after(house_id, page[-1].hall_id, page[-1].created_at_ms) if more else "")

    async def update(self, house_id: str, change: HallChange) -> Hall | Refusal:
        """Refusals: FieldInvalid, HallNotFound, HallArchived, EtagStale."""
        checks = (
            refused_key("house_id", house_id),
            refused_key("hall.hall_id", change.hall_id),
            refused_hall(change.terms, change.named, "hall."),
            refused_mask(change.named, CHANGEABLE),
            refused_unset_etag(change.etag),
        )
        if refusal := refused_fields(checks):
            return refusal
        named = ",".join(sorted(set(change.named)))
        act = Act("hall.changed", "hall", change.hall_id, facts={"fields": named})
        return await self._change(
            house_id, act, lambda hall: changed_hall(hall, change.terms, change.named, change.etag)
        )

    async def archive(self, house_id: str, hall_id: str, etag: str) -> Hall | Refusal:
        """Archiving twice is fine. Refusals: FieldInvalid, HallNotFound, EtagStale."""
        checks = refused_key("house_id", house_id), refused_key("hall_id", hall_id), refused_unset_etag(etag)
        if refusal := refused_fields(checks):
            return refusal
        act = Act("hall.archived", "hall", hall_id)
        return await self._change(house_id, act, lambda hall: archived_hall(hall, etag, self._clock.now_ms()))

    async def _change(self, house_id: str, act: Act, decide: Callable[[Hall], Hall | Refusal | None]) -> Hall | Refusal:
        async with self._store.transaction(house_id) as transaction:
            hall = await transaction.halls.hall(house_id, act.thing_id, locked=True)
            if hall is None:
                return HallNotFound(act.thing_id)
            changed = decide(hall)
            if changed is None:
                return hall
            if isinstance(changed, Refusal):
                return changed
            await transaction.halls.save(changed)
            await transaction.record_act(house_id, act)
            await transaction.commit()
            return changed

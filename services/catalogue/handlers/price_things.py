"""Makes, tells, changes and archives what a house keeps about its prices: one way for all sorts, rules by the sort."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.catalogue.domain.house import House
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.price_book import PriceBook
from services.catalogue.domain.refusals import PriceThingArchived, PriceThingNotFound, PriceThingTaken
from services.catalogue.handlers.once import once
from services.catalogue.ports.price_things import NOTHING, PriceThings, Sort
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.changes import refused_etag, refused_mask, refused_unset_etag
from services.contracts.once import Asked
from services.contracts.pages import asked_page, fitting, token_after
from services.contracts.texts import refused_idempotency_key
from services.runtime.access.refusals import HouseNotFound
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key

Body = TypeVar("Body")


@dataclass(frozen=True, slots=True)
class Names:
    """Another thing that a thing names: the field that names it, and what it is."""

    field: str
    sort: Sort
    thing_id: str


def _names_nothing(_: Any) -> Sequence[Names]:
    return ()


def _nothing_wrong(_: Any, __: House, ___: PriceBook) -> FieldInvalid | None:
    return None


def _one_part(_: Any) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Rules(Generic[Body]):
    """What is special to one sort. Fields of its body are named as in its message, the message as the sort.

    `refused`: what is wrong with its id and body by themselves; `beside`: with the body beside house and book;
    `names`: what else it names; `parts`: of its body, for pages. Ids are the house's own keys.
    """

    sort: Sort
    body: type[Body]
    refused: Callable[[str, Body], FieldInvalid | None]
    beside: Callable[[Body, House, PriceBook], FieldInvalid | None] = _nothing_wrong
    names: Callable[[Body], Sequence[Names]] = _names_nothing
    parts: Callable[[Body], int] = _one_part

    @property
    def changeable(self) -> frozenset[str]:
        """What an update may name: all of the body."""
        return frozenset(field.name for field in dataclasses.fields(self.body))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class ThingPage(Generic[Body]):
    """Things as they were made; `next_page_token` is empty on the last page."""

    things: Sequence[Kept[Body]]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class ThingChange(Generic[Body]):
    """What an update asks for: new values, which of them count, and what the caller has seen."""

    thing_id: str
    body: Body
    named: Sequence[str]
    etag: str


class PriceThingHandler(Generic[Body]):
    """One sort of things. `create` answers in wire form, as `asked` writes it."""

    def __init__(self, store: CatalogueStore, clock: Clock, rules: Rules[Body]) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._sort = rules.sort

    async def create(self, asked: Asked[Kept[Body]], house_id: str, thing_id: str, body: Body) -> bytes | Refusal:
        """Refusals: FieldInvalid, HouseNotFound, PriceThingTaken, IdempotencyKeyReused."""
        wrong = self._rules.refused(thing_id, body)
        if refusal := refused_fields((refused_key("house_id", house_id), wrong, refused_idempotency_key(asked.key))):
            return refusal

        async def act(transaction: CatalogueTransaction) -> Kept[Body] | Refusal:
            if refused := await self._refused(transaction, house_id, body):
                return refused
            made = await transaction.price_things.add(self._sort, house_id, thing_id, body)
            if made is None:
                return PriceThingTaken(self._sort.value, thing_id)
            await transaction.record_act(house_id, self._act("created", thing_id))
            return made

        return await once(self._store, house_id, asked, Kept, act)

    async def get(self, house_id: str, thing_id: str) -> Kept[Body] | Refusal:
        """Refusals: FieldInvalid, PriceThingNotFound."""
        if refusal := refused_fields((refused_key("house_id", house_id), self._refused_id(thing_id))):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            return await self._found(transaction, house_id, thing_id)

    async def page(
        self,
        house_id: str,
        page_size: int,
        page_token: str,
        *,
        include_archived: bool,
        having: Mapping[str, str] = NOTHING,
    ) -> ThingPage[Body] | Refusal:
        """A page by creation; 0 takes DEFAULT_PAGE_SIZE. Refusals: FieldInvalid. A house that is unknown has none.

        `having`: ids that they name, empty ones of no meaning.
        """
        wanted = {name: value for name, value in having.items() if value}
        keys = [refused_key(name, value) for name, value in wanted.items()]
        asked = asked_page(page_size, page_token, house_id, refused_key("house_id", house_id), *keys)
        if isinstance(asked, FieldInvalid):
            return asked
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.price_things.page(
                self._sort,
                house_id,
                self._rules.body,
                asked.after,
                asked.size + 1,
                include_archived=include_archived,
                having=wanted,
            )
        page = found[: min(asked.size, fitting(self._rules.parts(thing.body) for thing in found))]
        more = len(found) > len(page)
        return ThingPage(page, token_after(house_id, page[-1].thing_id, page[-1].created_at_ms) if more else "")

    async def update(self, house_id: str, change: ThingChange[Body]) -> Kept[Body] | Refusal:
        """Refusals: FieldInvalid, PriceThingNotFound, PriceThingArchived, EtagStale."""
        checks = (
            refused_key("house_id", house_id),
            self._refused_id(change.thing_id, f"{self._sort.value}."),
            self._refused_of(change),
            refused_mask(change.named, self._rules.changeable),
            refused_unset_etag(change.etag),
        )
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            thing = await self._found(transaction, house_id, change.thing_id, lock=True)
            if isinstance(thing, Refusal):
                return thing
            changed = self._changed(thing, change)
            if isinstance(changed, Refusal):
                return changed
            if refused := await self._refused(transaction, house_id, changed.body):
                return refused
            fields = ",".join(sorted(set(change.named)))
            return await self._saved(transaction, changed, self._act("changed", thing.thing_id, fields=fields))

    def _changed(self, thing: Kept[Body], change: ThingChange[Body]) -> Kept[Body] | Refusal:
        if stale := refused_etag(self._sort.value, change.etag, thing.revision):
            return stale
        if thing.archived_at_ms:
            return PriceThingArchived(self._sort.value, thing.thing_id)
        new = {name: getattr(change.body, name) for name in change.named}
        body: Body = dataclasses.replace(thing.body, **new)  # type: ignore[type-var]
        # What was right by itself may be wrong beside what stays.
        return self._rules.refused(thing.thing_id, body) or dataclasses.replace(
            thing, body=body, revision=thing.revision + 1
        )

    async def archive(self, house_id: str, thing_id: str, etag: str) -> Kept[Body] | Refusal:
        """Archiving twice is fine. Refusals: FieldInvalid, PriceThingNotFound, EtagStale."""
        checks = refused_key("house_id", house_id), self._refused_id(thing_id), refused_unset_etag(etag)
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            thing = await self._found(transaction, house_id, thing_id, lock=True)
            if isinstance(thing, Refusal) or thing.archived_at_ms:
                return thing
            if stale := refused_etag(self._sort.value, etag, thing.revision):
                return stale
            now_ms = self._clock.now_ms()
            archived = dataclasses.replace(thing, archived_at_ms=now_ms, revision=thing.revision + 1)
            return await self._saved(transaction, archived, self._act("archived", thing_id))

    async def _saved(self, transaction: CatalogueTransaction, thing: Kept[Body], act: Act) -> Kept[Body]:
        await transaction.price_things.save(self._sort, thing)
        await transaction.record_act(thing.house_id, act)
        await transaction.commit()
        return thing

    async def _found(
        self, transaction: CatalogueTransaction, house_id: str, thing_id: str, *, lock: bool = False
    ) -> Kept[Body] | Refusal:
        found = await transaction.price_things.get(self._sort, house_id, thing_id, self._rules.body, lock=lock)
        return found or PriceThingNotFound(self._sort.value, thing_id)

    async def _refused(self, transaction: CatalogueTransaction, house_id: str, body: Body) -> Refusal | None:
        house = await transaction.house(house_id)
        if house is None:
            return HouseNotFound(house_id)
        faults = [self._rules.beside(body, house, await transaction.price_things.book(house_id))]
        faults += [
            FieldInvalid(name.field, f"{name.thing_id!r} is unknown or archived", f"a {name.sort.value} of the house")
            for name in self._rules.names(body)
            if not await is_usable(transaction.price_things, house_id, name)
        ]
        return refused_fields(faults)

    def _refused_of(self, change: ThingChange[Body]) -> FieldInvalid | None:
        """What is wrong with the fields that are to change."""
        wrong = self._rules.refused(change.thing_id or "unset", change.body)
        if wrong is None:
            return None
        named = tuple(f"{self._sort.value}.{name}" for name in change.named)
        return refused_fields(
            fault
            for fault in (wrong, *wrong.others)
            if fault.field in named or fault.field.startswith(tuple(f"{name}{end}" for name in named for end in ".["))
        )

    def _refused_id(self, thing_id: str, within: str = "") -> FieldInvalid | None:
        return refused_key(f"{within}{self._sort.value}_id", thing_id)

    def _act(self, done: str, thing_id: str, **facts: str) -> Act:
        return Act(f"{self._sort.value}.{done}", self._sort.value, thing_id, facts=facts)


async def is_usable(things: PriceThings, house_id: str, name: Names) -> bool:
    """Whether the house has it for what is new."""
    found = await things.get(name.sort, house_id, name.thing_id, object)
    return found is not None and not found.archived_at_ms

"""Imports seating plans, a version each time, gives them out again, and tells of the versions of a hall."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from services.catalogue.domain.plan_document import refused_size
from services.catalogue.domain.plan_export import PlanDocuments, export_plan
from services.catalogue.domain.plan_version import PlanFiles, PlanVersion
from services.catalogue.domain.refusals import HallNotFound, SeatingPlanNotFound
from services.catalogue.domain.seating_plan import MAX_PLAN_VERSION, SeatingPlan
from services.catalogue.handlers.once import once
from services.catalogue.handlers.plan_cache import Form, PlanCache, PlanKey
from services.catalogue.handlers.plan_intake import PlanImported, PlanIntake, add_version
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.once import Asked
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key


@dataclass(frozen=True, slots=True)
class PlanPage:
    """Versions, the newest first; `next_page_token` is empty on the last page."""

    versions: Sequence[PlanVersion]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class PlanExport:
    """A version as files."""

    plan_version: int
    documents: PlanDocuments


class SeatingPlanHandler(Generic[Form]):
    """Plans are read outside the event loop, and kept in memory once they are asked for.

    `form_of` makes what a plan is given out as: that, and not the plan, is kept, since making it is the greater work.
    """

    def __init__(
        self,
        store: CatalogueStore,
        intake: PlanIntake,
        cache: PlanCache[Form],
        form_of: Callable[[PlanKey, SeatingPlan], Form],
    ) -> None:
        self._store = store
        self._intake = intake
        self._cache = cache
        self._form_of = form_of

    async def import_plan(
        self, asked: Asked[PlanImported], house_id: str, hall_id: str, sent: PlanFiles
    ) -> bytes | Refusal:
        """Adds the hall's next version; answers in wire form.

        Refusals: FieldInvalid, PlanInvalid, HallNotFound, HallArchived, IdempotencyKeyReused, Overloaded.
        """
        # What is wrong in the document itself is told once the rest is right: to read it costs something.
        if refusal := refused_fields(
            (
                refused_key("house_id", house_id),
                refused_key("hall_id", hall_id),
                refused_idempotency_key(asked.key),
                refused_size(len(sent.document), len(sent.sidecar)),
            )
        ):
            return refusal
        read = await self._intake.read(sent)
        if isinstance(read, Refusal):
            return read

        async def act(transaction: CatalogueTransaction) -> PlanImported | Refusal:
            return await add_version(transaction, house_id, hall_id, read)

        return await once(self._store, house_id, asked, PlanImported, act)

    async def plan(self, house_id: str, hall_id: str, plan_version: int) -> Form | Refusal:
        """A plan; version 0 is the latest. Refusals: FieldInvalid, SeatingPlanNotFound."""
        if refusal := refused_fields((refused_key("house_id", house_id), refused_key("hall_id", hall_id))):
            return refusal
        version = plan_version or await self._store.latest_plan_version(house_id, hall_id)
        if version is None or version > MAX_PLAN_VERSION:
            return SeatingPlanNotFound(hall_id, plan_version)
        key = PlanKey(house_id, hall_id, version)
        form = self._cache.get(key)
        if form is None:
            plan = await self._store.plan(house_id, hall_id, version)
            if plan is None:
                return SeatingPlanNotFound(hall_id, plan_version)
            form = await asyncio.to_thread(self._form_of, key, plan)
            self._cache.put(key, form, len(plan.seats))
        return form

    async def export(self, house_id: str, hall_id: str, plan_version: int) -> PlanExport | Refusal:
        """A plan as files; version 0 is the latest. Refusals: FieldInvalid, SeatingPlanNotFound."""
        if refusal := refused_fields((refused_key("house_id", house_id), refused_key("hall_id", hall_id))):
            return refusal
        version = plan_version or await self._store.latest_plan_version(house_id, hall_id)
        if version is None or version > MAX_PLAN_VERSION:
            return SeatingPlanNotFound(hall_id, plan_version)
        async with self._store.transaction(house_id) as transaction:
            files = await transaction.plans.files(house_id, hall_id, version)
        if files is None:
            return SeatingPlanNotFound(hall_id, plan_version)
        documents = await asyncio.to_thread(export_plan, files.document, files.sidecar)
        assert isinstance(documents, PlanDocuments), "what was imported is in order"
        return PlanExport(version, documents)

    async def versions(self, house_id: str, hall_id: str, page_size: int, page_token: str) -> PlanPage | Refusal:
        """A hall's versions, the newest first. Refusals: FieldInvalid, HallNotFound."""
        checks = refused_key("house_id", house_id), refused_key("hall_id", hall_id)
        asked = asked_page(page_size, page_token, house_id, *checks)
        if isinstance(asked, FieldInvalid):
            return asked
        up_to = min(asked.after.time_ms - 1, MAX_PLAN_VERSION) if asked.after else MAX_PLAN_VERSION
        async with self._store.transaction(house_id) as transaction:
            if await transaction.halls.hall(house_id, hall_id) is None:
                return HallNotFound(hall_id)
            found = await transaction.plans.versions(house_id, hall_id, up_to, asked.size + 1)
        page = found[: asked.size]
        more = len(found) > len(page)
        # The version takes the place of a time: both only order the list.
        return PlanPage(page, token_after(house_id, hall_id, page[-1].plan_version) if more else "")

"""Imports seating plans, a version each time, and gives them out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from services.catalogue.domain.hall import usable_hall
from services.catalogue.domain.plan_document import refused_size
from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.refusals import SeatingPlanNotFound
from services.catalogue.domain.seating_plan import (
    MAX_PLAN_VERSION,
    PlanInvalid,
    PlanWarning,
    SeatingPlan,
    plan_warnings,
)
from services.catalogue.handlers.once import Asked, once
from services.catalogue.handlers.plan_cache import Form, PlanCache, PlanKey
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import Overloaded, Refusal, refused_fields
from services.runtime.ids import refused_key

# Documents read at the same time, and documents in all: each may need some 100 MB while it is read.
MAX_PARSING = 2
MAX_IMPORTS = 8
RETRY_AFTER_MS = 1_000


@dataclass(frozen=True, slots=True)
class PlanImported:
    """What an import is answered with."""

    plan_version: int
    seat_count: int
    warnings: tuple[PlanWarning, ...] = ()


class SeatingPlanHandler(Generic[Form]):
    """Plans are read outside the event loop, and kept in memory once they are asked for.

    `form_of` makes what a plan is given out as: that, and not the plan, is kept, since making it is the greater work.
    """

    def __init__(
        self, store: CatalogueStore, cache: PlanCache[Form], form_of: Callable[[PlanKey, SeatingPlan], Form]
    ) -> None:
        self._store = store
        self._cache = cache
        self._form_of = form_of
        self._parsing = asyncio.Semaphore(MAX_PARSING)
        self._imports = 0

    async def import_plan(
        self, asked: Asked[PlanImported], house_id: str, hall_id: str, plan_json: bytes
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
                refused_size(len(plan_json)),
            )
        ):
            return refusal
        if self._imports >= MAX_IMPORTS:
            return Overloaded(RETRY_AFTER_MS)
        self._imports += 1
        try:
            return await self._import(asked, house_id, hall_id, plan_json)
        finally:
            self._imports -= 1

    async def _import(
        self, asked: Asked[PlanImported], house_id: str, hall_id: str, plan_json: bytes
    ) -> bytes | Refusal:
        async with self._parsing:
            plan = await asyncio.to_thread(parse, plan_json)
        if isinstance(plan, PlanInvalid):
            return plan

        async def act(transaction: CatalogueTransaction) -> PlanImported | Refusal:
            hall = usable_hall(hall_id, await transaction.halls.hall(house_id, hall_id, locked=True))
            if isinstance(hall, Refusal):
                return hall
            version = await transaction.add_plan(house_id, hall_id, plan, plan_json)
            facts = {"plan_version": str(version), "seats": str(len(plan.seats))}
            await transaction.record_act(house_id, Act("plan.imported", "hall", hall_id, facts=facts))
            return PlanImported(version, len(plan.seats), plan_warnings(plan))

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

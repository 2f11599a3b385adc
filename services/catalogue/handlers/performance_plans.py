"""Takes performances over to newer versions of their halls' plans. The owner of the seats has the last word."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass

from services.catalogue.domain.hall import usable_hall
from services.catalogue.domain.performance import Performance, PlanFacts
from services.catalogue.domain.performance_events import PerformanceUpdated
from services.catalogue.domain.plan_difference import changed_seats
from services.catalogue.domain.plan_version import WantedPlan
from services.catalogue.domain.price import refused_prices
from services.catalogue.domain.refusals import PerformanceNotFound, SeatingPlanNotFound
from services.catalogue.domain.seating_plan import MAX_PLAN_VERSION
from services.catalogue.ports.seat_owners import OwnerUnanswered, SeatOwners
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.changes import refused_etag, refused_unset_etag
from services.contracts.plan_changes import PlanNotNewer
from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key

FINISH_SECONDS = 10.0
# Of those that were broken off; the others come with the next look.
LEFT_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A change that the catalogue has nothing against."""

    performance: Performance
    plan: PlanFacts


class PerformancePlanHandler:
    """Asks the owner of the seats between two transactions. What breaks off in between is finished by finish()."""

    def __init__(self, store: CatalogueStore, owners: SeatOwners, clock: Clock) -> None:
        self._store = store
        self._owners = owners
        self._clock = clock

    async def change(self, house_id: str, performance_id: str, plan_version: int, etag: str) -> Performance | Refusal:
        """A plan that it has already changes nothing, whatever the etag.

        Refusals: FieldInvalid (prices that the new plan's categories lack), PerformanceNotFound, SeatingPlanNotFound,
        HallArchived, EtagStale, PlanNotNewer, PlanInUse.
        """
        checks = (
            refused_key("house_id", house_id),
            refused_key("performance_id", performance_id),
            None if plan_version else FieldInvalid("plan_version", UNSET, "a version of the hall's plan"),
            refused_unset_etag(etag),
        )
        if refusal := refused_fields(checks):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            wanted = await self._wanted(transaction, house_id, performance_id, plan_version, etag)
            if isinstance(wanted, Performance | Refusal):
                return wanted
            await transaction.performances.want_plan(house_id, performance_id, plan_version)
            await transaction.commit()
        return await self._carried_out(wanted)

    async def finish(self) -> None:
        """Loop: carries out what was asked for and broken off, before its caller was told anything."""
        while True:
            for left in await self._store.plans_wanted(LEFT_AT_ONCE):
                await self._finish(left)
            await self._clock.sleep(FINISH_SECONDS)

    async def _finish(self, left: WantedPlan) -> None:
        async with self._store.transaction(left.house_id) as transaction:
            found = await transaction.lock_performance(left.house_id, left.performance_id)
            assert found is not None, "performances are never deleted"
            plan = await transaction.plan_facts(left.house_id, found.hall_id, left.plan_version)
            assert plan is not None, "a version of a plan stays"
        try:
            await self._carried_out(_Wanted(found, plan))
        except OwnerUnanswered:
            # The others need not wait for this one; it stays wanted.
            return

    async def _carried_out(self, wanted: _Wanted) -> Performance | Refusal:
        """Whoever hears of a refusal finds nothing wanted any more. Raises OwnerUnanswered: it stays wanted."""
        refusal = await self._asked(wanted)
        if refusal is None:
            return await self._written(wanted)
        house_id, performance_id = wanted.performance.house_id, wanted.performance.performance_id
        async with self._store.transaction(house_id) as transaction:
            await transaction.performances.want_plan(house_id, performance_id, 0)
            await transaction.commit()
        return refusal

    @staticmethod
    async def _wanted(
        transaction: CatalogueTransaction, house_id: str, performance_id: str, plan_version: int, etag: str
    ) -> _Wanted | Performance | Refusal:
        found = await transaction.lock_performance(house_id, performance_id)
        if found is None:
            return PerformanceNotFound(performance_id)
        if found.plan_version == plan_version:
            return found
        if stale := refused_etag("performance", etag, found.revision):
            return stale
        if plan_version < found.plan_version:
            return PlanNotNewer(found.plan_version, plan_version)
        hall = usable_hall(found.hall_id, await transaction.halls.hall(house_id, found.hall_id))
        if isinstance(hall, Refusal):
            return hall
        plan = None
        if plan_version <= MAX_PLAN_VERSION:
            plan = await transaction.plan_facts(house_id, found.hall_id, plan_version)
        if plan is None:
            return SeatingPlanNotFound(found.hall_id, plan_version)
        # A price of a category that the new plan has no more is in nobody's way.
        prices = [price for price in found.prices if price.category in plan.categories]
        book, currency = found.book, found.prices[0].currency
        return refused_prices(prices, plan.categories, currency, book.usable, book.kinds) or _Wanted(found, plan)

    async def _asked(self, wanted: _Wanted) -> Refusal | None:
        performance, version = wanted.performance, wanted.plan.plan_version
        before = await self._store.plan(performance.house_id, performance.hall_id, performance.plan_version)
        after = await self._store.plan(performance.house_id, performance.hall_id, version)
        assert before is not None, "a version of a plan stays"
        assert after is not None, "a version of a plan stays"
        changed = await asyncio.to_thread(changed_seats, before, after)
        return await self._owners.adopt_plan(performance.house_id, performance.performance_id, version, changed)

    async def _written(self, wanted: _Wanted) -> Performance | Refusal:
        """What the owner has done already, whatever else was changed of the performance meanwhile."""
        house_id, performance_id = wanted.performance.house_id, wanted.performance.performance_id
        plan = wanted.plan
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.lock_performance(house_id, performance_id)
            assert found is not None, "performances are never deleted"
            if found.plan_version >= plan.plan_version:
                await transaction.performances.want_plan(house_id, performance_id, 0)
                await transaction.commit()
                return found
            changed = dataclasses.replace(
                found, plan_version=plan.plan_version, capacity=plan.seat_count, revision=found.revision + 1
            )
            await transaction.performances.save_plan(changed)
            await transaction.publish(PerformanceUpdated(changed, ("plan_version",)))
            facts = {"from": str(found.plan_version), "to": str(plan.plan_version)}
            act = Act("performance.plan_changed", "performance", performance_id, facts=facts)
            await transaction.record_act(house_id, act)
            await transaction.commit()
            return changed

"""The catalogue of plans to pick from: lists, uses, offers, publishes and withdraws them (R2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.catalogue.domain.hall import usable_hall
from services.catalogue.domain.plan_document import refused_size
from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.domain.refusals import SeatingPlanNotFound, SharedPlanNotFound
from services.catalogue.domain.seating_plan import MAX_PLAN_VERSION, SeatingPlan
from services.catalogue.domain.shared_plan import (
    MAX_QUERY_CHARS,
    OPERATOR,
    SharedPlan,
    SharedPlanTerms,
    refused_shared_terms,
    withdrawn,
)
from services.catalogue.handlers.once import once
from services.catalogue.handlers.plan_intake import PlanImported, PlanIntake, add_version
from services.catalogue.ports.shared_plans import SharedPlans
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.contracts.once import Asked
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_idempotency_key, refused_text
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids, refused_key


@dataclass(frozen=True, slots=True)
class SharedPlanPage:
    """Plans, the oldest first; `next_page_token` is empty on the last page."""

    plans: Sequence[SharedPlan]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class OfferedPlan:
    """A house's own version to be offered; empty terms are the hall's."""

    hall_id: str
    plan_version: int
    terms: SharedPlanTerms


class SharedPlanHandler:
    """What has an `asked` answers in wire form, as that writes it."""

    def __init__(self, store: CatalogueStore, shared: SharedPlans, intake: PlanIntake, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._shared = shared
        self._intake = intake
        self._clock = clock
        self._ids = ids

    async def page(self, house_id: str, words: str, page_size: int, page_token: str) -> SharedPlanPage | Refusal:
        """Refusals: FieldInvalid."""
        checks = (
            refused_key("house_id", house_id),
            refused_text("words", words, at_least=0, at_most=MAX_QUERY_CHARS),
        )
        asked = asked_page(page_size, page_token, house_id, *checks)
        if isinstance(asked, FieldInvalid):
            return asked
        found = await self._shared.page(words, asked.after, asked.size + 1)
        page = found[: asked.size]
        more = len(found) > len(page)
        token = token_after(house_id, page[-1].shared_plan_id, page[-1].published_at_ms) if more else ""
        return SharedPlanPage(page, token)

    async def use(
        self, asked: Asked[PlanImported], house_id: str, hall_id: str, shared_plan_id: str
    ) -> bytes | Refusal:
        """A copy, as the hall's next version.

        Refusals: FieldInvalid, SharedPlanNotFound, HallNotFound, HallArchived, IdempotencyKeyReused, Overloaded.
        """
        if refusal := refused_fields(
            (
                refused_key("house_id", house_id),
                refused_key("hall_id", hall_id),
                refused_key("shared_plan_id", shared_plan_id),
                refused_idempotency_key(asked.key),
            )
        ):
            return refusal
        files = await self._shared.files(shared_plan_id)
        if files is None:
            return SharedPlanNotFound(shared_plan_id)
        read = await self._intake.read_again(files)
        if isinstance(read, Refusal):
            return read

        async def act(transaction: CatalogueTransaction) -> PlanImported | Refusal:
            facts = {"shared_plan_id": shared_plan_id}
            return await add_version(transaction, house_id, hall_id, read, "plan.picked", facts=facts)

        return await once(self._store, house_id, asked, PlanImported, act)

    async def offer(self, asked: Asked[SharedPlan], house_id: str, offered: OfferedPlan) -> bytes | Refusal:
        """Refusals: FieldInvalid, HallNotFound, HallArchived, SeatingPlanNotFound, IdempotencyKeyReused."""
        terms = offered.terms
        if refusal := refused_fields(
            (
                refused_key("house_id", house_id),
                refused_key("hall_id", offered.hall_id),
                refused_idempotency_key(asked.key),
                refused_shared_terms(SharedPlanTerms(terms.name or "-", terms.city, terms.description)),
            )
        ):
            return refusal

        async def act(transaction: CatalogueTransaction) -> SharedPlan | Refusal:
            return await self._offer(transaction, house_id, offered)

        return await once(self._store, house_id, asked, SharedPlan, act)

    async def _offer(
        self, transaction: CatalogueTransaction, house_id: str, offered: OfferedPlan
    ) -> SharedPlan | Refusal:
        hall = usable_hall(offered.hall_id, await transaction.halls.hall(house_id, offered.hall_id))
        if isinstance(hall, Refusal):
            return hall
        version = offered.plan_version or hall.latest_plan_version
        files = facts = None
        if 0 < version <= MAX_PLAN_VERSION:
            files = await transaction.plans.files(house_id, hall.hall_id, version)
            facts = await transaction.plan_facts(house_id, hall.hall_id, version)
        if files is None or facts is None:
            return SeatingPlanNotFound(hall.hall_id, offered.plan_version)
        plan = SharedPlan(
            self._ids.new_id("shp"),
            house_id,
            offered.terms.name or hall.name,
            offered.terms.city or hall.city,
            offered.terms.description or hall.description,
            facts.seat_count,
            facts.categories,
            self._clock.now_ms(),
        )
        await transaction.shared_plans.add(plan, files)
        told = {"hall_id": hall.hall_id, "plan_version": str(version)}
        await transaction.record_act(house_id, Act("plan.offered", "shared_plan", plan.shared_plan_id, facts=told))
        return plan

    async def withdraw(self, house_id: str, shared_plan_id: str) -> SharedPlan | Refusal:
        """What the house offers is offered no longer; copies stay. Refusals: FieldInvalid, SharedPlanNotFound."""
        checks = refused_key("house_id", house_id), refused_key("shared_plan_id", shared_plan_id)
        if refusal := refused_fields(checks):
            return refusal
        return await self._withdraw(house_id, shared_plan_id)

    async def retire(self, shared_plan_id: str) -> SharedPlan | Refusal:
        """The same by the operator, whoever offers it; a house finds it in its act log."""
        if refusal := refused_key("shared_plan_id", shared_plan_id):
            return refusal
        plan = await self._shared.find(shared_plan_id)
        return (
            SharedPlanNotFound(shared_plan_id)
            if plan is None
            else await self._withdraw(plan.offered_by, shared_plan_id)
        )

    async def _withdraw(self, offered_by: str, shared_plan_id: str) -> SharedPlan | Refusal:
        async with self._store.transaction(offered_by) as transaction:
            plan = await transaction.shared_plans.lock(offered_by, shared_plan_id)
            if plan is None:
                return SharedPlanNotFound(shared_plan_id)
            gone = withdrawn(plan, self._clock.now_ms())
            if gone is None:
                return plan
            await transaction.shared_plans.save_withdrawal(gone)
            if offered_by != OPERATOR:
                act = Act("plan.withdrawn", "shared_plan", shared_plan_id)
                await transaction.record_act(offered_by, act)
            await transaction.commit()
            return gone

    async def publish(self, asked: Asked[SharedPlan], terms: SharedPlanTerms, sent: PlanFiles) -> bytes | Refusal:
        """By the operator. Refusals: FieldInvalid, PlanInvalid, IdempotencyKeyReused, Overloaded."""
        checks = (
            refused_shared_terms(terms),
            refused_idempotency_key(asked.key),
            refused_size(len(sent.document), len(sent.sidecar)),
        )
        if refusal := refused_fields(checks):
            return refusal
        read = await self._intake.read(sent)
        if isinstance(read, Refusal):
            return read

        async def act(transaction: CatalogueTransaction) -> SharedPlan | Refusal:
            plan = self._of_operator(self._ids.new_id("shp"), terms, read.plan)
            await transaction.shared_plans.add(plan, read.files)
            return plan

        return await once(self._store, OPERATOR, asked, SharedPlan, act)

    async def publish_packaged(self, packaged: Iterable[tuple[str, SharedPlanTerms, PlanFiles]]) -> None:
        """What comes with the software, once; what was withdrawn of it stays so."""
        for shared_plan_id, terms, files in packaged:
            read = await self._intake.read(files)
            assert not isinstance(read, Refusal), f"{shared_plan_id}: {read.message()}"
            async with self._store.transaction(OPERATOR) as transaction:
                await transaction.shared_plans.add(self._of_operator(shared_plan_id, terms, read.plan), read.files)
                await transaction.commit()

    def _of_operator(self, shared_plan_id: str, terms: SharedPlanTerms, plan: SeatingPlan) -> SharedPlan:
        return SharedPlan(
            shared_plan_id,
            OPERATOR,
            terms.name,
            terms.city,
            terms.description,
            len(plan.seats),
            tuple(category.name for category in plan.categories),
            self._clock.now_ms(),
        )

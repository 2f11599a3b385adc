"""Builds seating plans that nobody draws: each is the hall's next version (R2.2)."""

from __future__ import annotations

from services.catalogue.domain.plan_blueprint import PlanBlueprint, refused_blueprint
from services.catalogue.domain.plan_builder import built_files, in_blueprint
from services.catalogue.domain.plan_parser import parse_unbounded
from services.catalogue.domain.seating_plan import PlanInvalid
from services.catalogue.handlers.once import once
from services.catalogue.handlers.plan_intake import PlanImported, PlanIntake, ReadFiles, add_version
from services.catalogue.ports.store import CatalogueStore
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.once import Asked
from services.contracts.texts import refused_idempotency_key
from services.runtime.errors import Refusal, refused_fields
from services.runtime.ids import refused_key


class PlanBuildingHandler:
    """Answers in wire form, as `asked` writes it."""

    def __init__(self, store: CatalogueStore, intake: PlanIntake) -> None:
        self._store = store
        self._intake = intake

    async def build(
        self, asked: Asked[PlanImported], house_id: str, hall_id: str, blueprint: PlanBlueprint
    ) -> bytes | Refusal:
        """Refusals: FieldInvalid, PlanInvalid, HallNotFound, HallArchived, IdempotencyKeyReused, Overloaded."""
        if refusal := refused_fields(
            (
                refused_key("house_id", house_id),
                refused_key("hall_id", hall_id),
                refused_idempotency_key(asked.key),
                refused_blueprint(blueprint),
            )
        ):
            return refusal
        read = await self._intake.make(lambda: _built(blueprint))
        if isinstance(read, Refusal):
            return read

        async def act(transaction: CatalogueTransaction) -> PlanImported | Refusal:
            return await add_version(transaction, house_id, hall_id, read, "plan.built")

        return await once(self._store, house_id, asked, PlanImported, act)


def _built(blueprint: PlanBlueprint) -> ReadFiles | PlanInvalid:
    files = built_files(blueprint)
    plan = parse_unbounded(files.document, files.sidecar)
    return in_blueprint(plan, blueprint) if isinstance(plan, PlanInvalid) else ReadFiles(plan, files)

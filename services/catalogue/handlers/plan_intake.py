"""Takes plans in: reads their files outside of the event loop, few at a time, and adds what they say to a hall."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.catalogue.domain.hall import usable_hall
from services.catalogue.domain.plan_document import unpacked
from services.catalogue.domain.plan_parser import parse, parse_unbounded
from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.domain.seating_plan import PlanInvalid, PlanWarning, SeatingPlan, plan_warnings
from services.catalogue.ports.transaction import CatalogueTransaction
from services.contracts.acts import Act
from services.runtime.errors import Overloaded, Refusal

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


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """A plan, and the files that it was read from."""

    plan: SeatingPlan
    files: PlanFiles


class PlanIntake:
    """One for the process: its bounds are the process's memory."""

    def __init__(self) -> None:
        self._parsing = asyncio.Semaphore(MAX_PARSING)
        self._imports = 0

    async def read(self, sent: PlanFiles) -> ReadFiles | Refusal:
        """`sent` may be gzip. Refusals: PlanInvalid, Overloaded."""
        return await self.make(lambda: _read(sent))

    async def read_again(self, files: PlanFiles) -> ReadFiles | Refusal:
        """What was read before and kept, unpacked. Refusals: Overloaded."""
        return await self.make(lambda: _read_again(files))

    async def make(self, work: Callable[[], ReadFiles | PlanInvalid]) -> ReadFiles | Refusal:
        """What the work makes, on a thread of its own. Refusals: PlanInvalid, Overloaded."""
        if self._imports >= MAX_IMPORTS:
            return Overloaded(RETRY_AFTER_MS)
        self._imports += 1
        try:
            async with self._parsing:
                return await asyncio.to_thread(work)
        finally:
            self._imports -= 1


def _read(sent: PlanFiles) -> ReadFiles | PlanInvalid:
    plan = parse(sent.document, sent.sidecar)
    if isinstance(plan, PlanInvalid):
        return plan
    document, sidecar = unpacked("plan_json", sent.document), unpacked("sidecar_json", sent.sidecar)
    assert isinstance(document, bytes), "it was read"
    assert isinstance(sidecar, bytes), "it was read"
    return ReadFiles(plan, PlanFiles(document, sidecar))


def _read_again(files: PlanFiles) -> ReadFiles | PlanInvalid:
    plan = parse_unbounded(files.document, files.sidecar)
    return plan if isinstance(plan, PlanInvalid) else ReadFiles(plan, files)


async def add_version(
    transaction: CatalogueTransaction,
    house_id: str,
    hall_id: str,
    read: ReadFiles,
    done: str = "plan.imported",
    *,
    facts: Mapping[str, str] | None = None,
) -> PlanImported | Refusal:
    """The hall's next version, and the act of whoever `done` it. Refusals: HallNotFound, HallArchived."""
    hall = usable_hall(hall_id, await transaction.halls.hall(house_id, hall_id, locked=True))
    if isinstance(hall, Refusal):
        return hall
    version = await transaction.plans.add(house_id, hall_id, read.plan, read.files)
    told = {"plan_version": str(version), "seats": str(len(read.plan.seats)), **(facts or {})}
    await transaction.record_act(house_id, Act(done, "hall", hall_id, facts=told))
    return PlanImported(version, len(read.plan.seats), plan_warnings(read.plan))

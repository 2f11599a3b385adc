"""Gathers what the paper of an allotment tells: the allotment as it is now, its office, its show and its seats."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.languages import LANGUAGES
from services.runtime.errors import Refusal
from services.ticketing.domain.allotment import Allotment
from services.ticketing.domain.refusals import PlanVersionMismatch
from services.ticketing.domain.show import Office, Plan, Show
from services.ticketing.ports.allotments import Allotments
from services.ticketing.ports.shows import Shows


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """All of it, of one moment."""

    allotment: Allotment
    office: Office
    show: Show
    plan: Plan

    def language(self, asked: str) -> str:
        """What is asked for, or else the office's own as far as paper speaks it."""
        own = self.office.language.partition("-")[0]
        return asked or (own if own in LANGUAGES else LANGUAGES[0])


class FactGatherer:
    """Asks the owner first: what it says is what the rest is about."""

    def __init__(self, allotments: Allotments, shows: Shows) -> None:
        self._allotments = allotments
        self._shows = shows

    async def gather(self, house_id: str, performance_id: str, allotment_id: str) -> PaperFacts | Refusal:
        """Raises NeighbourSilent."""
        allotment = await self._allotments.get(house_id, performance_id, allotment_id)
        if isinstance(allotment, Refusal):
            return allotment
        show = await self._shows.show(house_id, performance_id)
        if isinstance(show, Refusal):
            return show
        office = Office("", "")
        if allotment.office_id:
            found = await self._shows.office(house_id, allotment.office_id)
            if isinstance(found, Refusal):
                return found
            office = found
        plan = await self._shows.plan(house_id, show.hall_id, allotment.plan_version)
        if isinstance(plan, Refusal):
            return plan
        if not plan.seats.keys() >= set(allotment.seats):
            return PlanVersionMismatch(allotment_id, allotment.plan_version)
        return PaperFacts(allotment, office, show, plan)

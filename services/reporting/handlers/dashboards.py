"""Dashboards as of now: what is granted at this moment, merged over houses. Nothing of grants or figures is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from services.reporting.domain.dashboard import HouseFigures, Merged, merged
from services.reporting.domain.dashboard_question import Question
from services.reporting.domain.own_dashboard import (
    EVERYTHING,
    Missing,
    OwnDashboard,
    in_menu_order,
    missing_of,
)
from services.reporting.domain.refusals import DashboardNotFound
from services.reporting.handlers.house_figures import FigureSources, HousePart, house_part
from services.reporting.handlers.sights import Sights
from services.reporting.ports.figures import Sight
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.own_dashboards import OwnDashboards
from services.runtime.clock import Clock
from services.runtime.errors import Refusal


class DashboardKind(Enum):
    """What a dashboard shows."""

    EVERYTHING = "everything"
    HOUSE = "house"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu. `own`: what it is made of, where somebody made it."""

    dashboard_id: str
    name: str
    kind: DashboardKind
    own: OwnDashboard | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A dashboard of the menu, and the houses that it looks at; `known` are all that grant, or made the person."""

    entry: Entry
    houses: Sequence[GrantedHouse]
    known: Sequence[GrantedHouse]


@dataclass(frozen=True, slots=True)
class DashboardFigures:
    """A dashboard at one moment. `parts`: what each house has, in the order of `houses`."""

    entry: Entry
    houses: Sequence[GrantedHouse]
    parts: Sequence[HouseFigures]
    merged: Merged
    missing: Sequence[Missing]
    to_ask: Sequence[GrantedHouse]
    evaluated_at_ms: int


class DashboardHandler:
    """For people: each call asks for the grants first, so that what was withdrawn is gone with the next call."""

    def __init__(self, sights: Sights, sources: FigureSources, own: OwnDashboards, clock: Clock) -> None:
        self._sights = sights
        self._sources = sources
        self._own = own
        self._clock = clock

    async def menu(self, person_id: str) -> Sequence[Entry]:
        """Everything, one for each house that grants, then the person's own."""
        houses = await self._sights.of(person_id)
        async with self._own.transaction() as transaction:
            own = in_menu_order(await transaction.of_person(person_id))
        return [
            Entry("", "", DashboardKind.EVERYTHING),
            *(Entry(house.house_id, house.name, DashboardKind.HOUSE) for house in houses),
            *(_own_entry(one) for one in own if one.archived_at_ms is None),
        ]

    async def choose(self, person_id: str, dashboard_id: str) -> Chosen | Refusal:
        """A dashboard of the menu; '' is the one of everything.

        Refusals: DashboardNotFound, for a house that grants nothing as for one that nobody has.
        """
        known = await self._sights.known_to(person_id)
        granting = [house for house in known if not house.sight.is_empty]
        if not dashboard_id:
            return Chosen(Entry("", "", DashboardKind.EVERYTHING), granting, known)
        for house in granting:
            if house.house_id == dashboard_id:
                return Chosen(Entry(dashboard_id, house.name, DashboardKind.HOUSE), [house], known)
        async with self._own.transaction() as transaction:
            own = await transaction.find(person_id, dashboard_id)
        return DashboardNotFound(dashboard_id) if own is None else Chosen(_own_entry(own), granting, known)

    async def get(self, person_id: str, dashboard_id: str, question: Question) -> DashboardFigures | Refusal:
        """The dashboard as of now. Refusals: DashboardNotFound."""
        chosen = await self.choose(person_id, dashboard_id)
        if isinstance(chosen, Refusal):
            return chosen
        question = asked_of(chosen, question)
        now_ms = self._clock.now_ms()
        parts = await asyncio.gather(
            *(house_part(self._sources, house.sight, question, now_ms) for house in chosen.houses)
        )
        return put_together(chosen, parts, now_ms)

    async def of_house(self, house_id: str, question: Question) -> DashboardFigures:
        """For people of the house: all of it, as far as it is asked for."""
        house = GrantedHouse(house_id, "", "", Sight(house_id, whole_house=True))
        now_ms = self._clock.now_ms()
        part = await house_part(self._sources, house.sight, question, now_ms)
        found = put_together(Chosen(Entry(house_id, "", DashboardKind.HOUSE), [house], [house]), [part], now_ms)
        missing = missing_of(replace(question.choice, house_ids=()), {}, [part.granted], [])
        return replace(found, missing=[replace(one, ask=()) for one in missing], to_ask=[])


def asked_of(chosen: Chosen, question: Question) -> Question:
    """The question with what the dashboard chooses."""
    own = chosen.entry.own
    return question if own is None else replace(question, choice=own.choice)


def put_together(chosen: Chosen, parts: Sequence[HousePart], now_ms: int) -> DashboardFigures:
    """One dashboard out of what each house has. Pure."""
    own = chosen.entry.own
    to_ask = [house for house in chosen.known if not house.sight.whole_house]
    missing = missing_of(
        EVERYTHING if own is None else own.choice,
        {} if own is None else own.seen_in,
        [part.granted for part in parts],
        [house.house_id for house in chosen.known],
    )
    figures = [part.figures for part in parts]
    return DashboardFigures(chosen.entry, chosen.houses, figures, merged(figures, now_ms), missing, to_ask, now_ms)


def _own_entry(own: OwnDashboard) -> Entry:
    return Entry(own.dashboard_id, own.name, DashboardKind.OWN, own)

"""Dashboards that people make, change, and take out of their menus. None of it grants anything."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from services.contracts.changes import masked, refused_etag
from services.contracts.once import Asked, answer_once
from services.reporting.domain.own_dashboard import MAX_OWN_DASHBOARDS, OwnDashboard, refused_own
from services.reporting.domain.refusals import DashboardArchived, DashboardNotFound, TooManyDashboards
from services.reporting.handlers.sights import Sights
from services.reporting.ports.dashboard_transaction import DashboardTransaction
from services.reporting.ports.figures import Figures, Narrowing
from services.reporting.ports.own_dashboards import OwnDashboards
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


class OwnDashboardHandler:
    """Each of one person; another person's is not found, as one that nobody has made."""

    def __init__(self, own: OwnDashboards, sights: Sights, figures: Figures, ids: Ids) -> None:
        self._own = own
        self._sights = sights
        self._figures = figures
        self._ids = ids

    async def create(self, asked: Asked[OwnDashboard], wanted: OwnDashboard) -> bytes | Refusal:
        """`wanted` without an id. Refusals: TooManyDashboards, IdempotencyKeyReused."""
        seen_in = await self._seen_in(wanted)

        async def act(transaction: DashboardTransaction) -> OwnDashboard | Refusal:
            await transaction.lock(wanted.person_id)
            in_menu = [one for one in await transaction.of_person(wanted.person_id) if one.archived_at_ms is None]
            if len(in_menu) >= MAX_OWN_DASHBOARDS:
                return TooManyDashboards(MAX_OWN_DASHBOARDS)
            made = dataclasses.replace(
                wanted, dashboard_id=self._ids.new_id("dsh"), created_at_ms=transaction.now_ms, seen_in=seen_in
            )
            await transaction.save(made)
            return made

        return await answer_once(self._own.transaction(), wanted.person_id, asked, act)

    async def update(self, etag: str, wanted: OwnDashboard, paths: Collection[str]) -> OwnDashboard | Refusal:
        """Refusals: DashboardNotFound, DashboardArchived, EtagStale, and what refuses the outcome as a whole."""
        seen_in = await self._seen_in(wanted)
        async with self._own.transaction() as transaction:
            await transaction.lock(wanted.person_id)
            found = await transaction.find(wanted.person_id, wanted.dashboard_id)
            if found is None:
                return DashboardNotFound(wanted.dashboard_id)
            changed = masked(found, wanted, paths)
            if changed == found:
                return found
            if invalid := refused_own(changed.name, changed.menu_place, changed.choice, "dashboard."):
                return invalid
            if refusal := refused_etag("the dashboard", etag, found.revision):
                return refusal
            if found.archived_at_ms is not None:
                return DashboardArchived(found.dashboard_id)
            chosen = {*changed.production_ids, *changed.performance_ids}
            remembered = {thing: house for thing, house in {**found.seen_in, **seen_in}.items() if thing in chosen}
            changed = dataclasses.replace(changed, revision=found.revision + 1, seen_in=remembered)
            await transaction.save(changed)
            await transaction.commit()
            return changed

    async def archive(self, person_id: str, dashboard_id: str, etag: str) -> OwnDashboard | Refusal:
        """Twice is fine. Refusals: DashboardNotFound, EtagStale."""
        async with self._own.transaction() as transaction:
            await transaction.lock(person_id)
            found = await transaction.find(person_id, dashboard_id)
            if found is None:
                return DashboardNotFound(dashboard_id)
            if found.archived_at_ms is not None:
                return found
            if refusal := refused_etag("the dashboard", etag, found.revision):
                return refusal
            archived = dataclasses.replace(found, archived_at_ms=transaction.now_ms, revision=found.revision + 1)
            await transaction.save(archived)
            await transaction.commit()
            return archived

    async def _seen_in(self, wanted: OwnDashboard) -> Mapping[str, str]:
        """Which house shows what is chosen now: that one will be asked when it is gone (R3.8)."""
        chosen = {*wanted.production_ids, *wanted.performance_ids}
        found: dict[str, str] = {}
        if not chosen:
            return found
        for house in await self._sights.of(wanted.person_id):
            for one in await self._figures.performances(house.sight, Narrowing()):
                found |= {thing: house.house_id for thing in (one.production_id, one.performance_id) if thing in chosen}
        return found

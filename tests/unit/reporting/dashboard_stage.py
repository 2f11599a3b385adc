"""A promoter, houses that grant, and their figures in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from services.contracts.once import RecordedAnswer
from services.reporting.domain.own_dashboard import OwnDashboard
from services.reporting.handlers.dashboards import DashboardHandler
from services.reporting.handlers.house_figures import FigureSources
from services.reporting.handlers.own_dashboards import OwnDashboardHandler
from services.reporting.handlers.sights import Sights
from services.reporting.ports.figures import Sight
from services.reporting.ports.grants import GrantedHouse
from services.runtime.ids import SeededIds
from tests.unit.reporting.memory_figures import MemoryFigures

PAULA = "psn_paula"
# A Thursday: its Monday is the 9th.
NOON = int(datetime(2026, 3, 12, 12, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000
DAY = 24 * HOUR


class SetClock:
    """A clock that somebody sets."""

    def __init__(self, now_ms: int = NOON) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms

    def monotonic(self) -> float:
        return self.at_ms / 1000

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


class MemoryGrants:
    """See Grants."""

    def __init__(self) -> None:
        self.granted: dict[str, list[GrantedHouse]] = {}
        self.asked = 0

    async def of(self, subject: str) -> Sequence[GrantedHouse]:
        self.asked += 1
        return list(self.granted.get(subject, []))


class MemoryOwnDashboards:
    """See OwnDashboards: one transaction at a time, and nothing is lost by a refusal."""

    def __init__(self, now_ms: int = NOON) -> None:
        self.now_ms = now_ms
        self.kept: dict[tuple[str, str], OwnDashboard] = {}
        self.keys: dict[tuple[str, str], tuple[bytes, bytes]] = {}
        self._claimed: tuple[str, str, bytes] = ("", "", b"")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryOwnDashboards]:
        self.now_ms += 1
        yield self

    async def lock(self, person_id: str) -> None:
        pass

    async def find(self, person_id: str, dashboard_id: str) -> OwnDashboard | None:
        return self.kept.get((person_id, dashboard_id))

    async def of_person(self, person_id: str) -> Sequence[OwnDashboard]:
        return [one for (owner, _), one in self.kept.items() if owner == person_id]

    async def save(self, dashboard: OwnDashboard) -> None:
        self.kept[dashboard.person_id, dashboard.dashboard_id] = dashboard

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        self._claimed = (owner_id, key, request_hash)
        kept = self.keys.get((owner_id, key))
        return None if kept is None else RecordedAnswer(*kept)

    async def record_answer(self, owner_id: str, key: str, answer: bytes) -> None:
        self.keys[owner_id, key] = (self._claimed[2], answer)

    async def commit(self) -> None:
        pass

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        return 0


class Desk:
    """Everything behind the calls."""

    def __init__(self) -> None:
        self.figures, self.grants, self.clock = MemoryFigures(), MemoryGrants(), SetClock()
        self.kept = MemoryOwnDashboards()
        self.sources = FigureSources(self.figures, self.figures)
        sights = Sights(self.grants)
        self.dashboards = DashboardHandler(sights, self.sources, self.kept, self.clock)
        self.own = OwnDashboardHandler(self.kept, sights, self.figures, SeededIds(1))

    def grant(self, house_id: str, *, person: str = PAULA, whole: bool = False, **named: set[str]) -> None:
        """In place of what the house granted. Nothing named: it made the person, and grants nothing."""
        sight = Sight(house_id, whole, *(frozenset(named.get(name, ())) for name in ("productions", "performances")))
        house = GrantedHouse(house_id, house_id, house_id.title(), sight)
        others = [one for one in self.grants.granted.get(person, []) if one.house_id != house_id]
        self.grants.granted[person] = sorted([*others, house], key=lambda one: one.name)

    def withdraw(self, house_id: str, *, person: str = PAULA) -> None:
        """Everything that the house grants."""
        left = [one for one in self.grants.granted[person] if one.house_id != house_id]
        self.grants.granted[person] = left

    def own_dashboard(self, dashboard_id: str, **chosen: object) -> OwnDashboard:
        """One of Paula's, kept as if she had made it."""
        nothing = OwnDashboard(PAULA, dashboard_id, dashboard_id, 0, (), (), (), NOON)
        made = replace(nothing, **chosen)  # type: ignore[arg-type]
        self.kept.kept[made.person_id, dashboard_id] = made
        return made

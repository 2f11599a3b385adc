"""What staff ask of the figures: what would be told, what was told, who reports itself, and a push now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.acts import Act
from services.contracts.changes import EtagStale, etag_of, refused_etag
from services.integrations.podiumkunst.domain.figure_refusals import ConnectionOff, PerformanceNotLinked
from services.integrations.podiumkunst.domain.figures import ReportsItself
from services.integrations.podiumkunst.handlers.figures import FigureMaker, Made
from services.integrations.podiumkunst.handlers.push import Pushed, Pusher, differs
from services.integrations.podiumkunst.ports.accounts import Accounts
from services.integrations.podiumkunst.ports.figure_store import FigureStore, Linked, Rules, ToldLine

SELLERS: Final = "reporting sellers"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which linked performances: after this number, so many; or the one performance."""

    after: str
    limit: int
    performance_id: str = ""


@dataclass(frozen=True, slots=True)
class PartPush:
    """One part as the platform has it."""

    line: ToldLine
    differs: bool


@dataclass(frozen=True, slots=True)
class NumberPushes:
    """All parts of a number that were ever put out."""

    linked: Linked
    parts: Sequence[PartPush]


class FigureDesk:
    """Reads and rules; the only thing that goes out is what push_now() puts into the queue."""

    def __init__(self, store: FigureStore, maker: FigureMaker, pusher: Pusher, accounts: Accounts) -> None:
        self._store = store
        self._maker = maker
        self._pusher = pusher
        self._accounts = accounts

    async def preview(self, house_id: str, asked: Asked) -> Sequence[Made] | PerformanceNotLinked:
        """What would be told now."""
        linked = await self._linked(house_id, asked)
        return linked if isinstance(linked, PerformanceNotLinked) else await self.make(house_id, linked)

    async def make(self, house_id: str, linked: Sequence[Linked]) -> Sequence[Made]:
        """The figures of these, linked or not."""
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.known([one.performance_id for one in linked])
        around = await self._maker.ask(house_id, linked, known)
        async with self._store.transaction(house_id) as transaction:
            return await self._maker.make(transaction, linked, around)

    async def push_now(self, house_id: str, performance_id: str) -> Pushed | PerformanceNotLinked | ConnectionOff:
        """All figures, also those that the platform has."""
        if await self._accounts.account(house_id) is None:
            return ConnectionOff(house_id)
        numbers: Sequence[str] = ()
        if performance_id:
            linked = await self._linked(house_id, Asked("", 1, performance_id))
            if isinstance(linked, PerformanceNotLinked):
                return linked
            numbers = [one.number for one in linked]
        act = Act("figures.pushed", "performance" if performance_id else "house", performance_id or house_id)
        async with self._store.transaction(house_id) as transaction:
            transaction.record_act(act)
            await transaction.commit()
        return await self._pusher.push(house_id, all_of_it=True, numbers=numbers)

    async def pushes(self, house_id: str, asked: Asked) -> Sequence[NumberPushes] | PerformanceNotLinked:
        """What the platform has, and whether that is still so."""
        linked = await self._linked(house_id, asked)
        if isinstance(linked, PerformanceNotLinked):
            return linked
        made = {one.linked.number: one for one in await self.make(house_id, linked)}
        async with self._store.transaction(house_id) as transaction:
            lines = await transaction.told([one.number for one in linked])
        return [
            NumberPushes(
                one,
                [
                    PartPush(line, differs(made[one.number], line.part, line.told))
                    for line in lines
                    if line.number == one.number
                ],
            )
            for one in linked
        ]

    async def performances(self, house_id: str, limit: int, *, with_unlinked: bool) -> Sequence[Made]:
        """For a file: all that are linked by number, then the others by start."""
        async with self._store.transaction(house_id) as transaction:
            linked = list(await transaction.linked(limit=limit))
            if with_unlinked and len(linked) < limit:
                linked += await transaction.unlinked(limit - len(linked))
        return await self.make(house_id, linked)

    async def rules(self, house_id: str) -> Rules:
        """Who tells the platform itself."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.rules()

    async def set_rules(self, house_id: str, etag: str, reports_itself: ReportsItself) -> Rules | EtagStale:
        """In place of those that are there; the same again changes nothing."""
        async with self._store.transaction(house_id) as transaction:
            await transaction.lock()
            before = await transaction.rules(lock=True)
            if before.reports_itself == reports_itself:
                return before
            stale = refused_etag(SELLERS, etag, before.version)
            if stale is not None:
                return stale
            after = Rules(reports_itself, before.version + 1)
            await transaction.save_rules(after)
            facts = {"resellers": str(len(reports_itself.resellers)), "offices": str(len(reports_itself.offices))}
            transaction.record_act(Act("reporting_sellers.set", "house", house_id, facts=facts))
            await transaction.commit()
        return after

    async def _linked(self, house_id: str, asked: Asked) -> Sequence[Linked] | PerformanceNotLinked:
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.linked(after=asked.after, limit=asked.limit, performance_id=asked.performance_id)
        if asked.performance_id and not found and not asked.after:
            return PerformanceNotLinked(asked.performance_id)
        return found


def etag_of_rules(rules: Rules) -> str:
    """As staff read it."""
    return etag_of(rules.version)

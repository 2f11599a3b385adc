"""Links are accepted and taken back here, one after the other within a house (R0.9 to R0.11)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.instants import instant_text
from services.integrations.podiumkunst.domain.linkable import LineFilter
from services.integrations.podiumkunst.domain.refusals import (
    CodeUnknown,
    LinkNotFound,
    NumberLinked,
    NumberNotFound,
    PerformanceLinked,
    PerformanceNotFound,
)
from services.integrations.podiumkunst.domain.show import Link, Show
from services.integrations.podiumkunst.handlers.house_clock import HouseClock
from services.integrations.podiumkunst.handlers.link_lists import LinkLine, link_lines, usual_lines
from services.integrations.podiumkunst.ports.neighbours import Neighbours
from services.integrations.podiumkunst.ports.transaction import LinksStore, LinksTransaction
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class Pair:
    """What staff have confirmed. One of the two says which performance it is."""

    number: str
    performance_id: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """`refused` cost the links nothing. `unlinked`: so many are left to be linked. `zone` is the house's."""

    links: Sequence[LinkLine]
    refused: Sequence[tuple[Pair, Refusal]]
    unlinked: int
    zone: str


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is told and linked of some pairs; nobody else links as long as the house's links are locked."""

    numbers: Collection[str]
    by_number: dict[str, Link]
    by_performance: dict[str, Link]


class LinkingHandler:
    """What is linked is exchanged from the commit on; who exchanges figures hears of it in the same transaction."""

    def __init__(self, store: LinksStore, neighbours: Neighbours, house_clock: HouseClock, clock: Clock) -> None:
        self._store = store
        self._neighbours = neighbours
        self._house_clock = house_clock
        self._clock = clock

    async def accept(self, house_id: str, pairs: Sequence[Pair]) -> Accepted | Refusal:
        """HouseNotFound. Raises NeighbourSilent where a performance is not known here yet."""
        zone = await self._house_clock.zone(house_id)
        if isinstance(zone, Refusal):
            return zone
        shows = await self._shows(house_id, pairs)
        links: list[Link] = []
        refused: list[tuple[Pair, Refusal]] = []
        async with self._store.transaction(house_id) as transaction:
            await transaction.links.lock()
            standing = await _standing(transaction, pairs, shows)
            for pair in pairs:
                outcome = await self._accept_one(transaction, standing, pair, shows[pair])
                if isinstance(outcome, Link):
                    links.append(outcome)
                else:
                    refused.append((pair, outcome))
            lines = await link_lines(transaction, links, zone)
            unlinked = await transaction.platform.count(self._usual(zone))
            await transaction.commit()
        return Accepted(lines, refused, unlinked, zone)

    async def unlink(self, house_id: str, number: str, reason: str) -> int | Refusal:
        """How many are to be linked now. Refusals: LinkNotFound, HouseNotFound."""
        zone = await self._house_clock.zone(house_id)
        if isinstance(zone, Refusal):
            return zone
        async with self._store.transaction(house_id) as transaction:
            await transaction.links.lock()
            link = (await transaction.links.by_numbers([number])).get(number)
            if link is None:
                return LinkNotFound(number)
            await transaction.links.remove(link)
            transaction.record_act(_act("link.removed", link, reason))
            unlinked = await transaction.platform.count(self._usual(zone))
            await transaction.commit()
        return unlinked

    def _usual(self, zone: str) -> LineFilter:
        return usual_lines(zone, self._clock.now_ms())

    async def _shows(self, house_id: str, pairs: Sequence[Pair]) -> Mapping[Pair, Show | Refusal]:
        """The catalogue is asked for what no event has told yet: a performance may be linked when it was just made."""
        found: dict[Pair, Show | Refusal] = {}
        async with self._store.transaction(house_id) as transaction:
            known = await transaction.shows.find([one.performance_id for one in pairs])
            by_code = {one.code: await transaction.shows.by_code(one.code) for one in pairs if one.code}
        news: list[Show] = []
        for pair in pairs:
            show = by_code[pair.code] if pair.code else known.get(pair.performance_id)
            if show is None:
                show = await self._asked(house_id, pair)
                news += [] if show is None else [show]
            absent = CodeUnknown(pair.code) if pair.code else PerformanceNotFound(pair.performance_id)
            found[pair] = absent if show is None else show
        if news:
            async with self._store.transaction(house_id) as transaction:
                for one in news:
                    await transaction.shows.keep(one)
                await transaction.commit()
        return found

    async def _asked(self, house_id: str, pair: Pair) -> Show | None:
        if pair.code:
            return await self._neighbours.show_by_code(house_id, pair.code)
        return await self._neighbours.show(house_id, pair.performance_id)

    @staticmethod
    async def _accept_one(
        transaction: LinksTransaction, standing: _Standing, pair: Pair, show: Show | Refusal
    ) -> Link | Refusal:
        if isinstance(show, Refusal):
            return show
        if pair.number not in standing.numbers:
            return NumberNotFound(pair.number)
        there = standing.by_number.get(pair.number)
        if there is not None:
            same = there.performance_id == show.performance_id
            return there if same else NumberLinked(there.number, *_of(there))
        theirs = standing.by_performance.get(show.performance_id)
        if theirs is not None:
            return PerformanceLinked(theirs.performance_id, theirs.code, theirs.number, *_of(theirs)[2:])
        who = current_principal()
        link = Link(
            number=pair.number,
            performance_id=show.performance_id,
            code=show.code,
            linked_at_ms=transaction.now_ms,
            linked_by_kind="" if who is None else who.kind.value,
            linked_by="" if who is None else who.subject,
        )
        await transaction.links.add(link)
        standing.by_number[link.number] = standing.by_performance[link.performance_id] = link
        transaction.record_act(_act("link.accepted", link))
        return link


async def _standing(
    transaction: LinksTransaction, pairs: Sequence[Pair], shows: Mapping[Pair, Show | Refusal]
) -> _Standing:
    numbers = [one.number for one in pairs]
    performances = [one.performance_id for one in shows.values() if isinstance(one, Show)]
    return _Standing(
        numbers=(await transaction.platform.find(numbers)).keys(),
        by_number=dict(await transaction.links.by_numbers(numbers)),
        by_performance=dict(await transaction.links.by_performances(performances)),
    )


def _of(link: Link) -> tuple[str, str, str, str]:
    return link.performance_id, link.code, link.linked_by, instant_text(link.linked_at_ms)


def _act(name: str, link: Link, reason: str = "") -> Act:
    return Act(name, "performance", link.performance_id, reason, {"number": link.number, "code": link.code})

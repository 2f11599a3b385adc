"""The linking screen: how many, which, and what may belong to what; and the links that there are (R0.7 to R0.11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from services.contracts.house_time import day_begins_ms, local_of
from services.contracts.pages import AskedPage, token_after
from services.integrations.podiumkunst.domain import alert
from services.integrations.podiumkunst.domain.alert import Alert
from services.integrations.podiumkunst.domain.connection import Look
from services.integrations.podiumkunst.domain.linkable import LineFilter, season_of_day
from services.integrations.podiumkunst.domain.place import item_of_number
from services.integrations.podiumkunst.domain.platform import PlatformPerformance, wall_ms
from services.integrations.podiumkunst.domain.show import Link, Show
from services.integrations.podiumkunst.domain.suggestion import Suggestion, suggested
from services.integrations.podiumkunst.handlers.house_clock import HouseClock
from services.integrations.podiumkunst.ports.transaction import LinksStore, LinksTransaction, Listed, ShowFilter
from services.runtime.clock import Clock
from services.runtime.errors import Refusal

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Counted:
    """What the linking screen begins with (R0.7)."""

    unlinked: int
    linked: int
    look: Look | None


@dataclass(frozen=True, slots=True)
class SuggestedShow:
    """A suggestion with what does not agree."""

    suggestion: Suggestion
    alerts: Sequence[Alert]


@dataclass(frozen=True, slots=True)
class UnlinkedLine:
    """One line of the screen (R0.8)."""

    listed: Listed
    suggestions: Sequence[SuggestedShow]
    alerts: Sequence[Alert]


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A link, with both sides of it. `show` None: nothing is known of it, which the audit finds."""

    link: Link
    listed: Listed | None
    show: Show | None
    alerts: Sequence[Alert]


@dataclass(frozen=True, slots=True)
class UnlinkedPage:
    """`zone` is the house's."""

    lines: Sequence[UnlinkedLine]
    next_page_token: str
    zone: str


@dataclass(frozen=True, slots=True)
class LinkPage:
    """`zone` is the house's."""

    lines: Sequence[LinkLine]
    next_page_token: str
    zone: str


@dataclass(frozen=True, slots=True)
class CandidatePage:
    """Each with the number that it is linked to, or ''."""

    shows: Sequence[tuple[Show, str]]
    next_page_token: str
    zone: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """Which of the house's performances are asked for."""

    text: str = ""
    from_day: date | None = None
    until_day: date | None = None
    with_linked: bool = False


def usual_lines(zone: str, now_ms: int) -> LineFilter:
    """Of the current season and later ones."""
    return LineFilter(season_from=season_of_day(local_of(zone, now_ms).date()))


class LinkListHandler:
    """Reads only."""

    def __init__(self, store: LinksStore, house_clock: HouseClock, clock: Clock) -> None:
        self._store = store
        self._house_clock = house_clock
        self._clock = clock

    async def count(self, house_id: str, wanted: LineFilter) -> Counted | Refusal:
        """HouseNotFound. `season_from` 0: the current one."""
        zone = await self._house_clock.zone(house_id)
        if isinstance(zone, Refusal):
            return zone
        async with self._store.transaction(house_id) as transaction:
            unlinked = await transaction.platform.count(self._with_season(wanted, zone))
            linked = await transaction.links.count()
            look = (await transaction.connections.find()).look
        return Counted(unlinked, linked, look)

    async def unlinked(
        self, house_id: str, wanted: LineFilter, asked: AskedPage, least_certainty: int
    ) -> UnlinkedPage | Refusal:
        """HouseNotFound. With a least certainty a page has those lines only whose first suggestion is clear."""
        zone = await self._house_clock.zone(house_id)
        if isinstance(zone, Refusal):
            return zone
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.platform.unlinked(self._with_season(wanted, zone), asked.after, asked.size + 1)
            page = found[: asked.size]
            lines = await _unlinked_lines(transaction, page, zone)
        if least_certainty:
            lines = [one for one in lines if _is_clear(one, least_certainty)]
        token = _token(house_id, page[-1].performance) if len(found) > len(page) else ""
        return UnlinkedPage(lines, token, zone)

    async def candidates(self, house_id: str, wanted: Candidates, asked: AskedPage) -> CandidatePage | Refusal:
        """HouseNotFound."""
        zone = await self._house_clock.zone(house_id)
        if isinstance(zone, Refusal):
            return zone
        from_ms = None if wanted.from_day is None else day_begins_ms(zone, wanted.from_day)
        until_ms = None if wanted.until_day is None else day_begins_ms(zone, wanted.until_day + timedelta(days=1))
        show_filter = ShowFilter(wanted.text, from_ms, until_ms, wanted.with_linked)
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.shows.page(show_filter, asked.after, asked.size + 1)
        page = found[: asked.size]
        more = len(found) > len(page)
        last = page[-1][0] if more else None
        token = "" if last is None else token_after(house_id, last.performance_id, last.starts_at_ms)
        return CandidatePage(page, token, zone)

    async def links(self, house_id: str, asked: AskedPage, *, only_odd: bool) -> LinkPage | Refusal:
        """HouseNotFound."""
        zone = await self._house_clock.zone(house_id)
        if isinstance(zone, Refusal):
            return zone
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.links.page(asked.after, asked.size + 1)
            page = found[: asked.size]
            lines = await link_lines(transaction, page, zone)
        token = token_after(house_id, item_of_number(page[-1].number)) if len(found) > len(page) else ""
        return LinkPage([one for one in lines if one.alerts or not only_odd], token, zone)

    def _with_season(self, wanted: LineFilter, zone: str) -> LineFilter:
        if wanted.season_from:
            return wanted
        return replace(wanted, season_from=usual_lines(zone, self._clock.now_ms()).season_from)


async def link_lines(transaction: LinksTransaction, links: Sequence[Link], zone: str) -> Sequence[LinkLine]:
    """Both sides of each link, and what does not agree by now."""
    listed = await transaction.platform.find([one.number for one in links])
    shows = await transaction.shows.find([one.performance_id for one in links])
    halls = await transaction.halls.all()
    others = await transaction.platform.at_the_same_time([one.performance for one in listed.values()])
    lines = []
    for link in links:
        there, show = listed.get(link.number), shows.get(link.performance_id)
        alerts: list[Alert] = []
        if there is not None:
            alerts += alert.of_number(there.performance, others, zone, is_gone=there.is_gone)
            if show is not None:
                alerts += alert.of_pair(there.performance, show, halls.get(show.hall_id), zone)
        lines.append(LinkLine(link, there, show, alerts))
    return lines


async def _unlinked_lines(transaction: LinksTransaction, page: Sequence[Listed], zone: str) -> list[UnlinkedLine]:
    if not page:
        return []
    lines = [one.performance for one in page]
    days = [one.day for one in lines]
    # Whole days: what else there is on a day says how clear a suggestion is.
    from_ms = wall_ms(datetime.combine(min(days), time()))
    until_ms = wall_ms(datetime.combine(max(days) + timedelta(days=1), time()))
    rivals = await transaction.platform.unlinked_between(from_ms, until_ms - 1)
    shows = await transaction.shows.unlinked_between(from_ms - _DAY_MS, until_ms + _DAY_MS)
    halls = await transaction.halls.all()
    others = await transaction.platform.at_the_same_time(lines)
    every = {one.number: one for one in (*rivals, *lines)}
    likely = suggested([*every.values()], shows, halls, zone)

    def with_alerts(line: PlatformPerformance, one: Suggestion) -> SuggestedShow:
        return SuggestedShow(one, alert.of_pair(line, one.show, halls.get(one.show.hall_id), zone))

    return [
        UnlinkedLine(
            one,
            [with_alerts(one.performance, each) for each in likely[one.performance.number]],
            alert.of_number(one.performance, others, zone, is_gone=one.is_gone),
        )
        for one in page
    ]


def _is_clear(line: UnlinkedLine, least_certainty: int) -> bool:
    if not line.suggestions:
        return False
    first = line.suggestions[0].suggestion
    return first.is_clear and first.certainty >= least_certainty


def _token(house_id: str, last: PlatformPerformance) -> str:
    return token_after(house_id, item_of_number(last.number), wall_ms(last.starts))

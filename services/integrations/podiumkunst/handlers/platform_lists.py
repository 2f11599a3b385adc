"""The platform's performances of the house's theatres: fetched by hand and by a schedule, and kept whatever happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.integrations.podiumkunst.domain.connection import Connection, Look
from services.integrations.podiumkunst.domain.platform import PlatformList, PlatformPerformance
from services.integrations.podiumkunst.handlers.looks import look_of
from services.integrations.podiumkunst.ports.accounts import Accounts
from services.integrations.podiumkunst.ports.platform import NotTold, PlatformReader
from services.integrations.podiumkunst.ports.transaction import LinksStore, Listed
from services.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a look brought. `performances`: kept and listed."""

    look: Look
    performances: int
    added: int = 0
    changed: int = 0
    gone: int = 0
    unreadable: int = 0


class PlatformListHandler:
    """What is listed no more is marked, never removed: links stand, and it may come back."""

    def __init__(self, store: LinksStore, accounts: Accounts, platform: PlatformReader, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._platform = platform
        self._clock = clock

    async def fetch(self, house_id: str) -> Fetched:
        """Asks now. Where nothing is told, the kept list stands."""
        account = await self._accounts.account(house_id)
        told = None if account is None else await self._platform.performances(account)
        async with self._store.transaction(house_id) as transaction:
            # Two who fetch at once write one after the other.
            connection = await transaction.connections.find(lock=True)
            before = await transaction.platform.all()
            look = look_of(told, self._clock.now_ms(), 0 if connection.look is None else connection.look.told_at_ms)
            fetched = Fetched(look, sum(not one.is_gone for one in before.values()))
            await transaction.connections.looked(look)
            if told is not None and not isinstance(told, NotTold):
                news = news_of(before, told, connection)
                await transaction.platform.keep(news.to_keep)
                await transaction.platform.lose(news.gone)
                fetched = replace(
                    fetched,
                    performances=fetched.performances + news.added - len(news.gone),
                    added=news.added,
                    changed=len(news.to_keep) - news.added,
                    gone=len(news.gone),
                    unreadable=told.unreadable,
                )
            await transaction.commit()
        return fetched


@dataclass(frozen=True, slots=True)
class News:
    """`added`: so many of those to keep were not listed before."""

    to_keep: Sequence[PlatformPerformance]
    added: int
    gone: Sequence[str]


def news_of(before: Mapping[str, Listed], told: PlatformList, connection: Connection) -> News:
    """What is other than it was kept; of another theatre than the house's is nothing kept."""
    theirs = connection.theatre_ids
    listed = {one.number: one for one in told.performances if not theirs or one.theatre.theatre_id in theirs}
    to_keep = [one for number, one in listed.items() if before.get(number) != Listed(one)]
    added = sum(one.number not in before or before[one.number].is_gone for one in to_keep)
    # An entry that nobody can read may be any of those that are not there.
    gone = [] if told.unreadable else [one for one, was in before.items() if not was.is_gone and one not in listed]
    return News(to_keep, added, gone)

"""Takes what MailChimp tells by itself: kept first and answered at once, worked off after that, told twice or not."""

from __future__ import annotations

import asyncio
import hmac
from typing import Final

from services.integrations.mailchimp.domain.membership import There
from services.integrations.mailchimp.domain.news import News, NewsKind
from services.integrations.mailchimp.ports.people import People
from services.integrations.mailchimp.ports.store import MailchimpStore, StoreTransaction
from services.runtime.clock import Clock
from services.runtime.errors import Retryable
from services.runtime.waiting import wait_until_set

_AT_ONCE: Final = 200
_THERE: Final = {NewsKind.SUBSCRIBE: There.SUBSCRIBED, NewsKind.CLEANED: There.CLEANED}


class Hearing:
    """Of every house. What this process keeps it works off at once; the rest is looked for now and then."""

    def __init__(self, store: MailchimpStore, people: People, clock: Clock) -> None:
        self._store = store
        self._people = people
        self._clock = clock
        self._woken = asyncio.Event()

    async def knows(self, house_id: str, secret: str) -> frozenset[str]:
        """The audiences that are told of under this secret: one at most. In a time that tells nothing of secrets."""
        async with self._store.transaction(house_id) as transaction:
            audiences = await transaction.audiences()
        given = secret.encode()
        return frozenset(
            one.list_id for one in audiences if hmac.compare_digest(one.secret.encode(), given) and one.is_two_way
        )

    async def keep(self, house_id: str, news: News) -> None:
        """Once, however often it is told."""
        async with self._store.transaction(house_id) as transaction:
            if not await transaction.store_news(news):
                return
            await transaction.commit()
        self._woken.set()

    async def work_off(self) -> int:
        """What was kept, and the noes that customers is to be told; how much it was.

        A house of which nothing can be told keeps no other waiting. Raises what it met there, after all had their turn.
        """
        count, met = 0, None
        for house_id in await self._store.houses_with_news():
            count += await self._news_of(house_id)
        for house_id in await self._store.houses_with_opt_outs():
            try:
                count += await self._opt_outs_of(house_id)
            except Retryable as fault:
                met = fault
        if met is not None:
            raise met
        return count

    async def _news_of(self, house_id: str) -> int:
        async with self._store.transaction(house_id) as transaction:
            news = await transaction.news(_AT_ONCE)
            for one in news:
                await _apply(transaction, one)
            await transaction.news_done(news)
            await transaction.commit()
        return len(news)

    async def _opt_outs_of(self, house_id: str) -> int:
        async with self._store.transaction(house_id) as transaction:
            owed = await transaction.opt_outs(_AT_ONCE)
        for one in owed:
            if one.consent_ids:
                # Customers takes back what was given before that, once or twice alike: killed here, it is told again.
                await self._people.take_back(house_id, one.customer_id, one.consent_ids, one.said_at_ms)
            async with self._store.transaction(house_id) as transaction:
                await transaction.opt_out_done(one)
                await transaction.commit()
        return len(owed)

    async def run(self, interval_seconds: float) -> None:
        """Until cancelled."""
        while True:
            # Cleared first: what is kept while it works is not forgotten.
            self._woken.clear()
            try:
                count = await self.work_off()
            except Retryable:
                count = 0
            if not count:
                await wait_until_set(self._woken, self._clock, interval_seconds)


async def _apply(transaction: StoreTransaction, news: News) -> None:
    """What is told of the person's own name there changes nothing here: the house's record is its own."""
    if news.kind is NewsKind.PROFILE:
        return
    if news.kind is NewsKind.UPEMAIL:
        await transaction.members.rename(news.list_id, news.subscriber, news.became)
        return
    # Somebody of the house who removes a contact says nothing for the person.
    out = There.REMOVED if news.is_removal else There.UNSUBSCRIBED
    there = _THERE.get(news.kind, out)
    await transaction.members.hear(news.list_id, {news.subscriber: (there, news.said_at_ms)})

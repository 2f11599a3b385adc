"""Random histories of consents, erasures, noes there and lost webhooks, with the process killed at any point."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 (a type; the generator comes from runtime.ids)

import httpx
import pytest

from services.integrations.mailchimp.adapters.postgres_store import PostgresTransaction
from services.runtime.ids import seeded_random
from tests.doubles.company import SERVER_ERROR, Spoiled
from tests.doubles.mailchimp import hash_of
from tests.integration.mailchimp.stage import HOUSE, NEWS, PLAIN, Stage
from tests.integration.mailchimp.test_sync import TWO_WAY

_BUSY = Spoiled(429, b'{"status": 429}', {"content-type": "application/problem+json"})
_INTO = {"subscribed", "pending"}


class Killed(BaseException):
    """The process ends here: nothing catches it."""


@dataclass
class Reaper:
    """Kills at one in so many of the points where something was done, or is about to be."""

    chance: Random
    one_in: int = 0
    kills: int = 0

    def looks(self) -> None:
        if self.one_in and not self.chance.randrange(self.one_in):
            self.kills += 1
            raise Killed


class DeadlyTransport(httpx.AsyncBaseTransport):
    """Questions and answers are lost with whoever asked."""

    def __init__(self, inner: httpx.AsyncBaseTransport, reaper: Reaper) -> None:
        self._inner, self._reaper = inner, reaper

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._reaper.looks()
        answer = await self._inner.handle_async_request(request)
        self._reaper.looks()
        return answer


@dataclass
class World:
    """What a history has made of people there, by their addresses."""

    stage: Stage
    chance: Random
    reaper: Reaper
    # Who came in by an act of its own or of the house's people there.
    by_hand: set[str] = field(default_factory=set)
    # Who has said no there, and not yes there after it.
    said_no: set[str] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    number: int = 0

    def joined(self, _list_id: str, email: str, state: str) -> None:
        """A request of ours has made somebody a subscriber, or asked."""
        self.seen[state] += 1
        self.by_hand.discard(email)
        if not self.stage.book.counts(email, [NEWS]):
            self.wrong.append(f"{email} is {state} without a consent")
        if state == "subscribed" and email in self.said_no:
            self.wrong.append(f"{email} had unsubscribed and is subscribed by a sync")

    def somebody(self) -> str:
        """Known, or new."""
        known = sorted(who for house, who in self.stage.book.names if house == HOUSE)
        if len(known) < 6 or not self.chance.randrange(8):
            self.number += 1
            who = f"cus_{self.number}"
            self.stage.book.customer(who)
            return who
        return self.chance.choice(known)

    async def step(self) -> None:
        """One thing happens."""
        book, double, who = self.stage.book, self.stage.mailchimp, self.somebody()
        email, kind = book.names[HOUSE, who][1], self.chance.randrange(14)
        if kind < 5:
            book.says(who, self.chance.choice(("CONFIRMED", "CONFIRMED", "WITHDRAWN", "ASKED")))
        elif kind == 5:
            book.erase(who)
            self.seen["erased"] += 1
        elif kind == 6 and hash_of(email) not in double.audience.members:
            double.add(email, self.chance.choice(("subscribed", "unsubscribed", "cleaned")))
            self.by_hand.add(email)
        elif kind < 9 and hash_of(email) in double.audience.members:
            act = self.chance.choice(("unsubscribe", "unsubscribe", "subscribe", "cleaned"))
            (self.by_hand.add if act == "subscribe" else self.by_hand.discard)(email)
            (self.said_no.add if act == "unsubscribe" else self.said_no.discard)(email)
            await double.acts(email, act, told=self.chance.choice((0, 1, 3)))
            self.seen[act] += 1
        elif kind == 9:
            double.spoil(*[self.chance.choice((_BUSY, SERVER_ERROR, Spoiled(500, after_effect=True)))])
        else:
            self.reaper.one_in = 15
            try:
                await self.stage.round()
                await self.stage.hearing.work_off()
                if not self.chance.randrange(8):
                    await self.stage.compare()
            except Killed:
                self.seen["killed"] += 1
            self.reaper.one_in = 0

    async def heals(self) -> None:
        """No more faults: whatever is owed is done."""
        self.reaper.one_in = 0
        self.stage.mailchimp.spoiled.clear()
        self.stage.clock.ahead_ms += 600_000
        for _ in range(3):
            await self.stage.hearing.work_off()
            await self.stage.round()
        await self.stage.compare()
        await self.stage.round()

    def ends_well(self) -> list[str]:
        """Who is in without a consent, or is out though nothing keeps it out."""
        states = self.stage.mailchimp.audience.states()
        found = list(self.wrong)
        for email, state in states.items():
            if state in _INTO and email not in self.by_hand and not self.stage.book.counts(email, [NEWS]):
                found.append(f"{email} stays {state} without a consent")
        for (_, who), (_, email, _) in self.stage.book.names.items():
            if self.stage.book.counts(email, [NEWS]) and states.get(email) not in {*_INTO, "unsubscribed", "cleaned"}:
                found.append(f"{who} has consented and is {states.get(email)} there")
        return found


@asynccontextmanager
async def deadly(stage: Stage, reaper: Reaper, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The process may end at each question to MailChimp and before and after each commit."""
    client = stage.http._client
    monkeypatch.setattr(client, "_transport", DeadlyTransport(client._transport, reaper))
    commit = PostgresTransaction.commit

    async def deadly_commit(self: PostgresTransaction) -> None:
        reaper.looks()
        await commit(self)

    monkeypatch.setattr(PostgresTransaction, "commit", deadly_commit)
    async with stage.hooks_reach_us() as stage.mailchimp.post:
        yield


@pytest.mark.parametrize("seed", range(6))
async def test_r3_16_nobody_is_a_subscriber_without_a_consent_whatever_happens_and_whenever_it_is_killed(
    stage: Stage, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = seeded_random(seed)
    world = World(stage, chance, Reaper(chance))
    stage.mailchimp.joins = world.joined
    await stage.sync(manner=TWO_WAY if seed % 2 else PLAIN)
    await stage.carry()
    async with deadly(stage, world.reaper, monkeypatch):
        for _ in range(90):
            await world.step()
        await world.heals()
    assert not world.ends_well()
    assert not await stage.audit()
    kept = str(await stage.rows("SELECT customer_id, subscriber FROM members WHERE erased"))
    assert kept == "[]"
    # It did work, and it did hurt.
    assert world.seen["subscribed"] >= 3, world.seen
    assert world.seen["killed"] >= 3, world.seen


async def test_the_storm_finds_who_is_made_a_subscriber_without_a_consent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a sync that believes its copy of who stands how, and does not ask customers."""
    world = World(stage, seeded_random(1), Reaper(seeded_random(1)))
    stage.mailchimp.joins = world.joined
    await stage.sync()
    stage.book.says("ada", "CONFIRMED")
    await stage.hear()
    believed = await stage.book.consented(HOUSE, ["ada"], [NEWS])

    async def from_the_copy(*_: object) -> object:
        return believed

    monkeypatch.setattr(stage.book, "consented", from_the_copy)
    stage.book.says("ada", "WITHDRAWN")
    await stage.round()
    assert world.wrong == ["ada@example.org is subscribed without a consent"]

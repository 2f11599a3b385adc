"""The integration over a real database and the pretended MailChimp, with customers as a book that tests write in.

Everything that runs by itself in the service is a step here, in the order that a test wants.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from balcon.customers.v1 import customers_events_pb2 as events
from google.protobuf.message import Message
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.checked_record import CheckedRecord
from services.contracts.once import Asked
from services.contracts.wire_types import wire_instant
from services.integrations.mailchimp.adapters.audit_checks import CHECKS
from services.integrations.mailchimp.adapters.consent_events import learn_consents
from services.integrations.mailchimp.adapters.http_mailchimp import HttpMailchimp
from services.integrations.mailchimp.adapters.postgres_store import PostgresStore
from services.integrations.mailchimp.api.webhooks import webhook_app
from services.integrations.mailchimp.domain.audience_sync import (
    AudienceSync,
    Direction,
    Joining,
    Manner,
    MergeField,
    MergeValue,
)
from services.integrations.mailchimp.domain.profile import Person
from services.integrations.mailchimp.handlers.accounts import AccountHandler
from services.integrations.mailchimp.handlers.audience_syncs import AudienceSyncHandler, WantedSync
from services.integrations.mailchimp.handlers.courier import Courier
from services.integrations.mailchimp.handlers.dispatching import target_of
from services.integrations.mailchimp.handlers.hearing import Hearing
from services.integrations.mailchimp.handlers.hooking import Hooking
from services.integrations.mailchimp.handlers.rounds import Rounds
from services.integrations.mailchimp.ports.people import AskedConsent, CustomersSilent
from services.integrations.mailchimp.ports.store import Progress
from services.runtime.bus.topics import CONSENTS
from services.runtime.errors import Refusal
from services.runtime.ids import SeededIds
from services.runtime.outbound.http import OutboundHttp
from services.runtime.outbound.memory_queue import MemoryLedger, MemoryQueue
from services.runtime.outbound.port import Done, Exchange, Outcome
from services.runtime.outbox.event import IncomingEvent
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.servers import as_owner
from tests.doubles.mailchimp import KEY, LIST, Mailchimp

HOUSE = "hse_one"
NEWS = "cns_news"
PUBLIC_URL = "http://hooks.theatre.example"
_ALL = AllHouses("a test's events are of many houses")
PLAIN = Manner(
    merge_fields=(MergeField("FNAME", MergeValue.FIRST_NAME), MergeField("LNAME", MergeValue.LAST_NAME)),
    sends_language=True,
    tags=(),
    joining=Joining.SUBSCRIBED,
    direction=Direction.ONE_WAY,
    marketing_permission_ids=(),
)


@dataclass
class Book:
    """Customers as the integration asks it. What it says here is the truth; events tell of it when a test lets them."""

    clock: ShiftedClock
    names: dict[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)
    answers: dict[tuple[str, str, str], tuple[str, int]] = field(default_factory=dict)
    questions: dict[str, list[AskedConsent]] = field(default_factory=dict)
    untold: list[tuple[str, Message]] = field(default_factory=list)
    is_away: bool = False
    # Houses of which nothing can be taken back.
    away: set[str] = field(default_factory=set)

    def customer(self, customer_id: str, email: str = "", *, name: str = "Ada Lovelace", house_id: str = HOUSE) -> None:
        self.names[house_id, customer_id] = (name, email or f"{customer_id}@example.org", "nl")

    def says(
        self,
        customer_id: str,
        state: str,
        consent_id: str = NEWS,
        *,
        house_id: str = HOUSE,
        by_integration: bool = False,
    ) -> None:
        """CONFIRMED, ASKED, WITHDRAWN."""
        if (house_id, customer_id) not in self.names:
            self.customer(customer_id, house_id=house_id)
        now_ms = self.clock.now_ms()
        self.answers[house_id, customer_id, consent_id] = (state, now_ms)
        told = events.ConsentChanged(
            house_id=house_id,
            customer_id=customer_id,
            consent_id=consent_id,
            state=events.ConsentState.Value(f"CONSENT_STATE_{state}"),
            source=events.CONSENT_SOURCE_INTEGRATION if by_integration else events.CONSENT_SOURCE_CHECKOUT,
            changed_at=wire_instant(now_ms),
        )
        self.untold.append((house_id, told))

    def erase(self, customer_id: str, house_id: str = HOUSE) -> None:
        self.names.pop((house_id, customer_id), None)
        self.answers = {key: one for key, one in self.answers.items() if key[:2] != (house_id, customer_id)}
        self.untold.append((house_id, events.CustomerErased(house_id=house_id, customer_id=customer_id)))

    def counts(self, email: str, consent_ids: Sequence[str], house_id: str = HOUSE) -> bool:
        """Whether somebody with that address may be written to at this moment."""
        return any(
            (self.answers.get((house, who, consent)) or ("", 0))[0] == "CONFIRMED"
            for (house, who), (_, address, _) in self.names.items()
            for consent in consent_ids
            if house == house_id and address.lower() == email.lower()
        )

    async def consented(
        self, house_id: str, customer_ids: Sequence[str], consent_ids: Sequence[str]
    ) -> Mapping[str, Person]:
        if self.is_away:
            raise CustomersSilent(house_id=house_id)
        found = {}
        for who in customer_ids:
            given = {
                one: self.answers[house_id, who, one][1]
                for one in consent_ids
                if self.answers.get((house_id, who, one), ("", 0))[0] == "CONFIRMED"
            }
            if given and (house_id, who) in self.names:
                name, email, language = self.names[house_id, who]
                found[who] = Person(who, name, email, language, given)
        return found

    async def take_back(self, house_id: str, customer_id: str, consent_ids: Sequence[str], said_at_ms: int) -> None:
        if self.is_away or house_id in self.away:
            raise CustomersSilent(house_id=house_id)
        for one in consent_ids:
            state, since_ms = self.answers.get((house_id, customer_id, one), ("", 0))
            if state in {"CONFIRMED", "ASKED"} and since_ms <= said_at_ms:
                self.says(customer_id, "WITHDRAWN", one, house_id=house_id, by_integration=True)

    async def asked(self, house_id: str) -> Sequence[AskedConsent]:
        return self.questions.get(house_id, [AskedConsent(NEWS, "Our news", is_for_email=True, archived=False)])


class Stage:
    """The parts of the service, and its steps."""

    def __init__(
        self, engine: AsyncEngine, double: Mailchimp, clock: ShiftedClock, transport: httpx.AsyncBaseTransport
    ) -> None:
        self.engine, self.mailchimp, self.clock = engine, double, clock
        self.book = Book(clock)
        self.queue = MemoryQueue()
        self.ids = SeededIds(7)
        self.exchanges: list[Exchange] = []
        self.outcomes: list[Outcome] = []
        self._sequence = 0
        url = "http://mailchimp.example/3.0"
        self.http = OutboundHttp(url, clock, transport=transport)
        seal = Seal(["a sealing secret of tests"], owner="mailchimp")
        self.store = PostgresStore(engine, clock=clock, ids=self.ids, seal=seal, queue=self.queue, wake=lambda: None)
        self.api = HttpMailchimp(self.http, url, MemoryLedger())
        self.accounts = AccountHandler(self.store, self.api)
        self.syncs = AudienceSyncHandler(self.store, self.accounts, self.book, self.ids)
        self.courier = Courier(self.store, self.api, self.book, Hooking(self.store, self.api, PUBLIC_URL), clock)
        self.rounds = Rounds(self.store, clock, compare_hours=24, whole_days=7)
        self.hearing = Hearing(self.store, self.book, clock)

    async def sync(
        self,
        *,
        consent_id: str = NEWS,
        list_id: str = LIST,
        house_id: str = HOUSE,
        key: str = KEY,
        manner: Manner = PLAIN,
    ) -> AudienceSync:
        """From here on the consent makes subscribers."""
        await self.accounts.set(house_id, key)
        asked: Asked[AudienceSync] = Asked(self.ids.new_id("key"), "create", b"", lambda one: one.sync_id.encode())
        answer = await self.syncs.create(asked, house_id, WantedSync(consent_id, list_id, manner))
        assert not isinstance(answer, Refusal), answer
        found = await self.syncs.get(house_id, answer.decode())
        assert not isinstance(found, Refusal)
        return found[0]

    async def hear(self) -> None:
        """What customers has told, in one batch."""
        batch = []
        for house_id, message in self.book.untold:
            self._sequence += 1
            customer_id = str(getattr(message, "customer_id", ""))
            name, payload = message.DESCRIPTOR.full_name, message.SerializeToString()
            batch.append(
                IncomingEvent(
                    f"evt_{self._sequence}", "balcon.customers", CONSENTS, customer_id, name, payload, 1, 0, house_id
                )
            )
        async with connected(self.engine, _ALL) as connection:
            await learn_consents(connection, batch)
        self.book.untold.clear()

    async def round(self) -> None:
        """Customers' news is heard, and what has changed goes out."""
        await self.hear()
        await self.rounds.send()
        await self.carry()

    async def carry(self) -> None:
        """Each that waits, once, until nothing waits or moves."""
        for dispatch in list(self.queue.waiting.values()):
            carried = await self.courier.carry(dispatch.target, [dispatch])
            self.exchanges += carried.exchanges
            self.outcomes += carried.outcomes
            [outcome] = carried.outcomes
            if isinstance(outcome, Done) and self.queue.waiting.get((dispatch.target, dispatch.key)) is dispatch:
                self.queue.settle(dispatch.target, dispatch.key, outcome)

    async def compare(self) -> None:
        """The night has passed."""
        self.clock.ahead_ms += 25 * 3_600_000
        assert await self.rounds.compare()
        while any(one.kind == "compare" for one in self.queue.waiting.values()):
            await self.carry()
        await self.hearing.work_off()

    @asynccontextmanager
    async def hooks_reach_us(self) -> AsyncIterator[Callable[..., Any]]:
        """Posts of MailChimp's come to the service's own application."""
        app = webhook_app(self.hearing, self.clock)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL) as client:

            async def post(url: str, fields: Mapping[str, str]) -> int:
                return (await client.post(url, data=dict(fields))).status_code

            yield post

    async def progress(self, sync: AudienceSync) -> Progress:
        found = await self.syncs.get(sync.house_id, sync.sync_id)
        assert not isinstance(found, Refusal)
        return found[1]

    async def audit(self) -> list[str]:
        """What the record's own checks find."""
        checks = await CheckedRecord(self.engine, CHECKS).checks("")
        return [f"{one.name}: {violation}" for one in checks for violation in one.violations]

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        owner = as_owner(self.engine)
        async with owner.begin() as connection:
            await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
            found = [tuple(row) for row in await connection.execute(text(sql))]
        await owner.dispose()
        return found

    def target_is(self, dispatch_house: str) -> bool:
        """Whether anything waits for a house."""
        return bool(self.queue.of(target_of(dispatch_house)))


@asynccontextmanager
async def staged(database_url: str, *, judged: bool = True) -> AsyncIterator[Stage]:
    """Until the block ends."""
    engine = create_engine(database_url, application="test", may_bypass=False)
    double = Mailchimp(is_judged=judged)
    stage = Stage(engine, double, ShiftedClock(), httpx.ASGITransport(double.app))
    try:
        yield stage
        assert not double.faults, double.faults[:3]
    finally:
        await stage.http.close()
        await engine.dispose()

"""What the server tells, over real PostgreSQL and HTTP: trackers' rows, the queue, senders, and the three doubles."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from balcon.orders.v1.orders_events_pb2 import OrderConfirmed, OrderPartlyRefunded, OrderRefunded
from google.protobuf.message import Message
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.integrations.trackers.adapters.call_rows import CallRows
from services.integrations.trackers.adapters.conversions_carrier import Companies as Clients
from services.integrations.trackers.adapters.conversions_carrier import ConversionsCarrier
from services.integrations.trackers.adapters.order_intake import OrderIntake
from services.integrations.trackers.adapters.outbound_server_side import OutboundServerSide
from services.integrations.trackers.adapters.postgres_conversion_source import (
    PostgresConversionSource,
    PostgresFollowUps,
)
from services.integrations.trackers.adapters.tracker_rows import TrackerRows
from services.integrations.trackers.adapters.visit_rows import VisitRows
from services.integrations.trackers.domain.consents import Consents, Decision
from services.integrations.trackers.domain.hashing import Person
from services.integrations.trackers.domain.reached import Reached, Worth, calls_of
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.telling import Telling
from services.integrations.trackers.domain.tracker import (
    Credentials,
    GoogleDestination,
    Tracker,
    TrackerIds,
    TrackerKind,
)
from services.integrations.trackers.domain.visit import Visit
from services.integrations.trackers.ports.people import PeopleUnanswered
from services.runtime.ids import RandomIds
from services.runtime.outbound.leases import Leases
from services.runtime.outbound.memory_queue import MemoryLedger
from services.runtime.outbound.port import Carrier, Target
from services.runtime.outbound.queue import PostgresQueue
from services.runtime.outbound.sender import Sender, SenderLimits
from services.runtime.outbox.event import IncomingEvent
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses, HouseScope
from tests.doubles.x_conversions import XKeys
from tests.integration.trackers.companies import HOUSE, JANE, META, PRIVATE_KEY, TRACES, Companies, X, companies

SEAL = Seal(["a secret of the stage's own, long enough"], owner="trackers")
EVERYTHING = AllHouses("a test looks at every house")
YES = Decision(granted=True, at_ms=1)
ALL_ALLOWED = Consents(YES, YES, YES, YES)
NOTHING_ALLOWED = Consents()
CONTENT = "pro_hamlet|hou_one|2027-01-31T20:00"
KEEP_MS = 30 * 86_400_000
KEY_FILE = json.dumps({"client_email": "balcon@house.iam.example", "private_key": PRIVATE_KEY})


@dataclass
class KnownPeople:
    """Customers, as far as trackers asks it."""

    people: dict[str, Person] = field(default_factory=dict)
    is_away: bool = False
    asked: list[str] = field(default_factory=list)

    async def of(self, house_id: str, customer_ids: Collection[str]) -> Mapping[str, Person]:
        if self.is_away:
            raise PeopleUnanswered(house_id=house_id)
        self.asked += customer_ids
        return {each: self.people[each] for each in customer_ids if each in self.people}


@dataclass
class ServerStage:
    """One house or several, each with its trackers; as many senders as a test wants."""

    engine: AsyncEngine
    world: Companies
    people: KnownPeople = field(default_factory=KnownPeople)
    woken: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = self.world.clock
        self.queue = PostgresQueue(SEAL, clock, RandomIds(), self.wake)
        self.server_side = OutboundServerSide(self.queue)
        self.intake = OrderIntake(self.queue)
        source = PostgresConversionSource(self.engine, SEAL, self.people, clock, keep_ms=KEEP_MS)
        follow_ups = PostgresFollowUps(self.engine, self.queue)
        clients = Clients(self.world.meta, self.world.google, self.world.x, MemoryLedger())
        self.carrier: Carrier = ConversionsCarrier(source, clients, follow_ups, clock)
        self._senders = 0
        self._events = 0

    def wake(self) -> None:
        for wake in self.woken:
            wake()

    async def tracker(self, kind: TrackerKind, name: str, *, house_id: str = HOUSE, **changed: Any) -> Tracker:
        """A house's tracker with credentials that its double knows."""
        ids, values = _accounts(kind)
        given = Credentials({**values, **changed.pop("credentials", {})})
        tracker = Tracker(house_id, name, kind, name, replace(ids, **changed), "…", archived=False, revision=1)
        async with connected(self.engine, HouseScope(house_id)) as connection:
            await TrackerRows(connection, house_id, SEAL).add(tracker, given)
        return tracker

    async def credentials(self, tracker: Tracker, values: Mapping[str, str]) -> None:
        """New ones, as UpdateTracker would seal them."""
        async with connected(self.engine, HouseScope(tracker.house_id)) as connection:
            rows = TrackerRows(connection, tracker.house_id, SEAL)
            await rows.seal(tracker.tracker_id, Credentials(values))
            await self.server_side.mended(connection, tracker.house_id, tracker.tracker_id)

    async def visit(self, visit_id: str, consents: Consents = ALL_ALLOWED, *, house_id: str = HOUSE) -> Visit:
        traces = replace(TRACES) if consents == ALL_ALLOWED else replace(TRACES, ip_address="", user_agent="")
        visit = Visit(house_id, visit_id, consents, traces, self.world.clock.now_ms())
        async with connected(self.engine, HouseScope(house_id)) as connection:
            await VisitRows(connection, house_id, SEAL, kept_since_ms=0).save(visit)
        return visit

    async def reach(self, visit: Visit, step: Step, trackers: Sequence[Tracker], number: int = 1) -> None:
        """The visitor comes to a step, as the handler of the funnel queues it."""
        is_late = step in {Step.PAYMENT, Step.DONE}
        reached = Reached(
            visit.house_id,
            "per_hamlet",
            visit.visit_id,
            step,
            self.world.clock.now_ms() - 1_000,
            f"ord_{number}" if is_late else "",
            Worth(2_500, "EUR") if step is not Step.START else None,
            2 if step is not Step.START else 0,
        )
        async with connected(self.engine, HouseScope(visit.house_id)) as connection:
            calls = CallRows(connection, visit.house_id, self.world.clock.now_ms(), RandomIds())
            new = await calls.reached(calls_of(reached, trackers))
            await self.server_side.tell(connection, [Telling(call, CONTENT) for call in new])
            await calls.queued(new)

    async def sell(self, visit: Visit, trackers: Sequence[Tracker], number: int = 1, customer: str = "") -> None:
        """Paid and confirmed."""
        await self.confirm(number, customer, house_id=visit.house_id)
        await self.reach(visit, Step.DONE, trackers, number)

    async def confirm(self, number: int, customer: str = "", *, house_id: str = HOUSE) -> None:
        await self.take(
            OrderConfirmed(
                order_id=f"ord_{number}",
                house_id=house_id,
                performance_id="per_hamlet",
                customer_id=customer,
                confirmed_at_ms=self.world.clock.now_ms(),
            )
        )

    async def refund(self, number: int, back: int, of: int = 2_500, *, house_id: str = HOUSE) -> None:
        """So much of the order has gone back in all."""
        now_ms = self.world.clock.now_ms()
        if back < of:
            partly = OrderPartlyRefunded(refunded_at_ms=now_ms)
            partly.order_id, partly.house_id, partly.performance_id = f"ord_{number}", house_id, "per_hamlet"
            partly.total.amount_minor, partly.total.currency = of, "EUR"
            partly.refunded.amount_minor, partly.refunded.currency = back, "EUR"
            await self.take(partly)
        else:
            whole = OrderRefunded(refunded_at_ms=now_ms)
            whole.order_id, whole.house_id, whole.performance_id = f"ord_{number}", house_id, "per_hamlet"
            whole.amount.amount_minor, whole.amount.currency = of, "EUR"
            await self.take(whole)

    async def take(self, *messages: Message) -> None:
        """Orders' events arrive."""
        self._events += len(messages)
        events = [_incoming(message, f"{self._events}.{place}") for place, message in enumerate(messages)]
        async with connected(self.engine, EVERYTHING) as connection:
            await self.intake.take(connection, events)

    def sender(self, carrier: Carrier | None = None, **limits: Any) -> Sender:
        """A process of its own."""
        self._senders += 1
        sender = Sender(
            "trackers",
            Leases(self.engine),
            carrier or self.carrier,
            SEAL,
            clock=self.world.clock,
            ids=RandomIds(),
            limits=SenderLimits(**{"idle_seconds": 0.1, **limits}),
            seed=self._senders,
        )
        self.woken.append(sender.wake)
        return sender

    @contextlib.asynccontextmanager
    async def running(self, *senders: Sender) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(sender.run()) for sender in senders or (self.sender(),)]
        try:
            yield
            for task in tasks:
                assert not task.done(), task.exception()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def states(self, tracker: Tracker) -> dict[str, str]:
        """By key: `waiting`, or how it was settled."""
        rows = await self.rows(
            "SELECT key, coalesce(settled, 'waiting') AS state FROM outbound_dispatch WHERE target_id = :id",
            id=tracker.tracker_id,
        )
        return {row.key: row.state for row in rows if not row.key.startswith("diagnostics.")}

    async def are_settled(self, *trackers: Tracker) -> bool:
        states = [await self.states(tracker) for tracker in trackers]
        return all(found and "waiting" not in found.values() for found in states)

    async def rows(self, statement: str, **values: Any) -> Sequence[Any]:
        async with connected(self.engine, EVERYTHING) as connection:
            return list(await connection.execute(text(statement), values))

    def target(self, tracker: Tracker) -> Target:
        return Target(tracker.house_id, tracker.tracker_id)


def _accounts(kind: TrackerKind) -> tuple[TrackerIds, Mapping[str, str]]:
    if kind is TrackerKind.META_PIXEL:
        return TrackerIds(META.pixel_id), {"access_token": META.access_token}
    if kind is TrackerKind.GOOGLE_ADS:
        google = GoogleDestination("1234567890", "111", "222")
        return TrackerIds("AW-1234567", "start-label", "sold-label", google), {"service_account_key": KEY_FILE}
    keys = {
        "consumer_key": X.consumer_key,
        "consumer_secret": X.consumer_secret,
        "token": X.token,
        "token_secret": X.token_secret,
    }
    return TrackerIds(X.pixel_id, X.start_event_id, X.purchase_event_id), keys


def _incoming(message: Message, event_id: str) -> IncomingEvent:
    return IncomingEvent(
        id=event_id,
        source="orders",
        topic="balcon.orders.v1",
        key="per_hamlet",
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(),
        sequence=1,
        time_ms=1,
        house_id=HOUSE,
    )


def other_x_account(stage: ServerStage, pixel: str) -> Mapping[str, str]:
    """A second account at X's double."""
    keys = XKeys(pixel, f"key-{pixel}", f"secret-{pixel}", f"token-{pixel}", f"token-secret-{pixel}")
    stage.world.x_double.accounts[keys.token] = keys
    return {
        "consumer_key": keys.consumer_key,
        "consumer_secret": keys.consumer_secret,
        "token": keys.token,
        "token_secret": keys.token_secret,
    }


@contextlib.asynccontextmanager
async def open_stage(url: str, *, read_seconds: float = 5.0) -> AsyncIterator[ServerStage]:
    """Closed at the end."""
    engine = create_engine(url, application="stage", pool_size=8)
    try:
        async with companies(read_seconds=read_seconds) as world:
            stage = ServerStage(engine, world)
            stage.people.people["cus_jane"] = replace(JANE, customer_id="cus_jane")
            yield stage
    finally:
        await engine.dispose()

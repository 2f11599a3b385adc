"""The ConversionSource over trackers' own rows, with names and addresses from customers: read when something goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.integrations.trackers.adapters.conversions_carrier import DIAGNOSTICS
from services.integrations.trackers.adapters.outbound_server_side import ToldBody
from services.integrations.trackers.adapters.tracker_rows import TrackerRows
from services.integrations.trackers.adapters.visit_rows import VisitRows
from services.integrations.trackers.domain.accounts import account_of
from services.integrations.trackers.domain.conversion import Conversion
from services.integrations.trackers.domain.departure import is_personalization_allowed, why_silent
from services.integrations.trackers.domain.hashing import Person
from services.integrations.trackers.domain.reached import Worth
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.tracker import Credentials, Tracker
from services.integrations.trackers.domain.visit import Visit
from services.integrations.trackers.ports.conversion_source import Diagnostics, Found, Nothing, NotYet, Said
from services.integrations.trackers.ports.people import People
from services.runtime.clock import Clock
from services.runtime.outbound.port import Dispatch, OutboundQueue, Settled, Target
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.scopes import HouseScope

# So long a purchase waits for its order's own event: after that it goes without the person.
_ORDER_WAIT_MS: Final = 3_600_000

_FACTS: Final = text(
    """SELECT order_id, performance_id, customer_id, confirmed_at_ms, left_minor FROM order_facts
       WHERE house_id = :house_id AND order_id = ANY(CAST(:order_ids AS text[]))"""
)
_TOLD: Final = text(
    """SELECT key FROM outbound_dispatch
       WHERE house_id = :house_id AND target_id = :target_id AND settled = :delivered
         AND key = ANY(CAST(:keys AS text[]))"""
)
_BODY: Final = msgspec.json.Decoder(ToldBody)


@dataclass(frozen=True, slots=True)
class _Known:
    """What one look found for all dispatches of a target."""

    tracker: Tracker | None
    credentials: Credentials
    visits: Mapping[str, Visit]
    # By order and performance.
    facts: Mapping[tuple[str, str], Any]
    # Keys of purchases that were delivered.
    told: frozenset[str]


class PostgresConversionSource:
    """See ConversionSource. `keep_ms`: how long something is kept of a visit."""

    def __init__(self, engine: AsyncEngine, seal: Seal, people: People, clock: Clock, *, keep_ms: int) -> None:
        self._engine = engine
        self._seal = seal
        self._people = people
        self._clock = clock
        self._keep_ms = keep_ms

    async def of(self, target: Target, dispatches: Sequence[Dispatch]) -> Found:
        """See ConversionSource. Nobody is asked about while a transaction is open."""
        bodies = [None if one.kind == DIAGNOSTICS else _BODY.decode(one.body) for one in dispatches]
        known = await self._known(target, [body for body in bodies if body is not None])
        said: list[Said] = [
            Diagnostics(dispatch.key.removeprefix(f"{DIAGNOSTICS}.")) if body is None else self._said(known, body)
            for dispatch, body in zip(dispatches, bodies, strict=True)
        ]
        account = None if known.tracker is None else account_of(known.tracker, known.credentials)
        return Found(account, said if account is None else await self._with_people(target.house_id, known, said))

    async def _known(self, target: Target, bodies: Sequence[ToldBody]) -> _Known:
        house_id = target.house_id
        now_ms = self._clock.now_ms()
        async with connected(self._engine, HouseScope(house_id)) as connection:
            trackers = TrackerRows(connection, house_id, self._seal)
            tracker = await trackers.find(target.target_id)
            credentials = await trackers.credentials(target.target_id)
            visit_rows = VisitRows(connection, house_id, self._seal, kept_since_ms=now_ms - self._keep_ms)
            visits = await visit_rows.find_all({body.visit_id for body in bodies})
            facts = await _facts(connection, house_id, {body.order_id for body in bodies if _is_sale(body)})
            told = await _told(connection, target, {body.event_id for body in bodies if body.refunded_at_ms})
        return _Known(tracker, credentials, visits, facts, told)

    def _said(self, known: _Known, body: ToldBody) -> Said:
        visit = known.visits.get(body.visit_id)
        if why := why_silent(known.tracker, visit):
            return Nothing(why)
        assert visit is not None
        if body.refunded_at_ms and body.event_id not in known.told:
            return Nothing("the purchase was not told")
        worth, person = body.worth, Person()
        if _is_sale(body):
            fact = known.facts.get((body.order_id, body.performance_id))
            if fact is None or not fact.confirmed_at_ms:
                if self._clock.now_ms() - body.at_ms < _ORDER_WAIT_MS:
                    return NotYet("the order's confirmation has not been heard")
            elif fact.customer_id:
                person = Person(customer_id=fact.customer_id)
            if fact is not None and fact.left_minor is not None and not body.refunded_at_ms:
                if not fact.left_minor:
                    return Nothing("the order was paid back before it was told")
                worth = Worth(fact.left_minor, body.currency)
        return Conversion(
            step=Step(body.step),
            event_id=body.event_id,
            at_ms=body.at_ms,
            traces=visit.traces,
            person=person,
            worth=worth,
            content_id=body.content_id,
            tickets=body.tickets,
            order_id=body.order_id,
            is_personalization_allowed=is_personalization_allowed(visit),
            refunded_at_ms=body.refunded_at_ms,
        )

    async def _with_people(self, house_id: str, known: _Known, said: Sequence[Said]) -> Sequence[Said]:
        """Each buyer as customers knows them this moment; of who was erased nothing is told."""
        wanted = {one.person.customer_id for one in said if isinstance(one, Conversion)} - {""}
        people = await self._people.of(house_id, wanted) if wanted else {}
        return [_with_person(one, people) if isinstance(one, Conversion) else one for one in said]


def _with_person(said: Conversion, people: Mapping[str, Person]) -> Said:
    customer_id = said.person.customer_id
    if not customer_id:
        return said
    person = people.get(customer_id)
    return Nothing("the customer was erased") if person is None else replace(said, person=person)


def _is_sale(body: ToldBody) -> bool:
    return body.step == Step.DONE.value


async def _facts(
    connection: AsyncConnection, house_id: str, order_ids: Collection[str]
) -> Mapping[tuple[str, str], Any]:
    if not order_ids:
        return {}
    rows = await connection.execute(_FACTS, {"house_id": house_id, "order_ids": sorted(order_ids)})
    return {(row.order_id, row.performance_id): row for row in rows}


async def _told(connection: AsyncConnection, target: Target, keys: Collection[str]) -> frozenset[str]:
    if not keys:
        return frozenset()
    wanted = {
        "house_id": target.house_id,
        "target_id": target.target_id,
        "delivered": Settled.DELIVERED,
        "keys": sorted(keys),
    }
    return frozenset(row.key for row in await connection.execute(_TOLD, wanted))


class PostgresFollowUps:
    """See FollowUps."""

    def __init__(self, engine: AsyncEngine, queue: OutboundQueue) -> None:
        self._engine = engine
        self._queue = queue

    async def put(self, dispatches: Sequence[Dispatch]) -> None:
        """See FollowUps."""
        for house_id in {dispatch.target.house_id for dispatch in dispatches}:
            async with connected(self._engine, HouseScope(house_id)) as connection:
                await self._queue.put(connection, [one for one in dispatches if one.target.house_id == house_id])

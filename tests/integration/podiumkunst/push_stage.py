"""The pushing half of podiumkunst over a real database and the pretended platform: links, sales and seats by hand."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from sqlalchemy import delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.checked_record import CheckedRecord
from services.integrations.podiumkunst.adapters.audit_checks import CHECKS
from services.integrations.podiumkunst.adapters.dip_carrier import DipCarrier
from services.integrations.podiumkunst.adapters.dip_tokens import DipTokens
from services.integrations.podiumkunst.adapters.dip_wire import DipNames
from services.integrations.podiumkunst.adapters.figure_audit import FIGURE_CHECKS
from services.integrations.podiumkunst.adapters.figure_tables import figure_states
from services.integrations.podiumkunst.adapters.link_tables import connections, hall_mappings, links
from services.integrations.podiumkunst.adapters.metadata import outbound_dispatch
from services.integrations.podiumkunst.adapters.postgres_figures import PostgresFigures, PostgresToldBook
from services.integrations.podiumkunst.adapters.postgres_rounds import FiguresFollowLinks, PostgresRounds
from services.integrations.podiumkunst.adapters.sales_intake import take_changes, take_states
from services.integrations.podiumkunst.domain.show import Link
from services.integrations.podiumkunst.handlers.figures import FigureMaker
from services.integrations.podiumkunst.handlers.push import Pusher
from services.integrations.podiumkunst.handlers.push_rounds import PushRounds
from services.integrations.podiumkunst.ports.platform import PlatformAccount
from services.integrations.podiumkunst.ports.seats import Hall, SeatsSilent, Standing
from services.integrations.podiumkunst.sandbox.app import DipDouble, DipPlan
from services.runtime.ids import RandomIds
from services.runtime.outbound.http import HttpLimits, OutboundHttp
from services.runtime.outbound.leases import Leases
from services.runtime.outbound.queue import PostgresQueue
from services.runtime.outbound.retrying import RetryLimits
from services.runtime.outbound.sender import Sender, SenderLimits
from services.runtime.outbound.target_run import RunLimits
from services.runtime.seal import Seal
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses, HouseScope
from services.runtime.testing import eventually
from services.runtime.testing.clocks import ShiftedClock
from tests.integration.podiumkunst.events import HOUSE, SHOW, heard

NUMBER = "NL-26-0412-77|11484906"
HALL = Hall(SHOW, "hall_1", 1, "EUR", {"stalls": 300, "balcony": 100}, {"stalls": 2_500, "balcony": 1_500})
_ALL = AllHouses("a test's events are of many houses")
_QUICK = SenderLimits(
    idle_seconds=0.05,
    run=RunLimits(
        lease_seconds=2.0,
        margin_seconds=0.3,
        retries=RetryLimits(first_wait_ms=20, longest_wait_ms=50, first_rest_ms=20, longest_rest_ms=50),
    ),
)


@dataclass
class KnownSeats:
    """The Seats as a test says them. `is_silent`: nobody answers."""

    halls: dict[str, Hall] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    sold: dict[str, Mapping[str, int]] = field(default_factory=dict)
    is_silent: bool = False

    async def hall(self, house_id: str, performance_id: str) -> Hall | None:
        if self.is_silent:
            raise SeatsSilent(service="catalogue", code="UNAVAILABLE")
        return self.halls.get(performance_id, replace(HALL, performance_id=performance_id))

    async def standing(self, house_id: str, hall: Hall) -> Standing:
        return self.standings.get(hall.performance_id, Standing({}, {}))

    async def reported(
        self, house_id: str, hall: Hall, allotment_ids: Collection[str]
    ) -> Mapping[str, Mapping[str, int]]:
        return {each: self.sold[each] for each in allotment_ids if each in self.sold}


@dataclass
class KnownAccounts:
    """The Accounts as a test says them."""

    known: dict[str, PlatformAccount] = field(default_factory=dict)

    async def account(self, house_id: str) -> PlatformAccount | None:
        return self.known.get(house_id)


class Stage:
    """One or more processes of podiumkunst over one database, and the platform."""

    def __init__(self, engine: AsyncEngine, dip: DipDouble, http: httpx.AsyncClient, clock: ShiftedClock) -> None:
        self.engine, self.dip, self.http, self.clock = engine, dip, http, clock
        self.seats, self.accounts = KnownSeats(), KnownAccounts()
        self._seal = Seal(("a secret of twenty characters",), owner="podiumkunst")
        self._running: list[asyncio.Task[None]] = []
        self._clients: list[OutboundHttp] = []
        self.queue = PostgresQueue(self._seal, clock, RandomIds(), lambda: None)
        self.store = PostgresFigures(engine, self.queue, clock=clock, ids=RandomIds(), wake=lambda: None)
        self.pusher = Pusher(self.store, FigureMaker(self.seats))
        self.rounds = PushRounds(PostgresRounds(engine), self.pusher, clock)
        self.follow_links = FiguresFollowLinks(self.rounds.wake, self.queue)

    def start_sender(self, *, spacing_seconds: float = 0.0, read_seconds: float = 5.0) -> None:
        """A process that carries."""
        limits = HttpLimits(read_seconds=read_seconds, total_seconds=read_seconds)
        http, names = OutboundHttp(self.dip.url, self.clock, limits=limits), DipNames()
        self._clients.append(http)
        tokens = DipTokens(http, names, self.clock)
        carrier = DipCarrier(
            http,
            tokens,
            names,
            self.accounts,
            PostgresToldBook(self.engine, self.clock),
            self.clock,
            spacing_seconds=spacing_seconds,
        )
        sender = Sender(
            "podiumkunst", Leases(self.engine), carrier, self._seal, clock=self.clock, ids=RandomIds(), limits=_QUICK
        )
        self._running.append(asyncio.create_task(sender.run()))

    def kill_sender(self) -> None:
        """The oldest process that carries dies in the middle of whatever it does."""
        self._running.pop(0).cancel()

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for http in self._clients:
            await http.close()

    async def house(self, house_id: str = HOUSE, client_id: str = "kring", *numbers: str) -> None:
        """A connected house whose account the platform knows, with these performances there."""
        self.accounts.known[house_id] = PlatformAccount(house_id, client_id, "s3cret")
        await self.http.post("/double/clients", json={"client_id": client_id, "client_secret": "s3cret"})
        await self.http.post(
            f"/double/clients/{client_id}/performances", json=[a_performance(number) for number in numbers or (NUMBER,)]
        )
        async with connected(self.engine, HouseScope(house_id)) as connection:
            await connection.execute(
                upsert(connections)
                .values(
                    house_id=house_id,
                    client_id=client_id,
                    secret_tail="",
                    theatre_ids=[],
                    is_on=True,
                    revision=1,
                    look_answer="off",
                    look_note="",
                    looked_at_ms=0,
                    told_at_ms=0,
                    list_due_at_ms=0,
                    portfolio_due_at_ms=0,
                )
                .on_conflict_do_nothing()
            )

    async def link(self, number: str = NUMBER, performance_id: str = SHOW, house_id: str = HOUSE) -> None:
        """As accepting does, in one transaction with who follows links."""
        link = Link(number, performance_id, "CODE-1", 1, "staff", "usr_1")
        values = {
            "house_id": house_id,
            "number": number,
            "performance_id": performance_id,
            "code": "CODE-1",
            "linked_at_ms": 1,
            "linked_by_kind": "staff",
            "linked_by": "usr_1",
        }
        async with connected(self.engine, HouseScope(house_id)) as connection:
            await connection.execute(insert(links).values(values))
            await self.follow_links.linked(connection, house_id, link)

    async def unlink(self, number: str = NUMBER, house_id: str = HOUSE) -> None:
        link = Link(number, SHOW, "CODE-1", 1, "staff", "usr_1")
        async with connected(self.engine, HouseScope(house_id)) as connection:
            mine = (links.c.house_id == house_id) & (links.c.number == number)
            await connection.execute(delete(links).where(mine))
            await self.follow_links.unlinked(connection, house_id, link)

    async def rank(self, **ranks: int) -> None:
        async with connected(self.engine, HouseScope(HOUSE)) as connection:
            values = {"theatre_id": "t1", "location": "", "ranks": [list(one) for one in ranks.items()], "revision": 1}
            await connection.execute(insert(hall_mappings).values(house_id=HOUSE, hall_id="hall_1", **values))

    async def hear(self, *messages: Any) -> None:
        """Events of orders and allotments, as the consumer applies them."""
        async with connected(self.engine, _ALL) as connection:
            await take_changes(connection, [heard(message) for message in messages])

    async def see(self, *messages: Any) -> None:
        """Counts of seats."""
        async with connected(self.engine, _ALL) as connection:
            await take_states(connection, [heard(message) for message in messages])

    async def told(self, part: str = "tickets", number: str = NUMBER, client_id: str = "kring") -> Any:
        """What the platform has of a part; None: nothing."""
        told = (await self.http.get(f"/double/clients/{client_id}/told")).json()
        return told.get(number, {}).get(part)

    async def sold(self, number: str = NUMBER, client_id: str = "kring") -> tuple[int, int]:
        """Tickets and recette of all kinds there."""
        kinds = (await self.told("tickets", number, client_id) or {"tickets": []})["tickets"]
        return sum(one["amount"] for one in kinds), sum(one["recette"] for one in kinds)

    async def requests(self, path: str = "/tickets") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.http.get("/double/requests", params={"path": path})).json()
        return found

    async def misbehave(self, how: str, times: int = 0, client_id: str = "kring", path: str = "/") -> None:
        body = {"how": how, "times": times, "path": path}
        await self.http.post(f"/double/clients/{client_id}/misbehave", json=body)

    async def waiting(self) -> int:
        """Dispatches that are not settled."""
        async with connected(self.engine, AllHouses("a test looks")) as connection:
            wanted = select(outbound_dispatch.c.dispatch_id).where(outbound_dispatch.c.settled.is_(None))
            return len((await connection.execute(wanted)).all())

    async def states(self, part: str) -> int:
        """Which were put out and are not forgotten."""
        async with connected(self.engine, AllHouses("a test looks")) as connection:
            wanted = select(figure_states.c.digest).where(figure_states.c.part == part)
            return len((await connection.execute(wanted)).all())

    async def mend(self, house_id: str = HOUSE) -> None:
        """As saving credentials does."""
        async with connected(self.engine, HouseScope(house_id)) as connection:
            await self.follow_links.account_set(connection, house_id)

    async def all_carried(self) -> None:
        async def nothing_waits() -> bool:
            return await self.waiting() == 0

        await eventually(nothing_waits)

    async def outcomes(self) -> Counter[str]:
        """The ledger's exchanges by outcome."""
        async with connected(self.engine, AllHouses("a test looks")) as connection:
            rows = await connection.execute(text("SELECT outcome FROM outbound_exchange WHERE kind <> 'token'"))
            return Counter(rows.scalars())

    async def audited(self) -> list[str]:
        """What is wrong with the figures; links are made here by hand, without what they need."""
        names = {check.name for check in FIGURE_CHECKS}
        checks = await CheckedRecord(self.engine, CHECKS).checks("")
        return [found for check in checks if check.name in names for found in check.violations]


def a_performance(number: str, status: str = "agreed") -> dict[str, Any]:
    """As the platform has it."""
    production, _, own = number.partition("|")
    return {
        "production": {"id": production, "name": "De Storm"},
        "number": own,
        "date": "2026-12-04T20:15:00",
        "theater": {"id": "t1", "name": "De Kring", "province": {"id": "NB", "name": "Noord-Brabant"}},
        "status": status,
    }


@asynccontextmanager
async def staged(url: str) -> AsyncIterator[Stage]:
    """A stage over this database, with a platform of its own."""
    clock = ShiftedClock()
    engine = create_engine(url, application="test")
    dip = DipDouble(DipPlan(), clock=clock, ids=RandomIds())
    await dip.start()
    async with httpx.AsyncClient(base_url=dip.url, trust_env=False) as http:
        stage = Stage(engine, dip, http, clock)
        yield stage
        await stage.stop()
    await dip.stop()
    await engine.dispose()

"""Ticketing with all whom it asks when it writes to buyers, and a mail server that behaves as a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from balcon.catalogue.v1 import catalogue_events_pb2 as shows
from balcon.catalogue.v1.performances_pb2 import Performance
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed
from pydantic import SecretStr

from services.contracts.wire_types import wire_instant
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from tests.doubles.mail_server import MailServer
from tests.integration.ticketing.letter_neighbours import ADA, LetterNeighbours
from tests.integration.ticketing.neighbours import SEATS, STARTS_MS, Neighbours
from tests.integration.ticketing.stage import SHOW, Ticketing, running_ticketing


@dataclass(frozen=True, slots=True)
class Post:
    """What tests of letters work with."""

    ticketing: Ticketing
    shows: Neighbours
    people: LetterNeighbours
    mail: MailServer

    async def bought(self, order_id: str = "ord_1", *seats: str, performances: tuple[str, ...] = (SHOW,)) -> None:
        """The order gets its tickets, and is confirmed."""
        for performance_id in performances:
            await self.ticketing.issued(order_id, *(seats or SEATS[:2]), performance_id=performance_id)
        for performance_id in performances:
            await self.tell_confirmed(order_id, performance_id)

    async def tell_confirmed(
        self, order_id: str, performance_id: str = SHOW, confirmed_at_ms: int = 0, exchange_of: str = ""
    ) -> None:
        now_ms = self.ticketing.service.clock.now_ms()
        told = OrderConfirmed(
            order_id=order_id,
            performance_id=performance_id,
            confirmed_at_ms=confirmed_at_ms or now_ms,
            customer_id="cus_ada",
            exchange_of=exchange_of,
        )
        await self.ticketing.tell_order(told, performance_id)

    async def tell_moved(self, move_number: int, starts_at_ms: int) -> None:
        """The catalogue moves the performance, and says so."""
        self.shows.catalogue.starts_at_ms, self.shows.catalogue.move_number = starts_at_ms, move_number
        performance = Performance(performance_id=SHOW, starts_at=wire_instant(starts_at_ms), move_number=move_number)
        before = shows.PerformanceTimes(starts_at=wire_instant(STARTS_MS))
        await self.ticketing.tell_show(shows.PerformanceMoved(performance=performance, before=before))

    async def tell_cancelled(self) -> None:
        self.shows.catalogue.is_cancelled = True
        performance = Performance(performance_id=SHOW, starts_at=wire_instant(STARTS_MS))
        await self.ticketing.tell_show(shows.PerformanceCancelled(performance=performance))

    async def states(self) -> list[tuple[str, str]]:
        """Kind and state of each line of the ledger, in the order in which they were made."""
        found = await self.ticketing.rows("SELECT kind, state FROM deliveries ORDER BY created_at_ms, delivery_id")
        return [(kind, state) for kind, state in found]

    async def ended(self, count: int = 1, seconds: float = 30.0) -> list[tuple[str, str]]:
        """The ledger once so many lines have ended."""

        async def has_ended() -> None:
            ended = "SELECT count(*) FROM deliveries WHERE ended_at_ms IS NOT NULL"
            assert await self.ticketing.rows(ended) == [(count,)]

        await eventually(has_ended, seconds)
        return await self.states()

    def letters(self, to: str = ADA.email) -> list[EmailMessage]:
        return self.mail.to(to)


@asynccontextmanager
async def posting(
    ticketing_url: str, bus_url: str, mail: MailServer, clock: ShiftedClock | None = None, **settings: Any
) -> AsyncIterator[Post]:
    """Serves until the block ends."""
    around, people = Neighbours(), LetterNeighbours()
    await around.start()
    await people.start()
    changes: dict[str, Any] = {
        **dict.fromkeys(("catalogue_target", "inventory_target", "accounts_target"), around.target),
        **dict.fromkeys(("orders_target", "customers_target", "payments_target"), people.target),
        "smtp_url": SecretStr(mail.url),
    }
    try:
        async with running_ticketing(ticketing_url, bus_url, clock=clock, **(changes | settings)) as running:
            yield Post(running, around, people, mail)
    finally:
        await around.stop()
        await people.stop()

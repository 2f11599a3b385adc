"""A member of a consumer group as a process of its own, which writes a batch's effect and never commits: to be killed.

`python -m tests.contract.bus.stuck_member BUS_URL DATABASE_URL TOPIC GROUP` prints a line once it is in mid-batch.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.bus.factory import open_bus
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.engine import create_engine
from tests.integration.outbox.stage import Ledger


async def run(bus_url: str, database_url: str, topic: str, group: str) -> None:
    """Never ends."""
    clock, ledger = SystemClock(), Ledger()

    async def write_and_hang(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        for event in events:
            await ledger.apply(connection, event)
        sys.stdout.write("in mid-batch\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    bus = open_bus(bus_url, clock=clock, ids=RandomIds(), client_id="stuck")
    engine = create_engine(database_url, application="stuck")
    await EventConsumer(bus, engine, group=group, topics=[topic], batch_handler=write_and_hang, clock=clock).run()


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))

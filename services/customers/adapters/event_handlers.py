"""What customers' service hears on the bus, each event to whoever understands it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.outbox.application import EventHandler
from services.runtime.outbox.event import IncomingEvent


def all_of(handlers: Sequence[EventHandler]) -> EventHandler:
    """One handler of several topics: each of them leaves types that it does not know alone."""

    async def handle(connection: AsyncConnection, event: IncomingEvent) -> None:
        for handler in handlers:
            await handler(connection, event)

    return handle

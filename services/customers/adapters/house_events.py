"""Keeps the copies of houses true: what accounts tells of a house when it changes."""

from __future__ import annotations

from balcon.accounts.v1.accounts_events_pb2 import HouseChanged
from sqlalchemy.ext.asyncio import AsyncConnection

from services.customers.adapters.grpc_houses import house_of
from services.customers.adapters.house_rows import HouseRows
from services.runtime.outbox.event import IncomingEvent

GROUP = "customers-houses"
_TYPE = HouseChanged.DESCRIPTOR.full_name


async def copy_house(connection: AsyncConnection, event: IncomingEvent) -> None:
    """Handler of accounts' topic, which carries states. Other types on it are left alone."""
    if event.type == _TYPE:
        await HouseRows(connection).keep(house_of(HouseChanged.FromString(event.payload).house))

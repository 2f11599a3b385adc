"""Runs each contract on the twin in memory and on the real neighbour, over gRPC, or the store in Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.orders.adapters.memory_order_store import MemoryOrderStore
from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.ports import OrderStore
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl
from tests.contract.orders.neighbours import (
    MemoryMoney,
    MemorySeats,
    MemoryShows,
    MoneyStage,
    SeatStage,
    ShowStage,
    money_of_a_provider,
    seats_of_a_node,
    shows_of_the_catalogue,
)
from tests.contract.orders.stored import CLOCK


@pytest.fixture(params=["memory", "node", "stream"])
async def seats(request: pytest.FixtureRequest, emptied_database_url: Callable[[str], str]) -> AsyncIterator[SeatStage]:
    """A hall with nothing held."""
    if request.param == "memory":
        yield MemorySeats()
        return
    redis_url: str = request.getfixturevalue("redis_url")
    streamed = request.param == "stream"
    async with seats_of_a_node(redis_url, emptied_database_url("inventory"), streamed=streamed) as stage:
        yield stage


@pytest.fixture(params=["memory", "provider"])
async def money(request: pytest.FixtureRequest, database_url: DatabaseUrl, tmp_path: Path) -> AsyncIterator[MoneyStage]:
    """Payments with none yet."""
    if request.param == "memory":
        yield MemoryMoney()
        return
    async with money_of_a_provider(database_url("payments"), tmp_path) as stage:
        yield stage


@pytest.fixture(params=["memory", "catalogue"])
async def shows(request: pytest.FixtureRequest, database_url: DatabaseUrl) -> AsyncIterator[ShowStage]:
    """A performance on sale."""
    if request.param == "memory":
        yield MemoryShows()
        return
    async with shows_of_the_catalogue(database_url("catalogue")) as stage:
        yield stage


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[OrderStore]:
    """With no orders."""
    if request.param == "memory":
        yield MemoryOrderStore(CLOCK)
        return
    database_url: DatabaseUrl = request.getfixturevalue("database_url")
    engine = create_engine(database_url("orders"), application="test")
    yield PostgresOrderStore(engine, CLOCK, RandomIds(), committed=lambda: None)
    await engine.dispose()

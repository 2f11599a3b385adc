"""Connections to Postgres that nobody answers on any more are given up together, not one after the other."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.clock import SystemClock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl
from tests.chaos.tcp_proxy import Mode, TcpProxy

CLOCK = SystemClock()
SILENCE_SECONDS = 3.0
POOL = 4


async def answers(engine: AsyncEngine) -> bool:
    async with engine.begin() as connection:
        return bool(await connection.scalar(text("SELECT 1")))


async def test_after_one_silent_connection_all_of_its_age_are_replaced_at_once(
    postgres: EmbeddedPostgres, database_url: DatabaseUrl
) -> None:
    proxy = TcpProxy(CLOCK, postgres.port)
    await proxy.start()
    url = database_url().replace(f":{postgres.port}/", f":{proxy.port}/")
    engine = create_engine(url, application="test", pool_size=POOL, silence_seconds=SILENCE_SECONDS)
    assert all(await asyncio.gather(*(answers(engine) for _ in range(POOL))))
    await proxy.set_mode(Mode.HALF_OPEN)
    with pytest.raises(TimeoutError):
        await answers(engine)
    silent = await asyncio.gather(*(answers(engine) for _ in range(POOL)), return_exceptions=True)
    assert all(isinstance(error, TimeoutError) for error in silent)
    await proxy.set_mode(Mode.PASS)
    for _ in range(POOL):
        # One of the old connections would stay silent here too, until its time is over.
        assert await answers(engine)
    await engine.dispose()
    await proxy.close()

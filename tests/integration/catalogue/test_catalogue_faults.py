"""What a caller hears while the catalogue's stores are away: try again, and nothing of the insides."""

from __future__ import annotations

import grpc
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.runtime.rpc.errors import is_uncertain, refusal_of
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.catalogue.stage import running_catalogue


async def test_a_database_that_is_away_is_told_as_unavailable(nobodys_port: int) -> None:
    nowhere = f"postgresql+asyncpg://nobody:secret@127.0.0.1:{nobodys_port}/catalogue"
    async with running_catalogue(nowhere, "memory://") as catalogue:
        for call in (
            catalogue.stub.CreateHall(pb.CreateHallRequest(idempotency_key="k", house_id="hse_1", name="Hall")),
            catalogue.stub.ListPerformances(pb.ListPerformancesRequest(house_id="hse_1")),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call
            assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
            assert is_uncertain(raised.value)
            told = refusal_of(raised.value)
            assert told is not None
            assert told.reason == "STORE_UNAVAILABLE"
            assert "secret" not in str(raised.value)


async def test_a_bus_that_is_away_stops_no_change_and_loses_no_event(
    database_url: DatabaseUrl, nobodys_port: int
) -> None:
    nowhere = f"postgresql+asyncpg://nobody@127.0.0.1:{nobodys_port}/bus"
    async with running_catalogue(database_url("catalogue"), nowhere) as catalogue:
        venue = await catalogue.venue("genova")
        await catalogue.performance(venue)
        assert await catalogue.rows("SELECT type, published_at_ms FROM outbox WHERE key LIKE 'prf_%'") == [
            ("balcon.catalogue.v1.PerformanceCreated", None)
        ]

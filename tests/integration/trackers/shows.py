"""The catalogue as trackers asks it: two houses, each with a production and two performances of it."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from typing import Any

import grpc
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import (
    CatalogueServiceServicer,
    add_CatalogueServiceServicer_to_server,
)
from balcon.catalogue.v1.performances_pb2 import Performance
from google.protobuf.timestamp_pb2 import Timestamp

from services.integrations.trackers.domain.refusals import PerformanceNotFound, ProductionNotFound
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.errors import Refused
from services.runtime.rpc.server import RpcServer

Context = grpc.aio.ServicerContext[Any, Any]
A, B = "hse_a", "hse_b"
STARTS = 1_900_000_000
TITLE = "Hamlet </script>\u2028'"


def production_of(house_id: str) -> str:
    return f"prd_{house_id}"


def show_of(house_id: str, number: int = 1) -> str:
    return f"perf_{number}_{house_id}"


def a_performance(house_id: str, performance_id: str, *, starts: int = STARTS, revision: int = 1) -> Performance:
    return Performance(
        house_id=house_id,
        performance_id=performance_id,
        production_id=production_of(house_id),
        title=TITLE,
        starts_at=Timestamp(seconds=starts),
        etag=f'"{revision}"',
    )


class Shows(CatalogueServiceServicer):
    """Counts what it is asked; silent once `is_away`."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False
        self._server = RpcServer(clock=SystemClock(), ids=RandomIds())

    async def GetPerformance(
        self, request: catalogue.GetPerformanceRequest, context: Context
    ) -> catalogue.GetPerformanceResponse:
        await self._looked(context)
        if request.performance_id not in {show_of(request.house_id, number) for number in (1, 2)}:
            raise Refused(PerformanceNotFound(request.performance_id))
        return catalogue.GetPerformanceResponse(performance=a_performance(request.house_id, request.performance_id))

    async def GetProduction(
        self, request: catalogue.GetProductionRequest, context: Context
    ) -> catalogue.GetProductionResponse:
        await self._looked(context)
        if request.production_id != production_of(request.house_id):
            raise Refused(ProductionNotFound(request.production_id))
        return catalogue.GetProductionResponse()

    async def _looked(self, context: Context) -> None:
        self.asked += 1
        if self.is_away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")

    async def start(self) -> None:
        self._server.add(
            lambda server: add_CatalogueServiceServicer_to_server(self, server), "balcon.catalogue.v1.CatalogueService"
        )
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(0)

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self._server.port}"

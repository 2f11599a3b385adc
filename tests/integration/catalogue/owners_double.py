"""Stands for the inventory where the catalogue asks it about plans: answers as it is told, or hands the question on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import (
    InventoryServiceServicer,
    add_InventoryServiceServicer_to_server,
)

Answer = Callable[[pb.AdoptPlanRequest], Awaitable[pb.AdoptPlanResponse]]


async def adopted(request: pb.AdoptPlanRequest) -> pb.AdoptPlanResponse:
    """Nothing stands in the way."""
    return pb.AdoptPlanResponse(plan_version=request.plan_version)


class OwnersDouble(InventoryServiceServicer):
    """`asked`: what it was asked, in order; `answer`: what it answers."""

    def __init__(self) -> None:
        self.target = ""
        self.asked: list[pb.AdoptPlanRequest] = []
        self.answer: Answer = adopted

    async def AdoptPlan(self, request: pb.AdoptPlanRequest, context: Any) -> pb.AdoptPlanResponse:  # noqa: N802
        """See inventory_service.proto."""
        self.asked.append(request)
        return await self.answer(request)


@asynccontextmanager
async def served_owners() -> AsyncIterator[OwnersDouble]:
    """Serves until the block ends."""
    double, server = OwnersDouble(), grpc.aio.server()  # type: ignore[abstract]  # it is asked nothing else
    add_InventoryServiceServicer_to_server(double, server)
    double.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield double
    finally:
        await server.stop(None)

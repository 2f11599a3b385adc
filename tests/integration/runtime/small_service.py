"""A service for the tests of a process's life: it logs what happens to it, and misbehaves as its arguments say.

GetTotals answers once SIGTERM has come, or never for the house `forever`.
"""

import asyncio
import sys
from typing import Any

import grpc
from balcon.reporting.v1.reporting_service_pb2 import (
    GetTotalsRequest,
    GetTotalsResponse,
    ListTotalsRequest,
    ListTotalsResponse,
)
from balcon.reporting.v1.reporting_service_pb2_grpc import (
    ReportingServiceServicer,
    add_ReportingServiceServicer_to_server,
)
from pydantic import SecretStr

from services.contracts.access import roles_with
from services.runtime.service import Service, run_service
from services.runtime.settings import ServiceSettings
from services.runtime.testing.access import TEST_SERVICE_KEY


class Waiting(ReportingServiceServicer):
    """Waits with its answer."""

    def __init__(self, service: Service, told_to_stop: asyncio.Event) -> None:
        self._service = service
        self._told_to_stop = told_to_stop

    async def GetTotals(  # noqa: N802 (gRPC's name)
        self, request: GetTotalsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> GetTotalsResponse:
        self._service.log.info("call_begun")
        await (asyncio.Event() if request.house_id == "forever" else self._told_to_stop).wait()
        await self._service.clock.sleep(0.1)
        self._service.log.info("call_answered")
        return GetTotalsResponse()

    async def ListTotals(  # noqa: N802 (gRPC's name)
        self, request: ListTotalsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> ListTotalsResponse:
        return ListTotalsResponse()


async def build(service: Service) -> None:
    """One servicer, one loop that breaks twice, two things to close."""
    told_to_stop = asyncio.Event()
    runs = 0

    async def tell() -> None:
        service.log.info("before_drain")
        told_to_stop.set()
        if "hand-over-fails" in sys.argv:
            message = "nobody takes it"
            raise RuntimeError(message)

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            message = f"run {runs}"
            raise RuntimeError(message)
        service.log.info("loop_runs", runs=runs)
        try:
            await asyncio.Event().wait()
        finally:
            service.log.info("loop_cancelled")

    async def close_first_opened() -> None:
        service.log.info("closed_first_opened")

    async def close_last_opened() -> None:
        service.log.info("closed_last_opened")

    service.on_close(close_first_opened)
    service.on_close(close_last_opened)
    service.before_drain(tell)
    service.background("breaking", loop)
    if "build-fails" in sys.argv:
        message = "no database"
        raise RuntimeError(message)
    waiting = Waiting(service, told_to_stop)
    service.rpc.add(
        lambda server: add_ReportingServiceServicer_to_server(waiting, server), "balcon.reporting.v1.ReportingService"
    )


if __name__ == "__main__":
    run_service("small", ServiceSettings(drain_seconds=1.0, service_key=SecretStr(TEST_SERVICE_KEY)), build, roles_with)

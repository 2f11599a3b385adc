"""Every service whose PostgreSQL has stopped says so: UNAVAILABLE, with a delay, and it answers again afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue_pb
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.orders.v1 import orders_service_pb2 as orders_pb
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from balcon.payments.v1 import payments_service_pb2 as payments_pb
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from balcon.reporting.v1 import reporting_service_pb2 as reporting_pb
from balcon.reporting.v1.reporting_service_pb2_grpc import ReportingServiceStub
from pydantic import SecretStr

from services.catalogue.main import build as build_catalogue
from services.catalogue.settings import CatalogueSettings
from services.orders.main import build as build_orders
from services.orders.settings import OrdersSettings
from services.payments.main import build as build_payments
from services.payments.settings import PaymentsSettings
from services.reporting.main import build as build_reporting
from services.reporting.settings import ReportingSettings
from services.runtime.clock import SystemClock
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.rpc.errors import refusal_of
from services.runtime.service import Service
from services.runtime.testing import eventually
from services.runtime.testing.servers import service_database

CLOCK = SystemClock()
Call = Callable[[grpc.aio.Channel], Awaitable[Any]]
NOWHERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def own_postgres(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """One that a test may stop."""
    server = EmbeddedPostgres(server_folder / "postgres-away")
    server.start()
    yield server
    server.stop()


async def build(service: str, url: str) -> Service:
    """The service as its main builds it, on a bus in memory; its neighbours are nowhere."""
    database = SecretStr(url)
    common: dict[str, Any] = {"bus_url": SecretStr("memory://"), "drain_seconds": 0.0}
    match service:
        case "catalogue":
            made = CatalogueSettings(database_url=database, accounts_target=NOWHERE, inventory_target=NOWHERE, **common)
            running = Service(service, made)
            await build_catalogue(running, made)
        case "orders":
            about: dict[str, Any] = {
                "inventory_target": NOWHERE,
                "catalogue_target": NOWHERE,
                "payments_target": NOWHERE,
                "ticketing_target": NOWHERE,
                "customers_target": NOWHERE,
            }
            ours = OrdersSettings(
                database_url=database, sealing_secrets=SecretStr("a-secret-of-the-tests"), **about, **common
            )
            running = Service(service, ours)
            await build_orders(running, ours)
        case "payments":
            sandbox: dict[str, Any] = {
                "sandbox_url": f"http://{NOWHERE}",
                "sandbox_webhook_secrets": SecretStr("whsec_nobody_signs"),
                "sandbox_allowed": True,
                "sealing_secrets": SecretStr("a secret of the tests' own"),
            }
            running = Service(service, PaymentsSettings(database_url=database, **sandbox, **common))
            await build_payments(running)
        case _:
            figures = ReportingSettings(
                database_url=database,
                sealing_secrets=SecretStr("a secret of tests' own"),
                mail_folder="/nonexistent/mail",
                catalogue_target=NOWHERE,
                inventory_target=NOWHERE,
                orders_target=NOWHERE,
                ticketing_target=NOWHERE,
                customers_target=NOWHERE,
                **common,
            )
            running = Service(service, figures)
            await build_reporting(running, figures)
    await running.start()
    return running


@asynccontextmanager
async def serving(service: str, url: str) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the service, which does not try again by itself."""
    running = await build(service, url)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{running.rpc.port}") as channel:
        yield channel
    await running.stop()


async def audit(channel: grpc.aio.Channel) -> None:
    """Reads the whole of the service's own check."""
    async for _ in AuditServiceStub(channel).Audit(AuditRequest()):
        pass


CALLS: dict[str, list[Call]] = {
    "catalogue": [
        lambda channel: CatalogueServiceStub(channel).ListPerformances(
            catalogue_pb.ListPerformancesRequest(house_id="house_1")
        ),
        audit,
    ],
    "orders": [
        lambda channel: OrdersServiceStub(channel).GetOrder(
            orders_pb.GetOrderRequest(house_id="house_1", order_id="ord_1")
        ),
        lambda channel: OrdersServiceStub(channel).CancelOrder(
            orders_pb.CancelOrderRequest(house_id="house_1", order_id="ord_1")
        ),
        audit,
    ],
    "payments": [
        lambda channel: PaymentsServiceStub(channel).GetPayment(
            payments_pb.GetPaymentRequest(house_id="house_1", payment_id="pay_1")
        ),
        lambda channel: PaymentsServiceStub(channel).CancelPayment(
            payments_pb.CancelPaymentRequest(house_id="house_1", payment_id="pay_1")
        ),
        audit,
    ],
    "reporting": [
        lambda channel: ReportingServiceStub(channel).GetTotals(
            reporting_pb.GetTotalsRequest(house_id="house_1", performance_id="perf_1")
        ),
        lambda channel: ReportingServiceStub(channel).ListTotals(reporting_pb.ListTotalsRequest(house_id="house_1")),
        audit,
    ],
}


async def outcome(call: Call, channel: grpc.aio.Channel) -> grpc.StatusCode:
    """The code; an UNAVAILABLE must say when to come back."""
    try:
        await call(channel)
    except grpc.aio.AioRpcError as error:
        told = refusal_of(error)
        assert told is not None, error
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            assert told.retry_after_ms, error
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize("service", sorted(CALLS))
async def test_a_stopped_database_is_unavailable_with_a_delay_until_it_is_back(
    own_postgres: EmbeddedPostgres, service: str
) -> None:
    url = await service_database(own_postgres, service)
    async with serving(service, url) as channel:
        before = [await outcome(call, channel) for call in CALLS[service]]
        assert not {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL} & set(before), before
        own_postgres.stop()
        try:
            # More often than the pool has connections: broken ones first, then none to be had.
            for _ in range(3):
                away = {await outcome(call, channel) for call in CALLS[service]}
                assert away == {grpc.StatusCode.UNAVAILABLE}
        finally:
            own_postgres.start()

        async def is_back() -> bool:
            return [await outcome(call, channel) for call in CALLS[service]] == before

        await eventually(is_back)

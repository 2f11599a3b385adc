"""Totals and audit over real gRPC: houses apart, pages, bounds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.reporting.v1.reporting_service_pb2 import GetTotalsRequest, ListTotalsRequest
from balcon.reporting.v1.reporting_service_pb2_grpc import (
    ReportingServiceStub,
    add_ReportingServiceServicer_to_server,
)
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.contracts.audit_servicer import serve_audit
from services.reporting.api.reporting_servicer import ReportingServicer
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.server import RpcServer
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting.sales_stage import Stage, confirmed, counted, described, refunded, staged


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[grpc.aio.Channel]:
    server = RpcServer(clock=SystemClock(), ids=RandomIds())
    reporting = ReportingServicer(stage.reader)
    server.add(lambda grpc_server: add_ReportingServiceServicer_to_server(reporting, grpc_server), "reporting")
    serve_audit(server, stage.audit)
    await server.start()
    async with open_channel(f"127.0.0.1:{server.port}", SystemClock()) as channel:
        yield channel
    await server.stop(0)


async def refused(call: object) -> tuple[grpc.StatusCode, str, str]:
    """Code, reason and the field that was named."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call  # type: ignore[misc]
    refusal = refusal_of(caught.value)
    assert refusal is not None, caught.value
    return refusal.code, refusal.reason, refusal.facts.get("field", "")


async def test_totals_are_told_whole(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following(), served(stage) as channel:
        await stage.publisher.publish(
            described("p1"),
            confirmed("o1", "p1", "B", "A", "A"),
            confirmed("o2", "p1", "A", at_ms=9_000),
            refunded("o2", "p1", at_ms=9_500),
            counted("p1", 1, 1, free=80, held=4, contingents=(2, 7, 4)),
        )
        await stage.caught_up()

        async def is_counted() -> bool:
            return (await stage.totals("p1")).held == 4

        await eventually(is_counted)
        answer = await ReportingServiceStub(channel).GetTotals(
            GetTotalsRequest(house_id="house_1", performance_id="p1")
        )
        # INV-5, of what it has kept.
        assert await stage.violations() == []
    totals = answer.totals
    assert (totals.capacity, totals.sold, totals.held, totals.free, totals.blocked) == (100, 3, 4, 80, 0)
    # R0.12: told apart, and never sold.
    assert (totals.reserved, totals.allotted, totals.reported_sold) == (2, 7, 4)
    assert (totals.revenue.amount_minor, totals.revenue.currency) == (6000, "EUR")
    assert [(line.category, line.channel, line.tickets, line.revenue.amount_minor) for line in totals.lines] == [
        ("A", CHANNEL_ONLINE, 2, 5000),
        ("B", CHANNEL_ONLINE, 1, 1000),
    ]
    assert (totals.orders_confirmed, totals.orders_refunded, totals.updated_at_ms) == (2, 1, 9_500)


async def test_a_house_never_sees_another_houses_figures(database_url: DatabaseUrl) -> None:
    """INV-8: to ask for another house's performance is to ask for one that does not exist."""
    async with staged(database_url("reporting")) as stage, stage.following(), served(stage) as channel:
        await stage.publisher.publish(
            confirmed("o1", "p1", house_id="house_1"), confirmed("o2", "p2", "A", "A", house_id="house_2")
        )
        await stage.caught_up()
        stub = ReportingServiceStub(channel)
        foreign = await refused(stub.GetTotals(GetTotalsRequest(house_id="house_1", performance_id="p2")))
        missing = await refused(stub.GetTotals(GetTotalsRequest(house_id="house_1", performance_id="p3")))
        assert foreign == missing == (grpc.StatusCode.NOT_FOUND, "PERFORMANCE_NOT_FOUND", "")
        for house_id, performance_id in [("house_1", "p1"), ("house_2", "p2")]:
            listed = (await stub.ListTotals(ListTotalsRequest(house_id=house_id))).totals
            assert [(totals.house_id, totals.performance_id) for totals in listed] == [(house_id, performance_id)]
        assert not (await stub.ListTotals(ListTotalsRequest(house_id="house_3"))).totals


async def test_pages_tell_every_performance_once_and_in_order(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following(), served(stage) as channel:
        await stage.publisher.publish(*(confirmed(f"o{number}", f"p{number:02}") for number in range(7)))
        await stage.publisher.publish(confirmed("foreign", "p03x", house_id="house_2"))
        await stage.caught_up()
        pages = []
        token = ""
        while True:
            answer = await ReportingServiceStub(channel).ListTotals(
                ListTotalsRequest(house_id="house_1", page_size=3, page_token=token)
            )
            pages.append([totals.performance_id for totals in answer.totals])
            assert all(totals.sold == 1 for totals in answer.totals)
            token = answer.next_page_token
            if not token:
                break
    assert pages == [["p00", "p01", "p02"], ["p03", "p04", "p05"], ["p06"]]


async def test_what_is_out_of_bounds_is_refused_by_field(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, served(stage) as channel:
        stub = ReportingServiceStub(channel)
        listing = ListTotalsRequest(house_id="h")
        for call, field in [
            (stub.GetTotals(GetTotalsRequest(performance_id="p1")), "house_id"),
            (stub.GetTotals(GetTotalsRequest(house_id="h")), "performance_id"),
            (stub.GetTotals(GetTotalsRequest(house_id="h", performance_id="p" * 65)), "performance_id"),
            (stub.GetTotals(GetTotalsRequest(house_id="h'; --", performance_id="p")), "house_id"),
            (stub.ListTotals(ListTotalsRequest()), "house_id"),
            (stub.ListTotals(ListTotalsRequest(house_id="h", page_size=501)), "page_size"),
            (stub.ListTotals(ListTotalsRequest(house_id="h", page_token="x")), "page_token"),
            (stub.ListTotals(ListTotalsRequest(house_id="h", page_token="x" * 1_000_000)), "page_token"),
        ]:
            assert await refused(call) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID", field)
        assert not (await stub.ListTotals(listing)).totals


async def audited(channel: grpc.aio.Channel, performance_id: str = "") -> list[AuditResponse]:
    stream = AuditServiceStub(channel).Audit(AuditRequest(performance_id=performance_id))
    return [response async for response in stream]


async def test_the_audit_tells_checks_first_and_then_the_totals(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting")) as stage, stage.following(), served(stage) as channel:
        await stage.publisher.publish(
            confirmed("o1", "p1", "A", "B"), confirmed("o2", "p2", house_id="house_2"), refunded("o1", "p1")
        )
        await stage.caught_up()
        first, *rest = await audited(channel)
        assert {check.invariant for check in first.checks} == {"INV-5", "INV-7"}
        assert all(check.examined > 0 and not check.violations for check in first.checks)
        facts = [fact.totals for response in rest for fact in response.facts]
        assert [(fact.performance_id, fact.sold, fact.revenue.amount_minor) for fact in facts] == [
            ("p1", 0, 0),
            ("p2", 1, 2500),
        ]
        only = await audited(channel, "p2")
        assert [fact.totals.performance_id for response in only for fact in response.facts] == ["p2"]

"""Totals and audit over real gRPC: houses apart, pages, bounds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.catalogue.v1.prices_pb2 import (
    PRICE_COMPONENT_KIND_BASE,
    PRICE_COMPONENT_KIND_SERVICE_FEE,
    PRICE_COMPONENT_KIND_THEATRE_SURCHARGE,
    TICKET_KIND_DISCOUNT,
    TICKET_KIND_NORMAL,
)
from balcon.inventory.v1.allotments_pb2 import Allotment, AllotmentChanged, AllotmentCounts
from balcon.reporting.v1.reporting_service_pb2 import GetTotalsRequest, ListTotalsRequest
from balcon.reporting.v1.reporting_service_pb2_grpc import (
    ReportingServiceStub,
    add_ReportingServiceServicer_to_server,
)
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.contracts.audit_servicer import serve_audit
from services.contracts.wire_types import wire_instant
from services.reporting.adapters.postgres_figures import PostgresFigures
from services.reporting.api.reporting_servicer import ReportingServicer
from services.runtime.bus.memory_bus import MemoryBus
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.server import RpcServer
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting.figures_stage import figures_stage, line, performance, refund, sale
from tests.integration.reporting.sales_stage import Stage, confirmed, counted, described, refunded, staged


@asynccontextmanager
async def served(stage: Stage) -> AsyncIterator[grpc.aio.Channel]:
    server = RpcServer(clock=SystemClock(), ids=RandomIds())
    reporting = ReportingServicer(stage.reader, PostgresFigures(stage.engine))
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


def allotted(version: int, *, is_closed: bool) -> AllotmentChanged:
    counts = AllotmentCounts(handed_out=8, open=0 if is_closed else 3, reported_sold=5, returned=3 * is_closed)
    allotment = Allotment(house_id="house_1", performance_id="p1", allotment_id="a1", version=version, counts=counts)
    if is_closed:
        allotment.closed_at.CopyFrom(wire_instant(5))
    return AllotmentChanged(allotment=allotment)


async def test_r0_12_totals_are_told_by_kind_component_and_tax_and_whether_they_are_final(
    database_url: DatabaseUrl,
) -> None:
    async with (
        figures_stage(
            database_url("reporting"),
            performance("p1"),
            sale("o1", "p1", 5, line("s1"), line("s2", 1000, kind="DISCOUNT", ticket_type="student"), channel="ONLINE"),
            sale("o2", "p1", 5, line("s3", category="B"), channel="BOX_OFFICE"),
            refund("o2", "p1", "2027-01-05 10:00"),
            allotted(1, is_closed=False),
        ) as told,
        served(Stage(told.engine, MemoryBus())) as channel,
    ):
        stub = ReportingServiceStub(channel)
        asked = GetTotalsRequest(house_id="house_1", performance_id="p1")
        totals = (await stub.GetTotals(asked)).totals
        (listed,) = (await stub.ListTotals(ListTotalsRequest(house_id="house_1"))).totals
        await told.tell(allotted(2, is_closed=True))
        closed = (await stub.GetTotals(asked)).totals
    assert listed == totals
    assert [(one.category, one.kind, one.ticket_type, one.channel, one.tickets) for one in totals.slices] == [
        ("A", TICKET_KIND_DISCOUNT, "student", CHANNEL_ONLINE, 1),
        ("A", TICKET_KIND_NORMAL, "normal", CHANNEL_ONLINE, 1),
    ]
    parts = [
        (one.kind, one.vat_class, one.vat_rate_basis_points, one.revenue.amount_minor) for one in totals.components
    ]
    assert parts == [
        (PRICE_COMPONENT_KIND_BASE, "low", 900, 3300),
        (PRICE_COMPONENT_KIND_SERVICE_FEE, "high", 2100, 300),
        (PRICE_COMPONENT_KIND_THEATRE_SURCHARGE, "low", 900, 400),
    ]
    whole = totals.revenue.amount_minor
    assert sum(one.revenue.amount_minor for one in totals.slices) == whole == 4000
    assert sum(one.revenue.amount_minor for one in totals.components) == whole
    assert sum(one.tickets for one in totals.slices) == totals.sold == 2
    assert [one.vat.amount_minor for one in totals.components] == [2300 * 9 // 109 + 1000 * 9 // 109, 52, 32]
    assert (totals.open_allotments, closed.open_allotments) == (1, 0)


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
        assert {check.invariant for check in first.checks} == {"INV-5", "INV-7", "R3.21"}
        # The stage follows the totals alone: of the sales ledger there is nothing to look at.
        assert sum(check.examined > 0 for check in first.checks) == 5
        assert not any(check.violations for check in first.checks)
        facts = [fact.totals for response in rest for fact in response.facts]
        assert [(fact.performance_id, fact.sold, fact.revenue.amount_minor) for fact in facts] == [
            ("p1", 0, 0),
            ("p2", 1, 2500),
        ]
        only = await audited(channel, "p2")
        assert [fact.totals.performance_id for response in only for fact in response.facts] == ["p2"]

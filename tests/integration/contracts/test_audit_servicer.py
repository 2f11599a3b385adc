"""The audit of any record over real gRPC: checks first, then facts by the page, within what the proto promises."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import grpc
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse, Check, Fact, TicketInRecord
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub

from services.contracts.audit import MAX_VIOLATIONS, CheckResult
from services.contracts.audit_servicer import serve_audit
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.server import RpcServer

DENSE = CheckResult("INV-7", "the outbox is dense per key", 3, ("key a", "key b"))


class Record:
    """A RecordAudit that tells what it is given; `asked` for which performances."""

    def __init__(self, checks: Sequence[CheckResult] = (DENSE,), pages: Sequence[Sequence[Fact]] = ()) -> None:
        self._checks = checks
        self._pages = pages
        self.asked: list[str] = []

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        self.asked.append(performance_id)
        return self._checks

    async def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        self.asked.append(performance_id)
        for page in self._pages:
            yield page


@asynccontextmanager
async def served(record: Record) -> AsyncIterator[grpc.aio.Channel]:
    server = RpcServer(clock=SystemClock(), ids=RandomIds())
    serve_audit(server, record)
    await server.start()
    async with open_channel(f"127.0.0.1:{server.port}", SystemClock()) as channel:
        yield channel
    await server.stop(0)


async def audited(record: Record, performance_id: str = "") -> list[AuditResponse]:
    async with served(record) as channel:
        stream = AuditServiceStub(channel).Audit(AuditRequest(performance_id=performance_id))
        return [response async for response in stream]


def ticket(seat_id: str) -> Fact:
    return Fact(ticket=TicketInRecord(performance_id="perf_1", seat_id=seat_id, order_id="ord_1"))


async def test_checks_come_first_and_then_each_page_of_facts_by_itself() -> None:
    record = Record(pages=[[ticket("A-1"), ticket("A-2")], [ticket("A-3")]])
    first, *rest = await audited(record, "perf_1")
    assert list(first.checks) == [
        Check(invariant="INV-7", name="the outbox is dense per key", examined=3, violations=["key a", "key b"])
    ]
    assert not first.facts
    assert [[fact.ticket.seat_id for fact in page.facts] for page in rest] == [["A-1", "A-2"], ["A-3"]]
    assert record.asked == ["perf_1", "perf_1"]


async def test_no_check_tells_more_rows_than_the_proto_promises() -> None:
    flood = CheckResult("INV-5", "counts", 1_000, [f"performance {number}" for number in range(MAX_VIOLATIONS + 1)])
    only = await audited(Record([flood]))
    assert [len(check.violations) for response in only for check in response.checks] == [MAX_VIOLATIONS]


async def test_a_malformed_performance_id_is_refused_before_the_record_is_asked() -> None:
    record = Record()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await audited(record, "p'1")
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID")
    assert refusal.facts["field"] == "performance_id"
    assert record.asked == []

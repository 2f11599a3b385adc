"""Reporting as a process, over the bus in Postgres: killed in mid-stream it goes on, and its command rebuilds."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest, AuditResponse
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.reporting.v1.reporting_service_pb2 import GetTotalsRequest, PerformanceTotals
from balcon.reporting.v1.reporting_service_pb2_grpc import ReportingServiceStub

from services.reporting.adapters.projections.registry import PROJECTIONS
from services.runtime.bus.factory import open_bus
from services.runtime.bus.topics import TOPICS
from services.runtime.call_context import act_as
from services.runtime.ids import RandomIds
from services.runtime.principal import PrincipalKind
from services.runtime.rpc.client import open_channel
from services.runtime.testing import eventually
from services.runtime.testing.access import guarded_settings, own_token
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting.sales_stage import CLOCK, Publisher, confirmed

ROOT = Path(__file__).resolve().parents[3]
ORDERS = 200


def environment(database_url: str, bus_url: str) -> Mapping[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")]),
        "BALCON_REPORTING_DATABASE_URL": database_url,
        "BALCON_REPORTING_BUS_URL": bus_url,
        "BALCON_REPORTING_TICKETING_TARGET": "127.0.0.1:1",
        "BALCON_REPORTING_CUSTOMERS_TARGET": "127.0.0.1:1",
        "BALCON_REPORTING_MAIL_FOLDER": "/nonexistent/mail",
        "BALCON_REPORTING_CATALOGUE_TARGET": "127.0.0.1:1",
        "BALCON_REPORTING_INVENTORY_TARGET": "127.0.0.1:1",
        "BALCON_REPORTING_ORDERS_TARGET": "127.0.0.1:1",
        "BALCON_REPORTING_SEALING_SECRETS": "a secret of the tests' own",
        **guarded_settings("reporting"),
    }


def launch(settings: Mapping[str, str], log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        command = [sys.executable, "-m", "services.reporting.main", *arguments]
        return subprocess.Popen(command, env=dict(settings), stderr=output, cwd=ROOT)


def lines(log: Path) -> list[dict[str, Any]]:
    whole = log.read_text().rpartition("\n")[0].splitlines()
    return [json.loads(line) for line in whole if line.startswith("{")]


@asynccontextmanager
async def running(settings: Mapping[str, str], log: Path) -> AsyncIterator[tuple[subprocess.Popen[bytes], str]]:
    """The process and its address; killed at the end."""
    process = launch(settings, log)
    try:
        await eventually(lambda: any(line["event"] == "service_started" for line in lines(log)))
        (port,) = [line["grpc_port"] for line in lines(log) if line["event"] == "service_started"]
        yield process, f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


async def told(target: str) -> PerformanceTotals:
    act_as(own_token())
    async with open_channel(target, CLOCK) as channel:
        request = GetTotalsRequest(house_id="house_1", performance_id="p1")
        return (await ReportingServiceStub(channel).GetTotals(request)).totals


async def rebuild_without_history(settings: Mapping[str, str], bus_url: str, log: Path) -> None:
    """Without its beginning the history is good for nothing, and that is said in one line."""
    connection = await asyncpg.connect(bus_url.replace("+asyncpg", ""))
    await connection.execute("DELETE FROM bus_message WHERE log_offset < 10")
    await connection.close()
    rebuilding = launch(settings, log, "rebuild", "totals")
    assert await asyncio.to_thread(rebuilding.wait) == 1
    last = lines(log)[-1]
    assert (last["event"], last["error"]) == ("read_model_not_rebuilt", "HistoryIncomplete")
    assert "'key': 'p1'" in last["message"]
    assert "'first_sequence': 11" in last["message"]


def rebuilt(log: Path) -> set[str]:
    return {line["model"] for line in lines(log) if line["event"] == "read_model_rebuilt"}


async def audited(target: str) -> list[AuditResponse]:
    act_as(own_token(PrincipalKind.OPERATOR))
    async with open_channel(target, CLOCK) as channel:
        return [page async for page in AuditServiceStub(channel).Audit(AuditRequest())]


async def ledger_has(target: str, sold: int) -> bool:
    """The kill met every read model, each in a transaction of its own."""
    facts = [fact.ledger for page in await audited(target) for fact in page.facts if fact.HasField("ledger")]
    return [fact.sold for fact in facts] == [sold]


async def violations(target: str) -> list[str]:
    return [line for page in await audited(target) for check in page.checks for line in check.violations]


@pytest.mark.slow
async def test_killed_in_mid_stream_it_goes_on_and_counts_every_order_once(
    database_url: DatabaseUrl, tmp_path: Path
) -> None:
    bus_url = database_url()
    settings = environment(database_url("reporting"), bus_url)
    bus = open_bus(bus_url, clock=CLOCK, ids=RandomIds(), client_id="test")
    await bus.create_topics(TOPICS)
    publisher = Publisher(bus)
    await publisher.publish(confirmed("first", "p1"))

    async def sell() -> None:
        for number in range(ORDERS):
            await publisher.publish(confirmed(f"o{number}", "p1", "A", "B"))

    async with running(settings, tmp_path / "killed.log") as (process, target):

        async def has_begun() -> bool:
            return (await told(target)).orders_confirmed > 5

        async def first_is_told() -> bool:
            return any(page.facts for page in await audited(target))

        await eventually(first_is_told)
        selling = asyncio.create_task(sell())
        await eventually(has_begun)
        process.kill()
    await selling
    async with running(settings, tmp_path / "again.log") as (_, target):

        async def all_told() -> bool:
            return (await told(target)).orders_confirmed == ORDERS + 1

        await eventually(all_told)
        assert (await told(target)).sold == 2 * ORDERS + 1
        await eventually(lambda: ledger_has(target, 2 * ORDERS + 1))
        assert await violations(target) == []
        rebuilding = launch(settings, tmp_path / "rebuild.log", "rebuild")
        assert await asyncio.to_thread(rebuilding.wait) == 0, (tmp_path / "rebuild.log").read_text()
        assert rebuilt(tmp_path / "rebuild.log") == {name for name, each in PROJECTIONS.items() if not each.forgets}
        await publisher.publish(confirmed("after", "p1"))

        async def counts_on() -> bool:
            return (await told(target)).orders_confirmed == ORDERS + 2

        await eventually(counts_on)
        assert await violations(target) == []
        await rebuild_without_history(settings, bus_url, tmp_path / "short.log")
        assert {"reporting-2", "reporting-2-counts"} < set(await bus.groups())
        assert not {"reporting-1", "reporting-3", "reporting-sales-1"} & set(await bus.groups())
    await bus.close()


def test_another_argument_is_refused(tmp_path: Path) -> None:
    process = launch(os.environ, tmp_path / "log", "rebuilt")
    assert process.wait(120) == 2
    assert "usage:" in (tmp_path / "log").read_text()

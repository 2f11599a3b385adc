"""The life of a service process: start, calls in flight on SIGTERM, loops that break, the order of closing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from balcon.reporting.v1.reporting_service_pb2 import GetTotalsRequest, ListTotalsRequest
from balcon.reporting.v1.reporting_service_pb2_grpc import ReportingServiceStub
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.runtime.clock import SystemClock
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from services.runtime.testing.access import service_metadata

SCRIPT = Path(__file__).with_name("small_service.py")
ROOT = SCRIPT.parents[3]


@dataclass
class Running:
    """A service process and what it has logged."""

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self, event: str | None = None) -> list[dict[str, Any]]:
        # gRPC's own lines are no JSON; the last line may be half written.
        whole = self.log.read_text().rpartition("\n")[0].splitlines()
        lines = [json.loads(line) for line in whole if line.startswith("{")]
        return [line for line in lines if event in {None, line["event"]}]

    def events(self) -> list[str]:
        return [line["event"] for line in self.lines()]

    async def line(self, event: str) -> dict[str, Any]:
        await eventually(lambda: bool(self.lines(event)))
        return self.lines(event)[0]

    async def exit_status(self) -> int:
        await eventually(lambda: self.process.poll() is not None)
        return int(self.process.wait())


@asynccontextmanager
async def started(folder: Path, *arguments: str) -> AsyncIterator[Running]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")])
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 (returns at once)
            [sys.executable, SCRIPT, *arguments], stderr=output, env={**os.environ, "PYTHONPATH": path}, cwd=folder
        )
    try:
        yield Running(process, log)
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def channel_to(running: Running) -> AsyncIterator[grpc.aio.Channel]:
    port = (await running.line("service_started"))["grpc_port"]
    async with open_channel(f"127.0.0.1:{port}", SystemClock()) as channel:
        yield channel


async def test_sigterm_answers_the_call_in_flight_and_closes_in_order(tmp_path: Path) -> None:
    async with started(tmp_path) as running, channel_to(running) as channel:
        await running.line("loop_runs")
        call = asyncio.create_task(_ask(channel, "slow"))
        await running.line("call_begun")
        running.process.send_signal(signal.SIGTERM)
        await call
        assert await running.exit_status() == 0
    events = running.events()
    assert events[events.index("service_stopping") :] == [
        "service_stopping",
        "before_drain",
        "call_answered",
        "loop_cancelled",
        "closed_last_opened",
        "closed_first_opened",
        "service_stopped",
    ]


async def test_nobody_is_cut_without_a_word_when_a_process_stops(tmp_path: Path) -> None:
    """Callers who ask again at once, each until it is told something else than an answer."""
    async with started(tmp_path) as running, AsyncExitStack() as stack:
        port = (await running.line("service_started"))["grpc_port"]
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        stubs: list[Any] = [
            ReportingServiceStub(
                await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}", options))
            )
            for _ in range(10)
        ]
        answered, credential = 0, service_metadata()

        async def last_word(stub: Any) -> tuple[grpc.StatusCode, str, bool]:
            nonlocal answered
            while True:
                try:
                    await stub.ListTotals(ListTotalsRequest(), metadata=credential)
                    answered += 1
                except grpc.aio.AioRpcError as error:
                    told = refusal_of(error)
                    reason, delay = (told.reason, bool(told.retry_after_ms)) if told else ("", False)
                    return error.code(), reason, delay

        callers = [asyncio.create_task(last_word(stub)) for stub in stubs for _ in range(10)]
        await eventually(lambda: answered > 500)
        running.process.send_signal(signal.SIGTERM)
        words = Counter(await asyncio.gather(*callers))
        assert await running.exit_status() == 0
    assert words == {(grpc.StatusCode.UNAVAILABLE, "NODE_STOPPING", True): 100}


async def test_a_call_that_never_ends_is_told_so_when_the_drain_is_over(tmp_path: Path) -> None:
    async with started(tmp_path) as running:
        port = (await running.line("service_started"))["grpc_port"]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", [("grpc.enable_retries", 0)]) as channel:
            call = asyncio.create_task(_ask(channel, "forever"))
            await running.line("call_begun")
            running.process.send_signal(signal.SIGTERM)
            with pytest.raises(grpc.aio.AioRpcError) as cut:
                await call
        told = refusal_of(cut.value)
        assert told is not None
        assert (told.code, told.reason) == (grpc.StatusCode.UNAVAILABLE, "NODE_STOPPING")
        assert await running.exit_status() == 0
    assert "call_answered" not in running.events()


async def test_a_hand_over_that_fails_does_not_cut_the_call_in_flight(tmp_path: Path) -> None:
    async with started(tmp_path, "hand-over-fails") as running, channel_to(running) as channel:
        call = asyncio.create_task(_ask(channel, "slow"))
        await running.line("call_begun")
        running.process.send_signal(signal.SIGTERM)
        await call
        assert await running.exit_status() == 0
    assert {"hand_over_failed", "closed_first_opened"} <= set(running.events())


async def test_a_loop_that_raises_is_logged_and_started_again(tmp_path: Path) -> None:
    async with started(tmp_path) as running:
        assert (await running.line("loop_runs"))["runs"] == 3
        broken = running.lines("loop_broke")
    assert [line["loop"] for line in broken] == ["breaking", "breaking"]
    assert ["run 1" in broken[0]["exception"], "run 2" in broken[1]["exception"]] == [True, True]
    assert {line["service"] for line in running.lines()} == {"small"}


async def test_a_service_that_cannot_be_built_says_why_and_exits_with_1(tmp_path: Path) -> None:
    async with started(tmp_path, "build-fails") as running:
        assert await running.exit_status() == 1
    (died,) = running.lines("service_died")
    assert "no database" in died["exception"]
    assert "closed_first_opened" in running.events()


async def test_health_and_metrics_are_served(tmp_path: Path) -> None:
    async with started(tmp_path) as running, channel_to(running) as channel:
        metrics_port = (await running.line("service_started"))["metrics_port"]
        for name in ("", "balcon.reporting.v1.ReportingService"):
            ask = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]
            answer = await ask(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        await ReportingServiceStub(channel).ListTotals(ListTotalsRequest(), metadata=service_metadata())
        assert 'balcon_rpc_seconds_count{code="OK",method="ListTotals"} 1.0' in await asyncio.to_thread(
            _scraped, metrics_port
        )


async def _ask(channel: grpc.aio.Channel, house_id: str) -> None:
    await ReportingServiceStub(channel).GetTotals(GetTotalsRequest(house_id=house_id), metadata=service_metadata())


def _scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as response:
        text: str = response.read().decode()
    return text


def test_cycles_are_still_collected_although_less_often() -> None:
    script = (
        "from services.runtime.service import _collect_garbage_less_often\n"
        "class Cycle:\n"
        "    alive = most = 0\n"
        "    def __init__(self):\n"
        "        self.me = self\n"
        "        Cycle.alive += 1\n"
        "        Cycle.most = max(Cycle.most, Cycle.alive)\n"
        "    def __del__(self):\n"
        "        Cycle.alive -= 1\n"
        "_collect_garbage_less_often()\n"
        "for _ in range(100_000):\n"
        "    Cycle()\n"
        "print(Cycle.most)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 1_000 < int(done.stdout) <= 20_000

"""A show that was sold is called off: how long until all of its money is back, and the CPU of a refund by hop.

`python -m bench.show_refund [--tickets 10000] [--at-once 64] [--pause 0]` starts the stack of `balcon up`, sells the
tickets two an order through all of it (real payments at the sandbox), and refunds the performance.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import httpx
import uvloop
from balcon.orders.v1 import order_work_pb2 as wire
from balcon.orders.v1.order_work_pb2_grpc import OrderWorkServiceStub
from rich.console import Console

from bench.order_costs import cost_ms, cost_table, inside_ms, look, transactions, transactions_each
from bench.order_load import SEATS
from bench.orders import buyers_of, open_sale, pause_for_profiler
from services.console.sale.demo_house import OnSale
from services.console.stack.blueprint import is_wanted, parts_of
from services.console.stack.data_folder import DataFolder, make_temp_folder, remove_temp_folder
from services.console.stack.local_stack import LocalStack, StackOptions
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel

if TYPE_CHECKING:
    from balcon.orders.v1.order_work_pb2_grpc import OrderWorkServiceAsyncStub

# Of a job orders tell only who asks; so seldom, it costs nothing that is measured.
_POLL_SECONDS = 0.5
_SPARE_SEATS = 1_000
_LIMIT_SECONDS = 1_800.0


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure. `pause`: for a profiler, seconds to attach before the refund."""

    tickets: int = 10_000
    at_once: int = 64
    release: bool = False
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class GivenBack:
    """How the job went. Seconds from its start: until every ticket was cancelled, and until all money was back."""

    job: wire.PerformanceRefund
    swept_seconds: float
    seconds: float


async def measure(options: Options) -> dict[str, object]:
    """Starts everything, sells the show, gives it back, and stops everything."""
    clock, ids = SystemClock(), RandomIds()
    path = make_temp_folder(ids)
    try:
        with DataFolder(path) as folder:
            async with LocalStack(folder, StackOptions(integrations=()), clock=clock, ids=ids) as stack:
                return await _measured(stack, options)
    finally:
        remove_temp_folder(path)


async def _measured(stack: LocalStack, options: Options) -> dict[str, object]:
    services = tuple(part.name for part in parts_of(1) if is_wanted(part, ()))
    on_sale = await open_sale(stack, options.tickets + _SPARE_SEATS)
    async with buyers_of(stack, on_sale) as buyers:
        left, started = options.tickets // SEATS, time.perf_counter()
        while left:
            # Others take the turns of those who were sent away.
            sold = await buyers.closed_loop(left, options.at_once)
            left -= sold.confirmed
            print(f"{left} orders left after {time.perf_counter() - started:.0f} s {dict(sold.failed)}", flush=True)
    await pause_for_profiler(stack, services, options.pause)
    before, committed = look(stack, services), await transactions(stack)
    async with open_channel(stack.record.targets["orders"], SystemClock()) as orders:
        back = await give_back(orders, on_sale, release=options.release)
    refunds = max(1, back.job.refunds_done)
    costs = cost_ms(before, look(stack, services), refunds)
    commits = transactions_each(committed, await transactions(stack), refunds)
    return {
        "tickets": back.job.tickets_cancelled,
        "refunds": back.job.refunds_done,
        "swept_seconds": round(back.swept_seconds, 1),
        "seconds": round(back.seconds, 1),
        "refunds_per_second": round(refunds / back.seconds, 1),
        "cpu_seconds": round(sum(costs.values()) * refunds / 1000, 1),
        "at_the_provider": await _at_the_provider(stack),
        "transactions_a_refund": commits,
        "cpu_ms_a_refund": costs | {"all inside": inside_ms(costs)},
    }


async def give_back(channel: grpc.aio.Channel, on_sale: OnSale, *, release: bool) -> GivenBack:
    """Starts the job and sees it to its end."""
    stub: OrderWorkServiceAsyncStub = OrderWorkServiceStub(channel)
    house_id, performance_id = on_sale.house_id, on_sale.performance.performance_id
    request = wire.StartPerformanceRefundRequest(
        idempotency_key="bench", house_id=house_id, performance_id=performance_id, release_seats=release, reason="bench"
    )
    started = time.perf_counter()
    job: wire.PerformanceRefund = (await stub.StartPerformanceRefund(request)).job
    swept = 0.0
    while job.state != wire.PERFORMANCE_REFUND_STATE_DONE:
        await asyncio.sleep(_POLL_SECONDS)
        passed = time.perf_counter() - started
        if passed > _LIMIT_SECONDS:
            message = f"not done after {passed:.0f} s: {job}"
            raise TimeoutError(message)
        try:
            wanted = wire.GetPerformanceRefundRequest(house_id=house_id, job_id=job.job_id)
            job = (await stub.GetPerformanceRefund(wanted)).job
        except grpc.aio.AioRpcError as error:
            print(f"{passed:.0f} s: {error.code()}", flush=True)
            continue
        if not swept and not job.orders_left:
            swept = passed
    return GivenBack(job, swept, time.perf_counter() - started)


async def _at_the_provider(stack: LocalStack) -> dict[str, int]:
    """How many refunds the sandbox itself has made, and of how many payments all is back."""
    told, after, refunds = list[dict[str, object]](), "", 0
    async with httpx.AsyncClient(base_url=stack.record.pay_page, trust_env=False, timeout=60) as client:
        while page := (await client.get("/v1/payments", params={"after": after, "limit": "100"})).json()["payments"]:
            told += page
            after = page[-1]["id"]
        after, more = "0", True
        while more:
            events = (await client.get("/v1/events", params={"after": after, "limit": "100"})).json()
            refunds += sum(event["type"] == "refund.succeeded" for event in events["events"])
            after, more = events["next_after"], events["more"]
    whole = sum(one["refunded_minor"] == one["amount_minor"] for one in told)
    return {"payments": len(told), "refunds": refunds, "all_back": whole}


def show(found: dict[str, object], console: Console) -> None:
    """Tables for people."""
    costs = found["cpu_ms_a_refund"]
    assert isinstance(costs, dict)
    console.print(cost_table(f"{found['tickets']} tickets back in {found['seconds']} s", "ms a refund", costs))
    console.print(json.dumps({key: value for key, value in found.items() if value is not costs}), highlight=False)


def parsed(arguments: Sequence[str]) -> Options:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.show_refund", description=__doc__)
    parser.add_argument("--tickets", type=int, default=Options().tickets)
    parser.add_argument("--at-once", type=int, default=Options().at_once)
    parser.add_argument("--release", action="store_true", help="put the seats back on sale as well")
    parser.add_argument("--pause", type=float, default=Options().pause)
    given = parser.parse_args(arguments)
    return Options(given.tickets, given.at_once, given.release, given.pause)


async def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    show(await measure(parsed(arguments)), Console(soft_wrap=True))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))

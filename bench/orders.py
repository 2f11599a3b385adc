"""Orders a second, from the hold to the tickets, and the CPU of an order by hop.

`python -m bench.orders [--orders 2000] [--at-once 64] [--open-seconds 10] [--with podiumkunst,webhooks]
[--without-reporting] [--unary]` starts the stack of `balcon up` and buys two seats an order through all of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop
from rich.console import Console

from bench.order_costs import cost_ms, cost_table, inside_ms, look, transactions, transactions_each
from bench.order_load import SEATS, Bought, Buyers, OrderCalls, OrderStream
from services.console.sale.demo_house import DemoHouse, OnSale, SaleTerms
from services.console.stack.blueprint import INTEGRATIONS, is_wanted, parts_of
from services.console.stack.data_folder import DataFolder, make_temp_folder, remove_temp_folder
from services.console.stack.local_stack import LocalStack, StackOptions
from services.contracts.inventory_stream import OnPerformance
from services.runtime.access.keys import private_key
from services.runtime.access.own_token import OwnToken
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel

WARM_UP = 150
ROW = 100
SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure. `open_seconds` 0 leaves the open loop out; `rate` 0 is SHARE of the closed loop's."""

    orders: int = 2_000
    at_once: int = 64
    open_seconds: float = 10.0
    rate: float = 0.0
    integrations: tuple[str, ...] = ()
    reporting: bool = True
    # A call for each question, as a caller without the stream asks.
    unary: bool = False
    # For a profiler: seconds to attach before the closed loop.
    pause: float = 0.0


def plan_of(seats: int) -> bytes:
    """A plan of one category, rows of ROW seats."""
    rows = [
        {
            "row_number": str(row + 1),
            "row_number_position": "left",
            "position": {"x": 0, "y": row * 30},
            "seats": [
                {
                    "seat_guid": f"s{row * ROW + seat}",
                    "seat_number": str(seat + 1),
                    "position": {"x": seat * 25, "y": 0},
                    "category": "I",
                }
                for seat in range(ROW)
            ],
        }
        for row in range(-(-seats // ROW))
    ]
    zone = {"name": "Stalls", "zone_id": "stalls", "position": {"x": 0, "y": 0}, "rows": rows}
    size = {"width": ROW * 25, "height": len(rows) * 30}
    plan = {"name": "Bench", "categories": [{"name": "I", "color": "#1D3557"}], "size": size, "zones": [zone]}
    return json.dumps(plan).encode()


def figures(bought: Bought, costs: dict[str, float]) -> dict[str, object]:
    """What is told of one loop."""
    return {
        "orders": bought.confirmed,
        "failed": dict(bought.failed),
        "per_second": round(bought.per_second, 1),
        "payment_to_tickets_ms": {
            "p50": _percentile(bought.paid_to_tickets_ms, 50),
            "p99": _percentile(bought.paid_to_tickets_ms, 99),
        },
        "arrival_to_tickets_ms": {"p50": _percentile(bought.whole_ms, 50), "p99": _percentile(bought.whole_ms, 99)},
        "cpu_ms_an_order": costs | {"all inside": inside_ms(costs)},
    }


def _percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values) or [0.0]
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))], 1)


async def measure(options: Options) -> dict[str, object]:
    """Starts everything, buys, and stops it."""
    clock, ids = SystemClock(), RandomIds()
    path = make_temp_folder(ids)
    try:
        with DataFolder(path) as folder:
            stack_options = StackOptions(integrations=options.integrations)
            async with LocalStack(folder, stack_options, clock=clock, ids=ids) as stack:
                services = tuple(part.name for part in parts_of(1) if is_wanted(part, options.integrations))
                if not options.reporting:
                    await stack.process("reporting").stop()
                    services = tuple(name for name in services if name != "reporting")
                return {"services": services} | await _measured(stack, options, services)
    finally:
        remove_temp_folder(path)


async def _measured(stack: LocalStack, options: Options, services: tuple[str, ...]) -> dict[str, object]:
    expected = WARM_UP + options.orders + int(max(options.rate, 1_000) * options.open_seconds)
    on_sale = await open_sale(stack, expected * SEATS)
    found: dict[str, object] = {}
    async with buyers_of(stack, on_sale, unary=options.unary) as buyers:
        await buyers.closed_loop(WARM_UP, 8)
        await pause_for_profiler(stack, services, options.pause)
        before, committed = look(stack, services), await transactions(stack)
        closed = await buyers.closed_loop(options.orders, options.at_once)
        orders = max(1, closed.confirmed)
        found["closed"] = figures(closed, cost_ms(before, look(stack, services), orders)) | {
            "transactions_an_order": transactions_each(committed, await transactions(stack), orders)
        }
        if options.open_seconds:
            rate = options.rate or closed.per_second * SHARE
            before = look(stack, services)
            opened = await buyers.open_loop(rate, options.open_seconds)
            found[f"open, {rate:.0f} a second"] = figures(
                opened, cost_ms(before, look(stack, services), max(1, opened.confirmed))
            )
    return found


async def open_sale(stack: LocalStack, seats: int) -> OnSale:
    """A house of its own with a performance of so many seats."""
    clock, targets = SystemClock(), stack.record.targets
    async with (
        open_channel(targets["catalogue"], clock) as catalogue,
        open_channel(targets["accounts"], clock) as accounts,
    ):
        house = DemoHouse(catalogue, accounts, clock=clock, ids=RandomIds(), label="bench")
        return await house.open_sale(plan_of(seats), SaleTerms(hold_ttl_seconds=900))


async def pause_for_profiler(stack: LocalStack, services: Sequence[str], seconds: float) -> None:
    """Tells the processes' ids, and gives whoever profiles one the time to attach; 0: goes on at once."""
    if seconds:
        print({name: stack.process(name).pid for name in services}, flush=True)
        # A person starts the profiler by hand: nothing here can tell when it is attached.
        await asyncio.sleep(seconds)


def buyers_of(stack: LocalStack, on_sale: OnSale, *, unary: bool = False) -> Buyers:
    """Of the performance on sale, at the stack's own targets."""
    token = OwnToken(private_key(stack.service_key), "bench", SystemClock(), RandomIds())
    performance, target = on_sale.performance, stack.record.targets["orders"]
    return Buyers(
        inventory=stack.record.targets["inventory"],
        orders=OrderCalls(target, token) if unary else OrderStream(target, token),
        pay_page=stack.record.pay_page,
        performance=OnPerformance(on_sale.house_id, performance.performance_id, performance.plan_version),
        seat_ids=[seat.seat_id for seat in on_sale.plan.seats],
    )


def show(found: dict[str, object], console: Console) -> None:
    """Tables for people."""
    console.print(f"running: {', '.join(map(str, found['services']))}", highlight=False)  # type: ignore[call-overload]
    for name, loop in found.items():
        if not isinstance(loop, dict):
            continue
        title = f"{name}: {loop['per_second']} orders/s of {SEATS} seats"
        console.print(cost_table(title, "ms an order", loop["cpu_ms_an_order"]))
        told = {key: value for key, value in loop.items() if key != "cpu_ms_an_order"}
        console.print(json.dumps(told), highlight=False)


def parsed(arguments: Sequence[str]) -> Options:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.orders", description=__doc__)
    parser.add_argument("--orders", type=int, default=Options().orders)
    parser.add_argument("--at-once", type=int, default=Options().at_once)
    parser.add_argument("--open-seconds", type=float, default=Options().open_seconds)
    parser.add_argument("--rate", type=float, default=Options().rate)
    parser.add_argument("--with", dest="integrations", default="", help=f"any of {','.join(INTEGRATIONS)}")
    parser.add_argument("--without-reporting", action="store_true")
    parser.add_argument("--unary", action="store_true")
    parser.add_argument("--pause", type=float, default=Options().pause)
    given = parser.parse_args(arguments)
    return Options(
        orders=given.orders,
        at_once=given.at_once,
        open_seconds=given.open_seconds,
        rate=given.rate,
        integrations=tuple(filter(None, given.integrations.split(","))),
        reporting=not given.without_reporting,
        unary=given.unary,
        pause=given.pause,
    )


async def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    show(await measure(parsed(arguments)), Console(soft_wrap=True))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))

"""The runs: ours over every size that matters, the baselines, the limits; then the ratios that the issue asks for."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence

from balcon.inventory.v1 import inventory_service_pb2 as pb

from bench import (
    access,
    best_available,
    contingents,
    load,
    open_loop,
    orders,
    overload,
    refusals,
    row_security,
    watching,
)
from bench.baselines import limits, postgres_rows, redis_set_nx
from bench.flood import Flood
from bench.report import Figure, Report
from bench.shared_stream import shared
from bench.stack import InventoryStack, inventory_stack

HALL = 100_000
SHARED = "64 callers of one hold each, shared stream"
# Messages in flight on a stream, by holds a message.
WINDOW = {1: 64, 8: 16, 32: 8, 128: 4}
MESSAGES = {1: 8_000, 8: 3_000, 32: 1_500, 128: 390}


async def run_all(report: Report, *, quick: bool) -> None:
    """Every run once; `quick` only what the ratios need."""
    async with inventory_stack() as stack:
        await _ours(report, stack)
        await _refusals(report, stack)
        await _limits(report, stack)
        await _baselines(report, stack)
        if not quick:
            await _sizes(report, stack)
            await _many_performances(report, stack)
    await access_runs(report)
    await contingent_runs(report)
    report.details["orders"] = await orders.measure(orders.Options())
    if not quick:
        await _second_wall(report)
        await overload_runs(report)
        await _two_owners(report)
        # Pure decisions and turns, no servers: in a thread, because it brings a loop of its own.
        report.details["best_available"] = await asyncio.to_thread(best_available.measure)
    _ratios(report)


def _messages(name: str, capacity: int, size: int, seats: int = 2) -> list[pb.ExecuteCommandsRequest]:
    wanted = MESSAGES[size]
    return [message for _, message in zip(range(wanted), load.batches(name, capacity, size, seats), strict=False)]


async def _stream(report: Report, stack: InventoryStack, group: str, label: str, size: int, seats: int = 2) -> Figure:
    """The better of two runs, each on a fresh hall that has been woken up before."""
    best: load.Measured | None = None
    for attempt in range(2):
        (name,) = await stack.put_performances(HALL, 1, prefix=f"s{size}x{seats}r{attempt}{group}")
        await load.wake(stack.nodes[0], name)
        measured = await load.stream(stack.nodes[0], _messages(name, HALL, size, seats), window=WINDOW[size])
        if best is None or measured.holds_per_second > best.holds_per_second:
            best = measured
    assert best is not None
    return report.add(Figure(group, label, best.holds_per_second, best.percentile_ms(50), best.percentile_ms(99)))


async def _ours(report: Report, stack: InventoryStack) -> None:
    for size in WINDOW:
        await _stream(report, stack, "ours", f"stream, {size} holds a message", size)
    await _stream(report, stack, "ours", "stream, 128 one-seat holds a message", 128, 1)
    (name,) = await stack.put_performances(HALL, 1, prefix="unary")
    await load.wake(stack.nodes[0], name)
    measured = await load.unary(stack.nodes[0], name, 8_000, tasks=64)
    report.add(
        Figure("ours", "unary", measured.holds_per_second, measured.percentile_ms(50), measured.percentile_ms(99))
    )
    (name,) = await stack.put_performances(HALL, 1, prefix="shared")
    await load.wake(stack.nodes[0], name)
    measured = await shared(stack.nodes[0], name, 40_000, tasks=64)
    report.add(
        Figure(
            "ours",
            SHARED,
            measured.holds_per_second,
            measured.percentile_ms(50),
            measured.percentile_ms(99),
        )
    )
    (name,) = await stack.put_performances(20_000, 1, prefix="best")
    await load.wake(stack.nodes[0], name)
    measured = await load.best_available(stack.nodes[0], name, holds_a_message=32, messages=60, size=2, window=4)
    report.add(
        Figure(
            "ours",
            "best available, 2 seats, 20,000-seat hall",
            measured.holds_per_second,
            measured.percentile_ms(50),
            measured.percentile_ms(99),
        )
    )


async def _refusals(report: Report, stack: InventoryStack) -> None:
    for name in refusals.KINDS:
        found = await refusals.measure(stack, name)
        report.details[f"refusals, {name}"] = found.as_json()
        granted, refused = found.per_second
        report.add(Figure("refusals", f"{name}, cheap callers: seats that are free", granted))
        report.add(Figure("refusals", f"{name}, cheap callers: seats that are taken", refused))
        report.ratio(f"{name}: refusals / grants", refused, granted)
        report.ratio(f"{name}: owner's time, a refusal / a grant", *found.owner_us)


async def _limits(report: Report, stack: InventoryStack) -> None:
    echo = limits.EchoProcess()
    try:
        await echo.wait()
        for size in (32, 128):
            rate = await limits.echo_stream(echo.target, _messages("echo", HALL, size), WINDOW[size])
            report.add(Figure("limits", f"empty stream, {size} holds a message", rate))
        measured = await load.unary(echo.target, "echo", 8_000, tasks=64)
        report.add(Figure("limits", "empty unary call", measured.holds_per_second))
    finally:
        echo.stop()
    for size in (32, 128):
        rate = await limits.bare_append(stack.redis_url, size, MESSAGES[size])
        report.add(Figure("limits", f"bare append, {size} holds a batch", rate))


async def _baselines(report: Report, stack: InventoryStack) -> None:
    rate = await redis_set_nx.measure(stack.redis_url, 40_000)
    report.add(Figure("baselines", "(a) Redis SET NX PX a seat, pipelined", rate))
    dsn = stack.database_url.replace("+asyncpg", "")
    rate = await postgres_rows.measure(dsn, postgres_rows.SKIP_LOCKED, 10_000, 1)
    report.add(Figure("baselines", "(b) Postgres FOR UPDATE SKIP LOCKED", rate))
    rate = await postgres_rows.measure(dsn, postgres_rows.CONDITIONAL_UPDATE, 10_000, 2)
    report.add(Figure("baselines", "(c) Postgres conditional UPDATE", rate))


async def _sizes(report: Report, stack: InventoryStack) -> None:
    """Cost of a hold by the size of the hall: as many holds in each, spread over as many halls as they need."""
    for capacity in (100, 1_000, 10_000, 100_000):
        halls = max(1, 40_000 // capacity)
        names = await stack.put_performances(capacity, halls, prefix=f"size{capacity}")
        await load.wake_all(stack.nodes[0], names)
        messages = _over_halls(names, capacity, 25, 1_000)
        measured = await load.stream(stack.nodes[0], messages, window=4)
        report.add(Figure("sizes", f"hall of {capacity:,}", measured.holds_per_second))


def _over_halls(names: Sequence[str], capacity: int, size: int, most: int) -> list[pb.ExecuteCommandsRequest]:
    """Messages over all the halls in turn, up to `most`."""
    per_hall = [load.batches(name, capacity, size, 2) for name in names]
    found: list[pb.ExecuteCommandsRequest] = []
    while per_hall and len(found) < most:
        for messages in list(per_hall):
            message = next(messages, None)
            if message is None:
                per_hall.remove(messages)
                continue
            message.batch_id = len(found) + 1
            found.append(message)
    return found[:most]


async def _many_performances(report: Report, stack: InventoryStack) -> None:
    for count in (1, 10, 1_000):
        names = await stack.put_performances(100_000 if count == 1 else 10_000, count, prefix=f"many{count}")
        await load.wake_all(stack.nodes[0], names)
        messages = _over_halls(names, 100_000 if count == 1 else 10_000, 32, 1_500)
        measured = await load.stream(stack.nodes[0], messages, window=8)
        report.add(Figure("many", f"{count:,} performances, 32 holds a message", measured.holds_per_second))


async def _two_owners(report: Report) -> None:
    async with inventory_stack(nodes=2) as stack:
        runs = []
        for number, target in enumerate(stack.nodes):
            (name,) = await stack.put_performances(HALL, 1, prefix=f"two{number}")
            await load.wake(target, name)
            runs.append(load.stream(target, _messages(name, HALL, 128), window=4))
        both = await asyncio.gather(*runs)
        rate = sum(measured.holds for measured in both) / max(measured.seconds for measured in both)
        report.add(Figure("owners", "two owner processes, 128 holds a message", rate))


async def access_runs(report: Report) -> None:
    """What it costs to know who calls."""
    for kind, (guarded, unguarded) in (await access.measure()).items():
        report.details[f"access, {kind}: owner's time for a hold, us"] = {"with": guarded, "without": unguarded}
        report.ratio(f"{kind}: owner's time for a hold, access checked / not", guarded, unguarded)


async def contingent_runs(report: Report) -> None:
    """What quotas and allotments cost who only holds, and how long the largest allotment takes."""
    found = await contingents.measure()
    report.details["contingents"] = dataclasses.asdict(found)
    name = "stream, 128 holds a message: owner's time for a hold, three quotas and two allotments / none"
    report.ratio(name, found.with_us, found.without_us)


async def _second_wall(report: Report) -> None:
    """What row-level security costs an order's transaction, a batch of claims, and a read."""
    for act, found in (await row_security.run()).items():
        report.details[f"row security, {act}"] = found
        report.ratio(f"{act}: time with row security / without", found["walled"], found["plain"])


async def overload_runs(report: Report) -> None:
    """Latency below saturation, ten times as much as an owner can do, and watchers who do not read."""
    async with inventory_stack() as stack:
        for size in (32, 128):
            await _open_loop(report, stack, size)
        for name, kind in overload.FLOODS.items():
            await _flood(report, stack, name, kind)
    async with inventory_stack() as stack:
        await _watched(report, stack)


async def _open_loop(report: Report, stack: InventoryStack, size: int) -> None:
    saturation, part = await open_loop.measure(stack, size, WINDOW[size])
    told = {"saturation": saturation.as_json(), "open": part.as_json()}
    report.details[f"open loop, {size} holds a message"] = told
    for name, found in (("closed loop, cheap caller", saturation), (f"open loop at {open_loop.SHARE:.0%}", part)):
        label = f"{name}, {size} holds a message"
        report.add(Figure("open loop", label, found.goodput, found.percentile_ms(50), found.percentile_ms(99)))


async def _flood(report: Report, stack: InventoryStack, name: str, kind: type[Flood]) -> None:
    found = await overload.flood(stack, kind, name)
    report.details[f"overload, {name}"] = found.as_json()
    for phase, outcome in found.phases.items():
        label = f"{name} of one hold: {phase}"
        report.add(Figure("overload", label, outcome.goodput, outcome.percentile_ms(50), outcome.percentile_ms(99)))
    phases, times = found.phases, overload.OVERLOAD_TIMES
    report.ratio(f"{name}, {times}x offered: goodput / peak", phases["overload"].goodput, phases["peak"].goodput)
    report.ratio(f"{name}, {times}x offered: owner's memory, most / before", max(found.memory_mib), found.memory_mib[0])
    released = found.releases["overload"].percentile_ms(99), found.releases["before"].percentile_ms(99)
    report.ratio(f"{name}, {times}x offered: p99 of a release / before", *released)
    before, after = (phases[phase].percentile_ms(99) for phase in ("before", "after"))
    report.ratio(f"{name}, {overload.RECOVERY_SECONDS:g} s after: p99 / before", after, before)


async def _watched(report: Report, stack: InventoryStack) -> None:
    rates: dict[int, float] = {}
    lags: dict[int, float] = {}
    for stalled in watching.STALLED:
        found = await watching.measure(stack, watching.WATCHERS, stalled)
        label = f"{watching.WATCHERS:,} watchers, {stalled} of them not reading"
        report.details[label] = found
        lag = (found["lag_p50_ms"], found["lag_p99_ms"])
        report.add(Figure("watched", f"{label} (ms: others' lag)", found["holds_per_second"], *lag))
        rates[stalled], lags[stalled] = found["holds_per_second"], found["lag_p99_ms"]
    for stalled in watching.STALLED[1:]:
        report.ratio(f"holds per second, {stalled} stalled watchers / none", rates[stalled], rates[0])
        report.ratio(f"lag p99 of the other watchers, {stalled} stalled / none", lags[stalled], lags[0])


def _ratios(report: Report) -> None:
    rate = {figure.name: figure.holds_per_second for figure in report.figures}
    best = rate["stream, 128 holds a message"]
    report.ratio("stream(128) / (a) SET NX PX", best, rate["(a) Redis SET NX PX a seat, pipelined"])
    report.ratio("stream(128) / (b) SKIP LOCKED", best, rate["(b) Postgres FOR UPDATE SKIP LOCKED"])
    report.ratio("stream(128) / (c) conditional UPDATE", best, rate["(c) Postgres conditional UPDATE"])
    report.ratio("stream(128) / bare append(128)", best, rate["bare append, 128 holds a batch"])
    report.ratio(
        "stream(32) / bare append(32)", rate["stream, 32 holds a message"], rate["bare append, 32 holds a batch"]
    )
    report.ratio("stream(128) / empty stream(128)", best, rate["empty stream, 128 holds a message"])
    report.ratio("unary / empty unary", rate["unary"], rate["empty unary call"])
    report.ratio("64 callers: shared stream / unary", rate[SHARED], rate["unary"])
    if "hall of 100" in rate:
        report.ratio("cost a hold, hall of 100,000 over 100", rate["hall of 100"], rate["hall of 100,000"])
        one = rate["1 performances, 32 holds a message"]
        report.ratio("cost a hold, 1,000 performances over 1", one, rate["1,000 performances, 32 holds a message"])

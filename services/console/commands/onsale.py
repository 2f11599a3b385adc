"""`balcon onsale`: a crowd on one hall of a running stack, at a rate of its own choosing."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import SEAT_STATE_HELD
from rich.markup import escape
from rich.table import Table

from services.console.audit.verdict import Verdict, as_table, audit, broken_rows
from services.console.onsale.arrivals import arrivals
from services.console.onsale.figures import PERCENTILES, Figures
from services.console.onsale.generator import OnSale
from services.console.onsale.hall import plain_hall
from services.console.sale.demo_house import DemoHouse, SaleTerms
from services.console.stack.blueprint import nodes_of
from services.console.terminal import ERR, OUT, print_json
from services.contracts.inventory_stream import InventoryCodec, InventoryStreams, OnPerformance
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds, seeded_random
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.owner_streams import OwnerStreams
from services.runtime.rpc.routing import OwnerRouting

LABEL = "onsale"


@dataclass(frozen=True, slots=True)
class OnSaleOptions:
    """As on the command line."""

    buyers: int
    per_second: float
    capacity: int
    seed: int
    json_path: Path | None
    as_json: bool


async def run_onsale(targets: Mapping[str, str], options: OnSaleOptions) -> bool:
    """Opens a hall of its own for sale, lets the crowd loose, prints the figures and the audit. False: some are bad.

    Every buyer must have had a last word, no seat may be granted twice, the owner must know every grant.
    """
    clock, ids = SystemClock(), RandomIds()
    async with (
        open_channel(targets["catalogue"], clock) as catalogue,
        open_channel(targets["accounts"], clock) as accounts,
    ):
        house = DemoHouse(catalogue, accounts, clock=clock, ids=ids, label=LABEL)
        sale = await house.open_sale(plain_hall(options.capacity), SaleTerms(seats_per_holder=10))
    key = pb.PerformanceKey(house_id=sale.house_id, performance_id=sale.performance.performance_id)

    # Wakes it up.
    await _held(targets["inventory"], key)
    figures = Figures(options.buyers, options.capacity, options.per_second)
    crowd = list(arrivals(options.buyers, options.per_second, seeded_random(options.seed)))
    performance = OnPerformance(key.house_id, key.performance_id, sale.performance.plan_version)
    jitter = seeded_random(options.seed).random
    routing = OwnerRouting(nodes_of(targets["inventory"]), clock, jitter)
    streams: InventoryStreams = OwnerStreams(routing, InventoryCodec(), clock)
    watched = open_channel(targets["inventory"], clock, own_connection=True)
    run = OnSale(streams, watched, performance, figures, clock, ids.new_id("run"))
    # Garbage is collected before and after, not in the middle of a latency: what the crowd makes is not cyclic.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        await run.run(crowd)
    finally:
        gc.enable()
        await streams.close()
        await routing.close()
        await watched.close()
    if figures.seconds < sale.performance.hold_ttl_seconds:
        figures.held_by_owner = await _held(targets["inventory"], key)
    verdict = await audit(targets, clock, key.performance_id)
    await _report(figures, verdict, options)
    return figures.holds and verdict.ok


async def _held(target: str, key: pb.PerformanceKey) -> int:
    async with open_channel(target, SystemClock()) as channel:
        answer = await InventoryServiceStub(channel).GetSeatMap(pb.GetSeatMapRequest(key=key))
        return answer.seat_states.count(SEAT_STATE_HELD)


async def _report(figures: Figures, verdict: Verdict, options: OnSaleOptions) -> None:
    told = {**figures.as_json(), **verdict.as_dict()}
    if options.json_path is not None:
        await asyncio.to_thread(options.json_path.write_bytes, msgspec.json.format(msgspec.json.encode(told)))
    if options.as_json:
        print_json(told)
        return
    table = Table(title="On-sale", title_justify="left", show_header=False)
    table.add_row("buyers", f"{figures.buyers:,}")
    table.add_row("holds granted", f"{figures.granted:,} ({figures.seats_held:,} of {figures.capacity:,} seats)")
    table.add_row("gave up", f"{figures.gave_up:,}")
    table.add_row("arrivals per second", f"{figures.per_second:,.0f}")
    table.add_row("until the last word", f"{figures.seconds:,.1f} s")
    table.add_row("holds per second", f"{figures.granted / figures.seconds:,.0f}")
    for percent in PERCENTILES:
        granted, left = (
            found.get_value_at_percentile(percent) / 1000 for found in (figures.latency, figures.given_up_after)
        )
        table.add_row(f"p{percent:g} from arrival", f"granted {granted:,.1f} ms, gave up {left:,.1f} ms")
    for reason, count in figures.refusals.most_common():
        table.add_row(reason, f"{count:,}")
    if figures.reconnections:
        table.add_row("owner lost and found", str(figures.reconnections))
    table.add_row("seats granted twice", str(figures.double_holds))
    table.add_row("held, as the owner tells", "" if figures.held_by_owner is None else f"{figures.held_by_owner:,}")
    OUT.print(table)
    OUT.print(as_table(verdict))
    for row in broken_rows(verdict):
        ERR.print(f"[red]{escape(row)}[/]", highlight=False)
    OUT.print("[green]audit ok[/]" if verdict.ok else "[red]audit failed[/]")

"""The load process: a share of the buyers. Its Assignment comes on stdin, its progress and Tally go to stdout.

It waits for a second line before it opens the doors, so that all shares begin together.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import msgspec
import uvloop
from balcon.inventory.v1 import inventory_service_pb2 as inventory_pb

from services.console.sale.buyer import Buyer, PerformanceOnSale
from services.console.sale.cards import PayPage
from services.console.sale.hall import Place, hall_of
from services.console.sale.script import Pace, write_script
from services.console.sale.shop import Shop
from services.console.sale.tally import Tally, progress_of
from services.console.stack.blueprint import starting_with
from services.console.stack.credentials import hold_key
from services.contracts.order_stream import OrderCommands
from services.runtime.clock import Clock, SystemClock
from services.runtime.rpc.client import open_channel

_PROGRESS_SECONDS = 0.25


class Assignment(msgspec.Struct, frozen=True):
    """What one load process is to do: the buyers `first`, `first` + `step`, … below `buyers`."""

    seed: int
    buyers: int
    first: int
    step: int
    pace: Pace
    choosing: int
    ordering: int
    connections: int
    inventory_target: str
    orders_target: str
    house_id: str
    performance_id: str
    plan_version: int
    places: list[Place]
    # The shop's: its buyers are named with each call.
    service_key: str = ""


class Ready(msgspec.Struct, frozen=True):
    """The first line: everything is connected."""

    ready: bool = True


async def run_crowd(assignment: Assignment, clock: Clock) -> Tally:
    """All the buyers' visits; progress lines meanwhile."""
    tally = Tally()
    hold_key(assignment.service_key)
    inventory = [
        open_channel(starting_with(assignment.inventory_target, number), clock, own_connection=True)
        for number in range(assignment.connections)
    ]
    orders = open_channel(assignment.orders_target, clock, own_connection=True)
    commands = OrderCommands(orders)
    shop = Shop(
        inventory=inventory,
        orders=commands,
        choosing=assignment.choosing,
        ordering=assignment.ordering,
        tally=tally,
        clock=clock,
    )
    pay_page = PayPage(clock)
    key = inventory_pb.PerformanceKey(house_id=assignment.house_id, performance_id=assignment.performance_id)
    performance = PerformanceOnSale(assignment.house_id, key, assignment.plan_version)
    hall = hall_of(assignment.places)
    buyers = [
        Buyer(
            write_script(assignment.seed, number, assignment.pace),
            seed=assignment.seed,
            shop=shop,
            hall=hall,
            performance=performance,
            pay_page=pay_page,
            clock=clock,
        )
        for number in range(assignment.first, assignment.buyers, assignment.step)
    ]
    await asyncio.gather(*(channel.channel_ready() for channel in (*inventory, orders)))
    _write(Ready())
    await asyncio.to_thread(sys.stdin.readline)
    # A daemon: the console keeps the pipe open until it has the tally, and a waiting thread must not hold up our end.
    threading.Thread(target=_end_with_the_console, daemon=True).start()
    shop.open()
    reporting = asyncio.create_task(_report(tally, clock))
    await asyncio.gather(*(buyer.visit() for buyer in buyers))
    reporting.cancel()
    await asyncio.gather(reporting, return_exceptions=True)
    await pay_page.close()
    await commands.close()
    for channel in (*inventory, orders):
        await channel.close()
    return tally


def _end_with_the_console() -> None:
    """The end of the input is the console's end: buyers without a house would only be noise."""
    while sys.stdin.readline():
        pass
    os._exit(1)


async def _report(tally: Tally, clock: Clock) -> None:
    while True:
        _write(progress_of(tally))
        await clock.sleep(_PROGRESS_SECONDS)


def _write(value: msgspec.Struct) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    """The load process."""
    assignment = msgspec.json.decode(sys.stdin.readline(), type=Assignment)
    _write(uvloop.run(run_crowd(assignment, SystemClock())))


if __name__ == "__main__":
    main()

"""`balcon up` and `balcon down`: the stack for people, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path

import msgspec
from rich.table import Table

from services.console.sale.demo_house import DemoHouse, SaleTerms, demo_plan
from services.console.stack.data_folder import DataFolder, StackRecord, stop_stack
from services.console.stack.local_stack import LocalStack, StackOptions
from services.console.terminal import ERR, OUT, print_json
from services.runtime.clock import SystemClock
from services.runtime.errors import Fatal
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel

_DEMO_LABEL = "demo"
_STOP_SECONDS = 90.0
# What only commands on this machine read, out of the private record: it has passwords.
_UNTOLD = {"bus_url", "reporting"}


class NoDemoHouse(Fatal):
    """There is no demo house on this data folder: name a house with --house."""


class DemoPerformance(msgspec.Struct, frozen=True):
    """What `balcon up` put on sale in an empty house, kept in the data folder."""

    house_id: str
    performance_id: str


async def run_up(data: Path, options: StackOptions, as_json: bool) -> None:
    """Runs the stack until SIGINT or SIGTERM; data is kept."""
    clock, ids = SystemClock(), RandomIds()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    with DataFolder(data) as folder:
        starting = asyncio.create_task(_run(folder, options, as_json, stopping, clock=clock, ids=ids))
        # Ctrl-C while things are still starting ends it too, tidily.
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done() and not folder.record_path.exists():
            starting.cancel()
        waiting.cancel()
        try:
            await starting
        except asyncio.CancelledError:
            if not stopping.is_set():
                raise
    ERR.print("stopped; the data is kept")


async def _run(
    folder: DataFolder,
    options: StackOptions,
    as_json: bool,
    stopping: asyncio.Event,
    *,
    clock: SystemClock,
    ids: RandomIds,
) -> None:
    def progress(step: str) -> None:
        ERR.print(f"[dim]{step} …[/]")

    async with LocalStack(folder, options, clock=clock, ids=ids, progress=progress) as stack:
        demo = await _demo_performance(folder, stack.record.targets, clock, ids)
        if as_json:
            record = {name: told for name, told in msgspec.to_builtins(stack.record).items() if name not in _UNTOLD}
            print_json({"data": str(folder.path), **record, **msgspec.to_builtins(demo)})
        else:
            OUT.print(addresses(stack.record, folder.path, demo))
            OUT.print("Ctrl-C stops it.")
        await stack.while_whole(stopping.wait())


async def _demo_performance(
    folder: DataFolder, targets: Mapping[str, str], clock: SystemClock, ids: RandomIds
) -> DemoPerformance:
    """The demo house's performance; set up at the first start of this data folder."""
    path = folder.path / "demo.json"
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=DemoPerformance)
    async with (
        open_channel(targets["catalogue"], clock) as catalogue,
        open_channel(targets["accounts"], clock) as accounts,
    ):
        house = DemoHouse(catalogue, accounts, clock=clock, ids=ids, label=_DEMO_LABEL)
        on_sale = await house.open_sale(demo_plan(), SaleTerms())
    demo = DemoPerformance(on_sale.house_id, on_sale.performance.performance_id)
    path.write_bytes(msgspec.json.encode(demo))
    return demo


def addresses(record: StackRecord, data: Path, demo: DemoPerformance) -> Table:
    """What answers where."""
    table = Table(title="Balcon is up", title_justify="left")
    table.add_column("what")
    table.add_column("where", overflow="fold")
    for service, target in record.targets.items():
        table.add_row(f"{service} (gRPC)", target)
    table.add_row("pay page (sandbox)", record.pay_page)
    table.add_row("DIP platform (pretended)", record.dip)
    for service, url in record.metrics.items():
        table.add_row(f"{service} (metrics)", url)
    table.add_row("bus", record.bus)
    table.add_row("data and logs", str(data))
    table.add_row("demo house", demo.house_id)
    table.add_row("demo performance", demo.performance_id)
    return table


def demo_house_id(data: Path) -> str:
    """The house that `balcon up` set up on this folder (NoDemoHouse)."""
    path = data / "demo.json"
    if not path.exists():
        raise NoDemoHouse(folder=str(data))
    return msgspec.json.decode(path.read_bytes(), type=DemoPerformance).house_id


async def run_down(data: Path) -> None:
    """Stops what `balcon up` runs on this folder and waits for its end."""
    pid = await stop_stack(DataFolder(data), _STOP_SECONDS)
    ERR.print(f"stopped (process {pid})")

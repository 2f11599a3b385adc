"""`balcon demo`: the whole stack, a real hall, thousands of buyers in a burst, an audit. Says whether all holds."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from balcon.inventory.v1.cluster_service_pb2 import DescribeClusterRequest
from balcon.inventory.v1.cluster_service_pb2_grpc import ClusterServiceStub
from balcon.inventory.v1.inventory_service_pb2 import GetSeatMapRequest, PerformanceKey
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from rich.markup import escape

from services.console.audit.verdict import Verdict, audit, broken_rows
from services.console.audit.verdict import as_table as audit_table
from services.console.sale.contingents import (
    RETURN_AT_SHARE,
    ContingentFigures,
    DemoContingents,
    contingents_table,
)
from services.console.sale.crowd import Crowd
from services.console.sale.crowd_process import Assignment
from services.console.sale.demo_house import DemoHouse, OnSale, SaleTerms, demo_plan
from services.console.sale.display import SaleDisplay
from services.console.sale.hall import Place
from services.console.sale.platform import DemoPlatform, PlatformFigures, platform_table
from services.console.sale.promoter import DemoPromoter, PromoterFigures
from services.console.sale.quiescence import wait_until_quiet
from services.console.sale.scoreboard import SaleRun, Scoreboard, as_table, score, sold_seats, unresolved_orders
from services.console.sale.script import Pace, write_script
from services.console.sale.tally import Progress, Tally
from services.console.sale.victim import Victim
from services.console.stack.data_folder import DataFolder, StackRecord, make_temp_folder, remove_temp_folder
from services.console.stack.local_stack import LocalStack, StackOptions
from services.console.terminal import ERR, OUT
from services.runtime.clock import Clock, SystemClock
from services.runtime.ids import Ids, RandomIds
from services.runtime.rpc.client import open_channel

QUIET_SECONDS = 40.0
# Times that the quiet may turn out to have been a pause.
_FURTHER_AUDITS = 4
# Buyers at the seat map, and buyers at the check-out, at a time: an on-sale is a queue, and a longer one inside the
# services only adds waiting.
_CHOOSING = 24
_ORDERING = 32
_CONNECTIONS = 4
# Of the provider's answers and webhooks, in a sale with chaos.
_CHAOS_SHARE = 0.2
# The kill falls in the middle of the sale: when so much of what will be sold is sold.
_KILL_AT_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Tempo:
    """The windows of a demo sale: people's minutes are seconds here, so that every straggler ends within one."""

    pace: Pace
    hold_ttl_seconds: int
    hold_grace_seconds: int
    payment_window_seconds: int
    # Later than the payment window: this money comes when the order is given up already.
    pay_late_seconds: int
    stall_seconds: int
    # A payment no webhook tells of is asked about after this.
    ask_after_seconds: int
    # How long an order waits for a process that died with it.
    lease_seconds: int = 12

    def tuning(self) -> dict[str, str]:
        """The services' settings."""
        return {
            "BALCON_INVENTORY_HOLD_GRACE_SECONDS": str(self.hold_grace_seconds),
            "BALCON_ORDERS_HOLD_GRACE_SECONDS": str(self.hold_grace_seconds),
            "BALCON_ORDERS_LEASE_SECONDS": str(self.lease_seconds),
            "BALCON_ORDERS_PAYMENT_WINDOW_SECONDS": str(self.payment_window_seconds),
            "BALCON_PAYMENTS_PENDING_SECONDS": str(self.ask_after_seconds),
            "BALCON_SANDBOX_PAY_LATE_SECONDS": str(self.pay_late_seconds),
            "BALCON_SANDBOX_STALL_SECONDS": str(self.stall_seconds),
        }


def misbehaving_provider(seed: int) -> dict[str, str]:
    """The settings of a provider on its worst day. A lost webhook is found by the list; minutes are seconds here."""
    return {
        "BALCON_SANDBOX_CHAOS": str(_CHAOS_SHARE),
        "BALCON_SANDBOX_SEED": str(seed),
        "BALCON_PAYMENTS_LISTING_INTERVAL_SECONDS": "2",
    }


NORMAL = Tempo(Pace(), 8, 1, 5, 7, 3, 2)
# For tests: the same stories in a third of the time.
FAST = Tempo(Pace(1.0, 4.0, 9.0), 5, 1, 5, 6, 2, 1, 6)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line asked for. `data` None takes a temporary folder, removed afterwards unless `keep`."""

    buyers: int
    seed: int
    plan: bytes | None = None
    json_path: Path | None = None
    kill: Victim | None = None
    data: Path | None = None
    keep: bool = False
    bus_url: str = ""
    bus: str = ""
    load_processes: int = 1
    nodes: int = 1
    contingents: bool = False
    # Where the promoter's report of the sale goes; None: into the temporary folder of the machine.
    report: Path | None = None
    provider_chaos: bool = False
    tempo: Tempo = NORMAL

    def tuning(self) -> dict[str, str]:
        """The services' settings."""
        return self.tempo.tuning() | (misbehaving_provider(self.seed) if self.provider_chaos else {})


async def run_demo(options: DemoOptions) -> bool:
    """Prints the figures and the audit; whether everything holds."""
    clock, ids = SystemClock(), RandomIds()
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    path = options.data or make_temp_folder(ids)
    try:
        with DataFolder(path) as folder:
            return await _run(options, folder, clock, ids)
    finally:
        if options.data is None and not options.keep:
            remove_temp_folder(path)
        else:
            ERR.print(f"data and logs: {path}", highlight=False)


async def _run(options: DemoOptions, folder: DataFolder, clock: Clock, ids: Ids) -> bool:
    started = clock.monotonic()
    stack_options = StackOptions(
        options.bus_url, options.tuning(), options.nodes, options.bus, integrations=("podiumkunst",)
    )

    def progress(step: str) -> None:
        ERR.print(f"[dim]{clock.monotonic() - started:5.1f} s  {step}[/]", highlight=False)

    async with LocalStack(folder, stack_options, clock=clock, ids=ids, progress=progress) as stack:
        progress("opening the sale")
        targets = stack.record.targets
        async with (
            open_channel(targets["catalogue"], clock) as catalogue,
            open_channel(targets["accounts"], clock) as accounts,
            open_channel(targets["inventory"], clock) as inventory,
            open_channel(targets["reporting"], clock) as reporting,
            open_channel(targets["podiumkunst"], clock) as podiumkunst,
        ):
            house = DemoHouse(catalogue, accounts, clock=clock, ids=ids, label="demo")
            terms = SaleTerms(hold_ttl_seconds=options.tempo.hold_ttl_seconds)
            contingents = DemoContingents(catalogue, inventory, house) if options.contingents else None
            before = None if contingents is None else contingents.hand_out
            on_sale = await house.open_sale(options.plan or demo_plan(), terms, before)
            if contingents is not None:
                await contingents.wait_until_open(clock)
            progress(f"{options.buyers:,} buyers for {len(on_sale.plan.seats):,} seats")
            if options.provider_chaos:
                progress(f"the provider misbehaves in {_CHAOS_SHARE:.0%} of all it does; seed {options.seed}")
            promoter = DemoPromoter(accounts, reporting, house, folder.path, clock)
            platform = DemoPlatform(podiumkunst, stack.record.dip, house, clock)
            sale = DemoSale(options, stack, on_sale, clock, Outsiders(promoter, platform), contingents)
            board, rows = await stack.while_whole(sale.run(clock.monotonic() - started, progress))
    if options.json_path is not None:
        options.json_path.write_bytes(msgspec.json.format(msgspec.json.encode(board), indent=2) + b"\n")
    for row in [*rows, *board.error_samples]:
        ERR.print(f"[red]{escape(row)}[/]", highlight=False)
    OUT.print("[green]everything holds[/]" if board.ok else "[red]something does not hold[/]")
    return board.ok


@dataclass(frozen=True, slots=True)
class Outsiders:
    """Who are told of the sale at its end, and may not be told another one."""

    promoter: DemoPromoter
    platform: DemoPlatform


class DemoSale:
    """One sale on a running stack."""

    def __init__(
        self,
        options: DemoOptions,
        stack: LocalStack,
        on_sale: OnSale,
        clock: Clock,
        outsiders: Outsiders,
        contingents: DemoContingents | None = None,
    ) -> None:
        self._options = options
        self._stack = stack
        self._on_sale = on_sale
        self._clock = clock
        self._outsiders = outsiders
        self._contingents = contingents
        self._returning: asyncio.Task[None] | None = None
        # The process, by its name in the stack.
        self._killed = ""
        self._owner = Victim.INVENTORY.value
        wanted = sum(write_script(options.seed, buyer, options.tempo.pace).size for buyer in range(options.buyers))
        self._kill_at = max(1, int(_KILL_AT_SHARE * min(len(on_sale.plan.seats), wanted)))

    async def run(self, setup_seconds: float, progress: Callable[[str], None]) -> tuple[Scoreboard, list[str]]:
        """The burst, the quiet after it, the audit; the figures and the rows that break an invariant."""
        record = self._stack.record
        seats = len(self._on_sale.plan.seats)
        with SaleDisplay(ERR, self._clock, buyers=self._options.buyers, seats=seats) as display:

            def watch(latest: Progress) -> None:
                display.show(latest)
                self._kill_when_due(latest)
                self._return_when_due(latest)

            await self._find_owner(record.targets["inventory"])
            async with Crowd(
                assignments(self._options, record, self._on_sale, self._stack.service_key), watch
            ) as crowd:
                opened = self._clock.monotonic()
                tally = await crowd.run()
        figures = await self._settle_contingents()
        progress("the last buyer has left; waiting until nothing is in flight")
        quiet = await self._quiet()
        seconds = self._clock.monotonic() - opened
        progress("auditing")
        quiet, verdict, told, platform = await self._audited(
            quiet, 0 if figures is None else figures.reported_to_platform
        )
        self._count_missed_kill(tally)
        run = SaleRun(
            seats=seats,
            buyers=self._options.buyers,
            seed=self._options.seed,
            seconds=seconds,
            setup_seconds=setup_seconds,
            killed=self._killed,
            restarts=self._stack.restarts,
            went_quiet=quiet,
            contingents=figures,
            promoter=told,
            platform=platform,
        )
        board = score(tally, verdict, run)
        OUT.print(as_table(board))
        if figures is not None:
            OUT.print(contingents_table(figures))
        OUT.print(audit_table(verdict))
        OUT.print(platform_table(platform))
        return board, broken_rows(verdict)

    def _count_missed_kill(self, tally: Tally) -> None:
        victim = self._options.kill
        if victim is not None and not self._killed:
            tally.failed(f"{victim.value} was not killed: the sale was over before {self._kill_at} tickets were sold")

    async def _quiet(self) -> bool:
        performance_id = self._on_sale.performance.performance_id
        return await wait_until_quiet(self._stack.record, performance_id, self._clock, QUIET_SECONDS)

    async def _audited(self, quiet: bool, by_offices: int) -> tuple[bool, Verdict, PromoterFigures, PlatformFigures]:
        """The audit and what others are told, of one and the same sale; and whether all was quiet before.

        `by_offices`: tickets that the platform is told of beside ours.
        """
        path = report_path(self._options, self._stack.record)
        left = _FURTHER_AUDITS
        while True:
            verdict = await audit(self._stack.record.targets, self._clock)
            told = await self._outsiders.promoter.report(self._on_sale, path)
            platform = await self._outsiders.platform.report(self._on_sale)
            is_same = told.tickets == sold_seats(verdict) == platform.tickets - by_offices
            is_settled = is_same and not unresolved_orders(verdict)
            if not quiet or is_settled or not left:
                return quiet, verdict, told, platform
            left -= 1
            # A payment that came late of its own accord has woken an order up again, or has sold something between the
            # audit and the promoter's question: its end is awaited too.
            quiet = await self._quiet()

    async def _find_owner(self, target: str) -> None:
        """Of several inventory nodes the one to kill is the owner: asking for the seat map makes one."""
        async with open_channel(target, self._clock) as channel:
            key = PerformanceKey(
                house_id=self._on_sale.house_id, performance_id=self._on_sale.performance.performance_id
            )
            await InventoryServiceStub(channel).GetSeatMap(GetSeatMapRequest(key=key))
            described = await ClusterServiceStub(channel).DescribeCluster(DescribeClusterRequest())
        for owned in described.ownerships:
            process = self._stack.process_at(owned.endpoint)
            if owned.performance_id == self._on_sale.performance.performance_id and process is not None:
                self._owner = process.name

    def _return_when_due(self, latest: Progress) -> None:
        """In the middle of the sale, so that buyers take what comes back."""
        due = RETURN_AT_SHARE * len(self._on_sale.plan.seats)
        if self._contingents is not None and self._returning is None and latest.tickets >= due:
            self._returning = asyncio.create_task(self._contingents.return_on_the_day())

    async def _settle_contingents(self) -> ContingentFigures | None:
        if self._contingents is None:
            return None
        if self._returning is not None:
            await self._returning
        return await self._contingents.settle()

    def _kill_when_due(self, latest: Progress) -> None:
        victim = self._options.kill
        if victim is None or self._killed or latest.tickets < self._kill_at:
            return
        name = self._owner if victim is Victim.INVENTORY else victim.value
        if self._stack.process(name).kill() is not None:
            self._killed = name
        ERR.print(f"[yellow]killed {name} at {latest.tickets} tickets[/]", highlight=False)


def report_path(options: DemoOptions, record: StackRecord) -> Path:
    """A name that no other demo has; the file stays when the data folder goes."""
    return options.report or Path(tempfile.gettempdir()) / f"balcon-demo-{record.pid}.pdf"


def assignments(options: DemoOptions, record: StackRecord, on_sale: OnSale, service_key: str) -> list[Assignment]:
    """The buyers, dealt to the load processes."""
    places = [Place(seat.seat_id, seat.zone, seat.row, seat.x, seat.y) for seat in on_sale.plan.seats]
    return [
        Assignment(
            seed=options.seed,
            buyers=options.buyers,
            first=number,
            step=options.load_processes,
            pace=options.tempo.pace,
            choosing=max(1, _CHOOSING // options.load_processes),
            ordering=max(1, _ORDERING // options.load_processes),
            connections=_CONNECTIONS,
            inventory_target=record.targets["inventory"],
            orders_target=record.targets["orders"],
            house_id=on_sale.house_id,
            performance_id=on_sale.performance.performance_id,
            plan_version=on_sale.performance.plan_version,
            places=places,
            service_key=service_key,
        )
        for number in range(options.load_processes)
    ]

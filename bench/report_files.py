"""What files of reports cost: every ticket of 10,000 to 300,000, as Excel, CSV and PDF; seconds, memory, the loop.

`python -m bench.report_files` prints the figures. It starts no server and writes nothing that stays.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import uvloop

from services.contracts.channels import Channel
from services.paper.house_style import HouseStyle
from services.reporting.domain.report_kinds import FileFormat, ReportKind
from services.reporting.handlers.report_files import ReportFileMaker
from services.reporting.handlers.report_making import ReportMaker
from services.reporting.ports.figures import (
    AllotmentFigures,
    Dimension,
    FunnelStepCount,
    Movement,
    Narrowing,
    PerformanceFigures,
    Sight,
    SumRow,
    Sums,
)
from services.reporting.ports.grants import GrantedHouse
from services.reporting.ports.report_files import ReportFile, ReportQuestion
from services.runtime.clock import SystemClock

# In this order: the largest process so far is what the system tells of those that have ended.
RUNS: Final = (
    (FileFormat.CSV, 100_000),
    (FileFormat.EXCEL, 10_000),
    (FileFormat.EXCEL, 100_000),
    (FileFormat.EXCEL, 300_000),
    (FileFormat.PDF, 2_000),
    (FileFormat.PDF, 20_000),
)
_HOUSE: Final = "hse_1"
_START_MS: Final = 1_790_848_800_000
_PAGE_BYTES: Final = 4_096
_LOOK_SECONDS: Final = 0.005


class _Sold:
    """Figures of one performance with so many tickets, each made as it is asked for."""

    def __init__(self, tickets: int) -> None:
        self._tickets = tickets

    async def zone_of(self, house_id: str) -> str:
        return "Europe/Amsterdam"

    async def sums(self, sight: Sight, narrowing: Narrowing, by: Sequence[Dimension]) -> Sequence[SumRow]:
        sums = Sums(self._tickets, 0, 2_450 * self._tickets, 0, 215 * self._tickets, 0)
        return [SumRow(tuple("prf_1" for _ in by), "EUR", sums)]

    async def performances(self, sight: Sight, narrowing: Narrowing) -> Sequence[PerformanceFigures]:
        return [
            PerformanceFigures(
                _HOUSE, "prf_1", "prd_1", "De Kersentuin", "hal_1", _START_MS, "EUR", self._tickets, 0, 0, 0, 0, 0, 0,
                is_cancelled=False,
            )
        ]  # fmt: skip

    async def movements(self, sight: Sight, narrowing: Narrowing) -> AsyncIterator[Movement]:
        for number in range(self._tickets):
            yield Movement(
                performance_id="prf_1", order_id=f"ord_{number // 3:026d}", seat_id=f"P-{number // 40}-{number % 40}",
                tickets=1, category=("Rang 1", "Rang 2", "Balkon")[number % 3], kind="normal", ticket_type="normal",
                channel=Channel.ONLINE, amount_minor=2_450, vat_minor=215, discount_minor=0, currency="EUR",
                discount_id="", office_id="", seller_kind="STAFF", seller=f"psn_{number % 7:026d}",
                customer_id=f"cus_{number // 3:026d}", at_ms=_START_MS - number * 60_000,
            )  # fmt: skip
            # As often as a cursor of the database brings rows.
            if not number % 1_000:
                await asyncio.sleep(0)

    async def funnel(self, sight: Sight, narrowing: Narrowing) -> Sequence[FunnelStepCount]:
        return []

    async def allotments(self, sight: Sight, narrowing: Narrowing) -> Sequence[AllotmentFigures]:
        return []


class _Plain:
    """Names and styles of nobody in particular."""

    async def halls(self, house_id: str) -> Mapping[str, str]:
        return {}

    async def offices(self, house_id: str) -> Mapping[str, str]:
        return {}

    async def name(self, house_id: str) -> str:
        return "Schouwburg De Kring"

    async def style(self, house_id: str, language: str) -> HouseStyle:
        return HouseStyle("Schouwburg De Kring", language, "Europe/Amsterdam", "EUR")


class _Loop:
    """How long the event loop was kept from its other work, at worst."""

    def __init__(self) -> None:
        self.worst_ms = 0.0

    async def watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_LOOK_SECONDS)
            self.worst_ms = max(self.worst_ms, (time.perf_counter() - before - _LOOK_SECONDS) * 1_000)


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES / 1e6


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def _measure(form: FileFormat, tickets: int) -> None:
    figures, plain, clock = _Sold(tickets), _Plain(), SystemClock()
    files = ReportFileMaker(ReportMaker(figures, plain, clock), figures, plain, clock)
    house = GrantedHouse(_HOUSE, "kring", "Schouwburg De Kring", Sight(_HOUSE, whole_house=True))
    cpu, loop, before_mb, started = _children_cpu(), _Loop(), _resident_mb(), time.perf_counter()
    watching = asyncio.create_task(loop.watch())
    async with files.made(ReportQuestion(ReportKind.MOVEMENTS, "nl"), [house], form, for_promoter=False) as file:
        assert isinstance(file, ReportFile), "no run is longer than its format takes"
        seconds, size = time.perf_counter() - started, file.size_bytes
    watching.cancel()
    cpu = _children_cpu() - cpu
    child_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1_024 / 1e6
    service_mb = f"{before_mb:.0f} -> {_resident_mb():.0f} MB"
    print(
        f"{form.value:<6} {tickets:>8,} rows {seconds:6.1f} s ({cpu:5.1f} of CPU) {size / 1e6:6.1f} MB   "
        f"largest process {child_mb:4.0f} MB   service {service_mb}   loop held {loop.worst_ms:4.0f} ms",
        flush=True,
    )


async def main() -> None:
    """Measures and prints."""
    for form, tickets in RUNS:
        await _measure(form, tickets)


if __name__ == "__main__":
    uvloop.run(main())

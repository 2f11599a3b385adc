"""`make bench`: one run on one machine, ratios first. Writes a table, JSON and a chart to bench/results/."""

from __future__ import annotations

import sys

import uvloop

from bench.report import Report
from bench.runs import run_all


async def main(quick: bool) -> None:
    """Measures and reports."""
    report = Report()
    await run_all(report, quick=quick)
    report.write()


if __name__ == "__main__":
    uvloop.run(main("--quick" in sys.argv[1:]))

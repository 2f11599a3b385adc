"""`make bench`: one run on one machine, ratios first. Writes a table, JSON and a chart to bench/results/.

`--quick` measures only what the main ratios need. `--overload` measures only overload, `--access` only what access
costs, `--contingents` only what those cost; these write nothing.
"""

from __future__ import annotations

import json
import sys

import uvloop

from bench.report import Report
from bench.runs import access_runs, contingent_runs, overload_runs, run_all


async def main(options: list[str]) -> None:
    """Measures and reports."""
    report = Report()
    if "--access" in options:
        await access_runs(report)
        report.show()
        print(json.dumps(report.details, indent=2))
    elif "--contingents" in options:
        await contingent_runs(report)
        report.show()
        print(json.dumps(report.details, indent=2))
    elif "--overload" in options:
        await overload_runs(report)
        report.show()
        print(json.dumps(report.details, indent=2))
    else:
        await run_all(report, quick="--quick" in options)
        report.write()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))

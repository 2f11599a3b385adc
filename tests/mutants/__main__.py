"""`python -m tests.mutants`: removes every guard in turn, prints who noticed, writes bench/results/mutants.md."""

from __future__ import annotations

import sys
from pathlib import Path

from services.runtime.clock import SystemClock
from tests.mutants.guards import GUARDS, NEGATIVE_CONTROLS

TABLE = Path(__file__).parents[2] / "bench" / "results" / "mutants.md"
FINDING_CHARACTERS = 110
INTRODUCTION = """# Mutants

Written by `python -m tests.mutants`. Each guard is removed by a patch of the running code; the simulation is run seed
by seed until its auditors notice. `make test` does the same and fails if one survives its budget (RULE 36).

| mutant | guard that it removes | noticed by | after seeds | budget | seconds | first finding |
|---|---|---|---|---|---|---|
"""


def main() -> int:
    """1 when a mutant survives."""
    clock = SystemClock()
    rows, survivors = [], 0
    for guard in GUARDS:
        started = clock.monotonic()
        catch = guard.hunt(guard.mutant, range(guard.budget))
        seconds = clock.monotonic() - started
        survivors += catch is None
        after = str(catch.seeds) if catch else "SURVIVED"
        finding = catch.finding.replace("|", "/").replace("\n", " ")[:FINDING_CHARACTERS] if catch else ""
        sys.stdout.write(f"{guard.name:32} {after:>9} seeds {seconds:6.1f} s  {finding}\n")
        sys.stdout.flush()
        rows.append(
            f"| `{guard.name}` | {guard.what} | {guard.noticed_by} | {after} | {guard.budget} | {seconds:.1f} "
            f"| {finding} |"
        )
    rows += [
        f"| (negative control) | {what} | `{path}::{claim}...` | | | | |" for what, path, claim in NEGATIVE_CONTROLS
    ]
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(INTRODUCTION + "\n".join(rows) + "\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())

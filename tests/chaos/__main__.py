"""`python -m tests.chaos --minutes 3`: a storm on the inventory's nodes or on a whole stack, or one way to lose a node.

Exit status: 0 all held, 1 something was wrong, 3 the run is void because the faults did not bite.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from services.runtime.clock import SystemClock
from services.runtime.embedded.data_folder import let_others_pass, reachable_temp_folder, unprivileged_account
from services.runtime.ids import RandomIds
from tests.chaos.faults import KINDS
from tests.chaos.handovers import SCENARIOS, measure
from tests.chaos.storm import Outcome, Storm, run_storm
from tests.chaos.whole_storm import WholeStorm, run_whole_storm

# From so many minutes on a run has time for every kind of fault.
MINUTES_FOR_ALL = 3.0
SHOWN = 10
VOID = 3
console = Console(highlight=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--scenario", choices=["storm", *SCENARIOS], default="storm", help="what to do")
    parser.add_argument("--stack", choices=["inventory", "whole"], default="inventory", help="what the storm is on")
    parser.add_argument(
        "--stores", choices=["one", "sentinel", "cluster"], default="sentinel", help="the nodes' store of holds"
    )
    parser.add_argument("--bus", choices=["postgres", "kafka"], default=None, help="of a whole stack")
    parser.add_argument("--minutes", type=float, default=3.0, help="how long faults come")
    parser.add_argument("--seed", type=int, default=None, help="replays a schedule")
    parser.add_argument("--kinds", default="", help="only these faults, with commas")
    parser.add_argument("--history", type=Path, help="writes every operation and fault as JSON lines")
    parser.add_argument("--json", type=Path, help="writes the figures")
    parser.add_argument("--keep", action="store_true", help="keeps the folder with the nodes' logs and the data")
    return parser.parse_args()


def _figures(storm: Storm, outcome: Outcome) -> dict[str, Any]:
    coverage = outcome.coverage
    return {
        "seed": storm.seed,
        "seconds": round(outcome.history.now(), 1),
        **{name: getattr(coverage, name) for name in coverage.__dataclass_fields__ if name != "faults"},
        "faults": dict(coverage.faults),
        "seats": outcome.findings.seats,
        "seat_operations": outcome.findings.seat_operations,
        "longest_seat_history": outcome.findings.longest_seat_history,
        "undecided_seats": outcome.findings.undecided,
        "pairs": outcome.findings.pairs,
        "undecided_pairs": outcome.findings.undecided_pairs,
        "serving_again_seconds": round(outcome.serving_again_seconds, 2),
        "wrong": outcome.findings.wrong,
    }


def _write(path: Path | None, figures: dict[str, Any]) -> None:
    if path is not None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))


def _show(figures: dict[str, Any]) -> None:
    table = Table("what", "how much")
    for name, value in figures.items():
        if name not in {"wrong", "faults"}:
            table.add_row(name.replace("_", " "), f"{value:.1f}" if isinstance(value, float) else str(value))
    if "faults" in figures:
        table.add_row("faults", ", ".join(f"{kind} {count}" for kind, count in sorted(figures["faults"].items())))
    console.print(table)


def _tell(line: str) -> None:
    console.print(line, soft_wrap=True)


Result = TypeVar("Result")


async def _in_folder(run: Callable[[Path], Awaitable[Result]], *, keeps_folder: bool) -> Result:
    """Runs it on a new folder that Postgres can reach."""
    account = unprivileged_account()
    folder = Path(tempfile.mkdtemp(prefix="balcon-chaos-", dir=reachable_temp_folder(account)))
    let_others_pass(folder)
    try:
        return await run(folder)
    finally:
        if keeps_folder:
            console.print(f"logs and data: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """See the module."""
    arguments = _arguments()
    if arguments.scenario != "storm":
        return _run_scenario(arguments)
    seed = arguments.seed if arguments.seed is not None else abs(hash(RandomIds().new_secret())) % 1_000_000
    console.print(f"seed {seed}: --seed {seed} replays the schedule")
    return _run_whole(arguments, seed) if arguments.stack == "whole" else _run_storm(arguments, seed)


def _conclude(wrong: list[str], void: list[str], seed: int) -> int:
    if wrong:
        for line in wrong[:SHOWN]:
            console.print(f"WRONG: {line}")
        console.print(f"{len(wrong)} findings; seed {seed}")
        return 1
    if void:
        console.print("VOID: " + "; ".join(void))
        return VOID
    console.print("everything held")
    return 0


def _run_whole(arguments: argparse.Namespace, seed: int) -> int:
    # Where tests have a real broker, so has the storm: one of its own, which it may kill.
    bus = arguments.bus or ("kafka" if os.environ.get("BALCON_TEST_KAFKA") else "postgres")
    kinds = tuple(filter(None, arguments.kinds.split(",")))
    storm = WholeStorm(seed, arguments.minutes * 60, kinds, with_kafka=bus == "kafka")
    outcome = uvloop.run(
        _in_folder(
            lambda folder: run_whole_storm(storm, SystemClock(), RandomIds(), folder, _tell),
            keeps_folder=arguments.keep,
        )
    )
    figures: dict[str, Any] = {"seed": seed, "bus": bus, **msgspec.to_builtins(outcome)}
    _show({name: value for name, value in figures.items() if name != "void"})
    _write(arguments.json, figures)
    return _conclude(outcome.wrong, outcome.void, seed)


def _run_scenario(arguments: argparse.Namespace) -> int:
    name: str = arguments.scenario
    waits = uvloop.run(
        _in_folder(lambda folder: measure(name, SystemClock(), folder, _tell), keeps_folder=arguments.keep)
    )
    figures: dict[str, Any] = {"scenario": name, **waits.figures()}
    _show(figures)
    _write(arguments.json, figures)
    return 1 if waits.failed else 0


def _run_storm(arguments: argparse.Namespace, seed: int) -> int:
    kinds = tuple(arguments.kinds.split(",")) if arguments.kinds else KINDS[arguments.stores]
    storm = Storm(seed, arguments.minutes * 60, kinds, stores=arguments.stores)
    outcome = uvloop.run(
        _in_folder(lambda folder: run_storm(storm, SystemClock(), folder, _tell), keeps_folder=arguments.keep)
    )
    figures = _figures(storm, outcome)
    _show(figures)
    if arguments.history:
        outcome.history.write(arguments.history)
    _write(arguments.json, figures)
    missing = outcome.coverage.missing(kinds, has_time=arguments.minutes >= MINUTES_FOR_ALL)
    return _conclude(outcome.findings.wrong, missing, seed)


if __name__ == "__main__":
    sys.exit(main())

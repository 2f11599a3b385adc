"""`make sim SEEDS=n [SEED=n]`: worlds by the hundred, or one again. Ends with 1 when a seed found something."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from services.runtime.clock import SystemClock
from tests.simulation.stage.coverage import missing
from tests.simulation.stage.world import Outcome, run_seed

MAX_SEEDS = 1_000_000
COVERAGE_SEEDS = 200


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _tell(outcome: Outcome) -> None:
    _say(f"seed {outcome.seed}: {len(outcome.findings)} findings; again with: make sim SEED={outcome.seed}")
    for finding in outcome.findings[:20]:
        _say(f"  {finding}")


def main() -> int:
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(prog="make sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=COVERAGE_SEEDS, help="how many, from --first on")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=None, help="only this one, twice, with all its counters")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _one(asked.seed)
    if not 1 <= asked.seeds <= MAX_SEEDS:
        parser.error(f"--seeds {asked.seeds} is not 1 to {MAX_SEEDS}")
    return _many(range(asked.first, asked.first + asked.seeds))


def _one(seed: int) -> int:
    first, second = run_seed(seed), run_seed(seed)
    for name, count in sorted(first.met.items()):
        _say(f"  {name}: {count}")
    _tell(first)
    same = first.trace_hash == second.trace_hash
    _say(f"trace {first.trace_hash}, {'the same' if same else f'but {second.trace_hash}'} the second time")
    return 1 if first.findings or not same else 0


def _many(seeds: range) -> int:
    clock = SystemClock()
    started = clock.monotonic()
    met: Counter[str] = Counter()
    bad = 0
    for seed in seeds:
        outcome = run_seed(seed)
        met.update(outcome.met)
        if outcome.findings:
            bad += 1
            _tell(outcome)
        if (seed - seeds.start + 1) % 100 == 0:
            _say(f"{seed - seeds.start + 1} seeds, {clock.monotonic() - started:.0f} s, {bad} with findings")
    for name, count in sorted(met.items()):
        _say(f"  {name}: {count}")
    unmet = missing(met) if len(seeds) >= COVERAGE_SEEDS else []
    for line in unmet:
        _say(f"never met: {line}")
    _say(f"{len(seeds)} seeds from {seeds.start}, {clock.monotonic() - started:.0f} s, {bad} with findings")
    return 1 if bad or unmet else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Runs every static check and says which failed; `make check`. It changes nothing.

With --before-tests every test is found too, and so compiled once: else each process of pytest would do it again."""

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from services.runtime.clock import SystemClock

CLOCK = SystemClock()
ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
WORKERS = 2
# What clients of the last release were built on; `make release-protos` writes it anew.
RELEASED = "protos/released.binpb"


@dataclass(frozen=True, slots=True)
class Check:
    """One command, run in the repository's root."""

    name: str
    command: Sequence[str]


@dataclass(frozen=True, slots=True)
class Result:
    """How a check ended; `output` is standard output and error together."""

    check: Check
    passed: bool
    seconds: float
    output: str


def checks(*, before_tests: bool = False) -> list[Check]:
    """The slowest first, so that the short ones fill the second worker."""
    python = sys.executable
    found = Check("tests found", [python, "-m", "pytest", "--collect-only", "--quiet", "--no-header", "--no-summary"])
    return [
        Check("types", [str(BIN / "mypy")]),
        *([found] if before_tests else []),
        Check("import contracts", [str(BIN / "lint-imports"), "--no-cache"]),
        Check("generated code fresh", [python, "-m", "tools.check_generated"]),
        Check("protos", [str(BIN / "buf"), "lint"]),
        Check("protos keep their word", [str(BIN / "buf"), "breaking", "--against", RELEASED]),
        Check("generated pages fresh", [python, "-m", "tools.generate_docs", "--check"]),
        Check("format", [str(BIN / "ruff"), "format", "--check", "."]),
        Check("lint", [str(BIN / "ruff"), "check", "."]),
        Check("locks", [python, "-m", "tools.check_locks"]),
    ]


def run(check: Check) -> Result:
    """A missing tool is a failed check, not a crash of the others."""
    started = CLOCK.monotonic()
    try:
        done = subprocess.run(
            check.command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        )
    except OSError as error:
        return Result(check, False, CLOCK.monotonic() - started, str(error))
    return Result(check, done.returncode == 0, CLOCK.monotonic() - started, done.stdout)


def main() -> int:
    """Exit status 0 if every check passed, else 1."""
    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(run, checks(before_tests="--before-tests" in sys.argv[1:])))
    for result in results:
        if not result.passed:
            print(f"--- {result.check.name}: {' '.join(result.check.command)}\n{result.output}")
    for result in results:
        print(f"{'ok  ' if result.passed else 'FAIL'} {result.check.name} ({result.seconds:.1f} s)")
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())

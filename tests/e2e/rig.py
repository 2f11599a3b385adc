"""Runs `balcon` as people run it: another process, its output read, its end awaited."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

ROOT = Path(__file__).parents[2]
SMALL_PLAN = ROOT / "services/catalogue/plans/schouwburg-grote-zaal.json"


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "services.console.main", *arguments]


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "protos/gen")])
    return {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "160"}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int
    output: str
    errors: str

    @property
    def told(self) -> str:
        """Everything it said, for the message of a failed assertion."""
        return f"status {self.status}\n{self.output}\n{self.errors}"


def balcon(*arguments: str, timeout_seconds: float = 110.0) -> Ended:
    """Runs a command to its end."""
    done = subprocess.run(
        _command(arguments),
        env=_environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def demo(folder: Path, *arguments: str) -> tuple[Ended, dict[str, Any]]:
    """A small, fast demo sale; how it ended and its JSON."""
    figures = folder / "figures.json"
    ended = balcon("demo", "--fast", "--plan", str(SMALL_PLAN), "--json", str(figures), *arguments)
    read = msgspec.json.decode(figures.read_bytes(), type=dict[str, Any]) if figures.exists() else {}
    return ended, read


class Up:
    """`with Up(data) as up:` `balcon up` runs on the folder; `up.told` is its JSON."""

    def __init__(self, data: Path) -> None:
        self._process = subprocess.Popen(
            _command(["up", "--json", "--data", str(data)]),
            env=_environment(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.told: dict[str, Any] = {}

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.rstrip() == "}":
                break
        self.told = msgspec.json.decode("".join(lines), type=dict[str, Any])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self.wait()

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        self._process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Its end; the exit status."""
        status = self._process.wait(60)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return status

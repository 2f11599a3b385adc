"""Runs `balcon` as people run it: another process, its output read, its end awaited."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
import msgspec

from services.console.stack.credentials import find_service_key
from services.runtime.access.keys import private_key
from services.runtime.access.own_token import OwnToken
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.testing import eventually_sync

ROOT = Path(__file__).parents[2]
SMALL_PLAN = ROOT / "services/catalogue/plans/schouwburg-grote-zaal.json"
# Bounds of what never ends; no test claims that anything takes less.
COMMAND_SECONDS = 420.0
STOP_SECONDS = 120.0


def own_command(*arguments: str) -> list[str]:
    """`balcon` of this checkout, with these arguments."""
    return [sys.executable, "-m", "services.console.main", *arguments]


def environment() -> dict[str, str]:
    """What `balcon` of this checkout needs, and the caller's own."""
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


def balcon(*arguments: str, env: Mapping[str, str] | None = None, timeout_seconds: float = COMMAND_SECONDS) -> Ended:
    """Runs a command to its end."""
    done = subprocess.run(
        own_command(*arguments),
        env=env or environment(),
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
    files = "--json", str(figures), "--report", str(report_of(folder))
    ended = balcon("demo", "--fast", "--plan", str(SMALL_PLAN), *files, *arguments)
    read = msgspec.json.decode(figures.read_bytes(), type=dict[str, Any]) if figures.exists() else {}
    return ended, read


def report_of(folder: Path) -> Path:
    """The PDF that the promoter of such a demo got."""
    return folder / "sale.pdf"


def service_of(data: Path) -> OwnToken:
    """Calls as a service of the stack on that folder: the credential."""
    return OwnToken(private_key(find_service_key(data)), "tests", SystemClock(), RandomIds())


class WithCredential(grpc.UnaryUnaryClientInterceptor):
    """Every call of the channel is a service's of the stack on that folder."""

    def __init__(self, data: Path) -> None:
        self._credential = service_of(data)

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """See grpc.UnaryUnaryClientInterceptor."""
        metadata = [*(client_call_details.metadata or ()), ("authorization", self._credential())]
        return continuation(client_call_details._replace(metadata=metadata), request)


def processes_of(data: Path) -> list[str]:
    """Commands that still run and were started for this folder, by their environment or arguments."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            traces = command + (folder / "environ").read_bytes()
        except OSError:
            continue
        if str(data).encode() in traces:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


class Up:
    """`with Up(data) as up:` `balcon up` runs on the folder; `up.told` is its JSON. All of it ends with the block."""

    def __init__(self, data: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> None:
        self._data = data
        self._arguments = arguments
        self._settings = settings or {}
        self._errors = data.with_name(f"{data.name}.errors")
        self._process: subprocess.Popen[str] | None = None
        self.told: dict[str, Any] = {}

    def __enter__(self) -> Self:
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                own_command("up", "--json", "--data", str(self._data), *self._arguments),
                env={**environment(), **self._settings},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            self.told = msgspec.json.decode(self.first_document(), type=dict[str, Any])
        except BaseException:
            # Whoever stops waiting (a test that has run out of time) leaves no stack behind.
            self._end()
            raise
        return self

    def first_document(self) -> str:
        """What it prints once everything answers."""
        assert self._process is not None and self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.rstrip() == "}":
                return "".join(lines)
        raise AssertionError(f"`balcon up` ended before it was up: {self.errors}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def errors(self) -> str:
        """What it has said to people so far."""
        return self._errors.read_text()

    def _end(self) -> None:
        """By a signal, and if that does not help by killing the console, whose guardian ends the rest."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.poll() is None:
                process.terminate()
                process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
            self._errors.unlink(missing_ok=True)
            eventually_sync(lambda: processes_of(self._data) == [], STOP_SECONDS)

    def kill(self, service: str) -> None:
        """SIGKILL, as a crash, to the service's process; it is started again."""
        assert self._process is not None
        module = f"services.{service}.main".encode()
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if module in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                    os.kill(int(child), signal.SIGKILL)
                    return
        raise AssertionError(f"{service} does not run")

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Its end; the exit status."""
        assert self._process is not None
        return self._process.wait(STOP_SECONDS)

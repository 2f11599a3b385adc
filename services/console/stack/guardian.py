"""Ends the stack's processes when the console that started them is gone, however it went. It decides nothing else.

Run as a module it reads lines "+ <pid> <signal>" and "- <pid>"; the end of its input is the console's end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from services.runtime.clock import Clock, SystemClock

_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.1


def started_at(pid: int) -> str:
    """What tells this process from a later one with its number; empty when it is gone or the system does not say."""
    try:
        # Fields 3 and 22 of proc(5), counted after the command's name, which may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


class Wards:
    """The processes to end."""

    def __init__(self) -> None:
        self._signals: dict[int, tuple[str, int]] = {}

    def take(self, line: str) -> None:
        """One line of the protocol; anything else is an error of the console's."""
        match line.split():
            case ["+", pid, number]:
                self._signals[int(pid)] = (started_at(int(pid)), int(number))
            case ["-", pid]:
                self._signals.pop(int(pid), None)
            case _:
                message = f"guardian: not understood: {line!r}"
                raise ValueError(message)

    def living(self) -> list[int]:
        """Those that still run, last started first."""
        return [pid for pid, (start, _) in reversed(self._signals.items()) if _lives(pid, start)]

    def end(self, pid: int, number: int | None = None) -> None:
        """Sends `number`, or the process's own stop signal."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, self._signals[pid][1] if number is None else number)


def _lives(pid: int, start: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return started_at(pid) == start


async def end_all(wards: Wards, clock: Clock) -> None:
    """Asks each to stop, waits, then insists."""
    for pid in wards.living():
        wards.end(pid)
    deadline = clock.monotonic() + _GRACE_SECONDS
    while wards.living() and clock.monotonic() < deadline:
        await clock.sleep(_POLL_SECONDS)
    for pid in wards.living():
        wards.end(pid, signal.SIGKILL)


class Guardian:
    """The console's end of the pipe."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Starts the guardian in a session of its own, so that Ctrl-C does not reach it."""
        command = [sys.executable, "-m", "services.console.stack.guardian"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True, bufsize=1
        )

    def watch(self, pid: int, stop_signal: int = signal.SIGTERM) -> None:
        """From now on `pid` does not outlive the console."""
        self._tell(f"+ {pid} {int(stop_signal)}")

    def forget(self, pid: int) -> None:
        """`pid` has ended."""
        self._tell(f"- {pid}")

    def _tell(self, line: str) -> None:
        assert self._process is not None and self._process.stdin is not None, "not started"
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")

    def stop(self) -> None:
        """Closes the pipe: whatever is still listed is ended. Returns when that is done."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait(_GRACE_SECONDS + 5)
            self._process = None


def main() -> None:
    """The guardian process."""
    import asyncio  # noqa: PLC0415 (this process waits in a plain read for nearly all of its life)

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wards = Wards()
    for line in sys.stdin:
        wards.take(line)
    asyncio.run(end_all(wards, SystemClock()))


if __name__ == "__main__":
    main()

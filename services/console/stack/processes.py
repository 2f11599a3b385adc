"""One service process: started, watched, started again when it dies, stopped in time. Knows no service by name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.console.stack.guardian import Guardian
from services.runtime.clock import Clock
from services.runtime.errors import Fatal

READY_SECONDS = 60.0
STOP_SECONDS = 10.0
# A process that lived this long starts its backoff anew.
_HEALTHY_SECONDS = 20.0
_FIRST_BACKOFF_SECONDS = 0.1
_LAST_BACKOFF_SECONDS = 5.0
_READY_POLL_SECONDS = 0.05
_SHOWN_LOG_LINES = 15
# Another program may have taken a port between our look and the service's bind: one death is no proof.
_TRIES_TO_START = 3
_KEPT_LOG_BYTES = 32 * 1024 * 1024


class ServiceNotReady(Fatal):
    """A service did not become ready; its log says why."""


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """What to run. `is_ready` asks the process itself and does not raise."""

    name: str
    module: str
    environment: Mapping[str, str]
    is_ready: Callable[[], Awaitable[bool]]


class SupervisedProcess:
    """Runs `python -m <module>` from start() to stop(); in between an unexpected end is answered with a new start."""

    def __init__(self, plan: ProcessPlan, logs: Path, guardian: Guardian, clock: Clock) -> None:
        self.name = plan.name
        self.restarts = 0
        self._plan = plan
        self._log_path = logs / f"{plan.name}.log"
        self._guardian = guardian
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._supervision: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Starts it; does not wait until it is ready."""
        await self._launch()
        self._supervision = asyncio.create_task(self._supervise(), name=f"supervise {self.name}")

    async def is_ready(self) -> bool:
        """Whether it answers now."""
        return await self._plan.is_ready()

    async def wait_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Returns when the process answers. ServiceNotReady when it keeps dying, or takes too long."""
        deadline = self._clock.monotonic() + timeout_seconds
        while not await self._plan.is_ready():
            if self.restarts >= _TRIES_TO_START:
                raise self._not_ready("it ends again and again")
            if self._clock.monotonic() > deadline:
                raise self._not_ready(f"not ready within {timeout_seconds:g} seconds")
            await self._clock.sleep(_READY_POLL_SECONDS)

    def kill(self) -> int | None:
        """SIGKILL, as a crash; it is started again. Returns the pid that was killed, None when it was down already."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        return pid

    async def stop(self, timeout_seconds: float = STOP_SECONDS) -> bool:
        """SIGTERM and wait, then SIGKILL; False when it came to that. Fine when it does not run."""
        if self._supervision is not None:
            self._supervision.cancel()
            await asyncio.gather(self._supervision, return_exceptions=True)
            self._supervision = None
        process, self._process = self._process, None
        if process is None:
            return True
        graceful = await self._end(process, timeout_seconds)
        self._guardian.forget(process.pid)
        return graceful

    async def _end(self, process: asyncio.subprocess.Process, timeout_seconds: float) -> bool:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(timeout_seconds):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            return False
        return True

    async def _launch(self) -> None:
        with self._open_log() as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self._plan.module,
                env=dict(self._plan.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for the console to translate.
                start_new_session=True,
            )
        self._guardian.watch(self._process.pid)

    async def _supervise(self) -> None:
        backoff_seconds = _FIRST_BACKOFF_SECONDS
        while True:
            started = self._clock.monotonic()
            assert self._process is not None
            await self._process.wait()
            self._guardian.forget(self._process.pid)
            if self._clock.monotonic() - started > _HEALTHY_SECONDS:
                backoff_seconds = _FIRST_BACKOFF_SECONDS
            await self._clock.sleep(backoff_seconds)
            backoff_seconds = min(_LAST_BACKOFF_SECONDS, backoff_seconds * 2)
            await self._launch()
            self.restarts += 1

    def _open_log(self) -> contextlib.AbstractContextManager[int]:
        if self._log_path.exists() and self._log_path.stat().st_size > _KEPT_LOG_BYTES:
            self._log_path.replace(self._log_path.with_suffix(".log.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        return _closing(os.open(self._log_path, flags, 0o600))

    def _not_ready(self, problem: str) -> ServiceNotReady:
        lines = self._log_path.read_text(errors="replace").splitlines()[-_SHOWN_LOG_LINES:]
        return ServiceNotReady(service=self.name, problem=problem, log=str(self._log_path), end_of_log="\n".join(lines))


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)

"""One child server process: its log, its start, its bounded stop. Knows no protocol and no configuration."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from services.runtime.embedded.data_folder import Account
from services.runtime.errors import Fatal

_FIRST_POLL_SECONDS = 0.01
_LAST_POLL_SECONDS = 0.5
_KEPT_LOG_BYTES = 8 * 1024 * 1024
_SHOWN_LOG_LINES = 15


class ServerNotReady(Fatal):
    """An embedded server did not become ready; its log says why."""


class ServerProcess:
    """Starts, watches and ends one server. Not thread-safe."""

    def __init__(self, name: str, log_path: Path) -> None:
        self._name = name
        self._log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None
        self._at_exit: weakref.finalize[..., ServerProcess] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, f"{self._name} is not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process was started and has not ended, by us or by anybody else."""
        return self._process is not None and self._process.poll() is None

    def launch(
        self,
        command: Sequence[str],
        *,
        account: Account | None,
        environment: Mapping[str, str],
        kept_descriptors: Sequence[int],
    ) -> None:
        """Starts `command` in a session of its own (Ctrl-C is for us to translate), as `account` when one is given."""
        assert not self.running, f"{self._name} runs already"
        with self._open_log() as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=dict(environment),
                pass_fds=tuple(kept_descriptors),
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        self._at_exit = weakref.finalize(self, _end_orphan, self._process, os.getpid())

    def wait_until(self, ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Polls `ready`; raises ServerNotReady with the end of the log when the process ends or the time is up."""
        assert self._process is not None, f"{self._name} is not started"
        deadline = time.monotonic() + timeout_seconds
        pause = _FIRST_POLL_SECONDS
        while not ready():
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(pause)
                raise self._not_ready(f"ended with code {code}")
            pause = min(pause * 1.2, _LAST_POLL_SECONDS)
            if time.monotonic() > deadline:
                problem = self._not_ready(f"no answer within {timeout_seconds:g} seconds")
                self.kill()
                raise problem

    def stop(self, stop_signal: signal.Signals, timeout_seconds: float) -> bool:
        """Asks with `stop_signal`, waits, then kills. Returns whether asking was enough; True when nothing ran."""
        if self._process is None:
            return True
        if self._process.poll() is None:
            self._process.send_signal(stop_signal)
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self._forget()
        return True

    def kill(self) -> None:
        """SIGKILL, as a crash; nothing is flushed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._forget()

    def _forget(self) -> None:
        self._process = None
        if self._at_exit is not None:
            self._at_exit.detach()

    def _not_ready(self, problem: str) -> ServerNotReady:
        lines = self._log_path.read_text(errors="replace").splitlines()[-_SHOWN_LOG_LINES:]
        return ServerNotReady(server=self._name, problem=problem, log=str(self._log_path), end_of_log="\n".join(lines))

    def _open_log(self) -> contextlib.AbstractContextManager[int]:
        if self._log_path.exists() and self._log_path.stat().st_size > _KEPT_LOG_BYTES:
            self._log_path.replace(self._log_path.with_suffix(".log.1"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        return _closing(os.open(self._log_path, flags, 0o600))


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _end_orphan(process: subprocess.Popen[bytes], owner_pid: int) -> None:
    """At interpreter exit, for servers nobody stopped. A forked child of the owner must leave them alone."""
    if os.getpid() == owner_pid and process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

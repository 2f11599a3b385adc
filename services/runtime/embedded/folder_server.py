"""A server process whose data lives in a folder that nobody else may use meanwhile. Knows no protocol."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.runtime.embedded.data_folder import Account, FolderLock
from services.runtime.embedded.ports import free_port
from services.runtime.embedded.server_process import ServerProcess

STOP_SECONDS = 30.0


class FolderServer:
    """What every embedded server has. The port, chosen once when not given, stays the same over restarts."""

    stop_signal = signal.SIGTERM

    def __init__(self, name: str, data_dir: Path, port: int | None) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self._process = ServerProcess(name, data_dir.expanduser().resolve() / f"{name}.log")

    @property
    def pid(self) -> int:
        """Process id, for tests that crash or freeze it."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server process is alive."""
        return self._process.running

    def stop(self, timeout_seconds: float = STOP_SECONDS) -> bool:
        """Asks it to end and waits; False when it had to be killed. Fine when it does not run."""
        return self._process.stop(self.stop_signal, timeout_seconds)

    def kill(self) -> None:
        """SIGKILL, as a crash; workers that it leaves behind notice and end."""
        self._process.kill()

    def _launch(
        self,
        folder: Path,
        prepare: Callable[[], Sequence[str]],
        environment: Mapping[str, str],
        account: Account | None = None,
    ) -> None:
        """Starts what `prepare` returns, which is called when the folder is ours. Raises FolderInUse."""
        lock = FolderLock(folder)
        descriptor = lock.acquire()
        try:
            self._process.launch(prepare(), account=account, environment=environment, kept_descriptors=[descriptor])
            lock.hand_over(self._process.pid)
        finally:
            lock.release()

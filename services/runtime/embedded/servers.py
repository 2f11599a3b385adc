"""Valkey and PostgreSQL together, as `balcon up` runs them. Does not supervise: look at `running`."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from services.runtime.embedded.data_folder import let_others_pass, make_folder
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.embedded.valkey import EmbeddedValkey


def default_data_dir() -> Path:
    """Where data lives unless told: /var/lib/balcon for root (`nobody` must get in), else below the home folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/balcon")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "balcon"


class EmbeddedServers:
    """`with EmbeddedServers(folder) as servers:` runs both, on <folder>/valkey and <folder>/postgres."""

    def __init__(self, data_dir: Path, *, valkey_port: int | None = None, postgres_port: int | None = None) -> None:
        self._data_dir = data_dir
        self.valkey = EmbeddedValkey(data_dir / "valkey", valkey_port)
        self.postgres = EmbeddedPostgres(data_dir / "postgres", postgres_port)

    @property
    def running(self) -> bool:
        """Whether both processes are alive."""
        return self.valkey.running and self.postgres.running

    def start(self) -> None:
        """Starts both side by side; when one fails, the other is stopped and the fault raised."""
        let_others_pass(make_folder(self._data_dir, 0o755))
        with ThreadPoolExecutor(2) as threads:
            starts = [threads.submit(self.postgres.start), threads.submit(self.valkey.start)]
        try:
            for start in starts:
                start.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops both; what does not run is skipped."""
        with ThreadPoolExecutor(2) as threads:
            stops = [threads.submit(self.valkey.stop), threads.submit(self.postgres.stop)]
        for stop in stops:
            stop.result()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

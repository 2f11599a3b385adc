"""Valkey and PostgreSQL, and Kafka where it is the bus, as `balcon up` runs them. Does not supervise: see `running`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from services.runtime.embedded.data_folder import let_others_pass, make_folder
from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.embedded.valkey import EmbeddedValkey


class EmbeddedServers:
    """`with EmbeddedServers(folder) as servers:` runs them on <folder>/valkey, <folder>/postgres and <folder>/kafka.

    `kafka_ports`: for clients and for its controller; without there is no Kafka.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        valkey_port: int | None = None,
        postgres_port: int | None = None,
        kafka_ports: tuple[int, int] | None = None,
    ) -> None:
        self._data_dir = data_dir
        self.valkey = EmbeddedValkey(data_dir / "valkey", valkey_port)
        self.postgres = EmbeddedPostgres(data_dir / "postgres", postgres_port)
        self.kafka = None if kafka_ports is None else EmbeddedKafka(data_dir / "kafka", *kafka_ports)
        self.all: list[EmbeddedPostgres | EmbeddedValkey | EmbeddedKafka] = [self.postgres, self.valkey]
        if self.kafka is not None:
            self.all.append(self.kafka)

    @property
    def running(self) -> bool:
        """Whether all processes are alive."""
        return all(server.running for server in self.all)

    def start(self) -> None:
        """Starts them side by side; when one fails, the others are stopped and the fault raised."""
        let_others_pass(make_folder(self._data_dir, 0o755))
        with ThreadPoolExecutor(len(self.all)) as threads:
            starts = [threads.submit(server.start) for server in self.all]
        try:
            for start in starts:
                start.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops them; what does not run is skipped."""
        with ThreadPoolExecutor(len(self.all)) as threads:
            stops = [threads.submit(server.stop) for server in self.all]
        for stop in stops:
            stop.result()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

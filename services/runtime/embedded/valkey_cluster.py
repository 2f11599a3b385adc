"""A small Valkey Cluster on loopback, for tests of what a house runs on many machines. Masters first, then replicas."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from redis import Redis
from redis.exceptions import RedisError

from services.runtime.embedded.data_folder import make_folder
from services.runtime.embedded.ports import LOOPBACK, free_port
from services.runtime.embedded.valkey import EmbeddedValkey
from services.runtime.errors import Fatal

SLOTS = 16_384
# How long a node may be silent before the others call it dead, in milliseconds.
NODE_TIMEOUT_MS = 1_000
_CALL_SECONDS = 5.0
_FORM_SECONDS = 60.0
_POLL_SECONDS = 0.05


class ClusterNotFormed(Fatal):
    """The servers of an embedded cluster did not find together."""


class _Member(EmbeddedValkey):
    """One server of the cluster."""

    def __init__(self, data_dir: Path, options: dict[str, str]) -> None:
        super().__init__(data_dir)
        self._cluster_options = options

    def _command(self, folder: Path) -> list[str]:
        options = (text for name, value in self._cluster_options.items() for text in (f"--{name}", value))
        return [*super()._command(folder), *options]


class EmbeddedValkeyCluster:
    """`with EmbeddedValkeyCluster(folder) as cluster:` each server is on <folder>/<number>.

    Servers 0 to masters - 1 begin as masters with an equal share of the slots; the server after them replicates the
    first master, and so on. `announced_ports`: where others reach each server, such as proxies in front of it.
    """

    def __init__(
        self, folder: Path, *, masters: int = 3, replicas: int = 0, announced_ports: list[int] | None = None
    ) -> None:
        self._folder = folder
        self._masters = masters
        self._announced = announced_ports
        self.servers: list[EmbeddedValkey] = []
        self.bus_ports: list[int] = []
        for number in range(masters + replicas):
            bus_port = free_port()
            options = {
                "cluster-enabled": "yes",
                "cluster-config-file": "nodes.conf",
                "cluster-node-timeout": str(NODE_TIMEOUT_MS),
                "cluster-port": str(bus_port),
                # A part of the hall's performances without their store must not take the others with it.
                "cluster-require-full-coverage": "no",
                # However far behind, the replica that is left takes over.
                "cluster-replica-validity-factor": "0",
                "repl-diskless-sync-delay": "0",
            }
            if announced_ports is not None:
                options |= {"cluster-announce-ip": LOOPBACK, "cluster-announce-port": str(announced_ports[number])}
            self.servers.append(_Member(folder / str(number), options))
            self.bus_ports.append(bus_port)

    @property
    def url(self) -> str:
        """redis+cluster:// URL that names every server."""
        return "redis+cluster://" + ",".join(f"{LOOPBACK}:{server.port}" for server in self.servers)

    def client(self, number: int) -> Redis:
        """Straight to one server."""
        return Redis(host=LOOPBACK, port=self.servers[number].port, socket_timeout=_CALL_SECONDS)

    def start(self) -> None:
        """Starts every server and makes one cluster of them; an old one on the folder finds together by itself.

        Raises ServerNotReady, ClusterNotFormed.
        """
        make_folder(self._folder, 0o755)
        try:
            with ThreadPoolExecutor(len(self.servers)) as threads:
                for started in [threads.submit(server.start) for server in self.servers]:
                    started.result()
            self._form()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends every server; what does not run is skipped."""
        with ThreadPoolExecutor(len(self.servers)) as threads:
            for stopped in [threads.submit(server.stop) for server in self.servers]:
                stopped.result()

    def slots(self) -> dict[int, tuple[int, int]]:
        """The first and last slot of each server that is master now, as the first server that answers tells."""
        for number, server in enumerate(self.servers):
            if not server.running:
                continue
            try:
                lines = self._nodes(number).values()
            except (RedisError, OSError):
                continue
            return {
                self._number(line["node_id"]): (int(line["slots"][0][0]), int(line["slots"][0][-1]))
                for line in lines
                if line["slots"] and "fail" not in line["flags"].split(",")
            }
        return {}

    def master_of(self, slot: int) -> int:
        """The number of the server that has the slot. Raises ClusterNotFormed when nobody has."""
        for number, (first, last) in self.slots().items():
            if first <= slot <= last:
                return number
        raise ClusterNotFormed(slot=slot)

    def is_whole(self) -> bool:
        """Every server runs and sees all others, every slot has a master, every replica is up to date with its own."""
        try:
            for number in range(len(self.servers)):
                with self.client(number) as client:
                    told: dict[str, Any] = client.execute_command("CLUSTER INFO")
                    role = client.info("replication")
                lines = self._nodes(number).values()
                knows_all = len(lines) == len(self.servers) and all(line["connected"] for line in lines)
                doubts = any("fail" in line["flags"] or "handshake" in line["flags"] for line in lines)
                if told["cluster_state"] != "ok" or told["cluster_slots_ok"] != str(SLOTS) or not knows_all or doubts:
                    return False
                if role["role"] == "slave" and role["master_link_status"] != "up":
                    return False
        except (RedisError, OSError):
            return False
        replicas = sum(self._replica_count(number) for number in self.slots())
        return replicas == len(self.servers) - self._masters

    def _replica_count(self, number: int) -> int:
        with self.client(number) as client:
            return int(client.info("replication")["connected_slaves"])

    def _nodes(self, number: int) -> dict[str, Any]:
        with self.client(number) as client:
            nodes: dict[str, Any] = client.execute_command("CLUSTER NODES")
            return nodes

    def _number(self, node_id: str) -> int:
        return self._ids().index(node_id)

    def _ids(self) -> list[str]:
        return [self._id(number) for number in range(len(self.servers))]

    def _id(self, number: int) -> str:
        # Ids outlive restarts, but not an emptied folder.
        for line in (self._folder / str(number) / "nodes.conf").read_text().splitlines():
            if " myself" in line or ",myself" in line or "myself," in line:
                return line.split(" ", 1)[0]
        raise ClusterNotFormed(server=number)

    def _form(self) -> None:
        if len(self._nodes(0)) == 1:
            share = SLOTS // self._masters
            for number in range(self._masters):
                last = SLOTS - 1 if number == self._masters - 1 else (number + 1) * share - 1
                with self.client(number) as client:
                    client.execute_command("CLUSTER ADDSLOTSRANGE", number * share, last)
                    client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
            with self.client(0) as client:
                for server, bus_port in zip(self.servers[1:], self.bus_ports[1:], strict=True):
                    client.execute_command("CLUSTER MEET", LOOPBACK, server.port, bus_port)
            _wait_until(self._all_have_met)
            for number in range(self._masters, len(self.servers)):
                with self.client(number) as client:
                    client.execute_command("CLUSTER REPLICATE", self._id(number % self._masters))
        _wait_until(self.is_whole)

    def _all_have_met(self) -> bool:
        for number in range(len(self.servers)):
            lines = self._nodes(number).values()
            if len(lines) < len(self.servers) or not all(
                line["connected"] and "handshake" not in line["flags"] for line in lines
            ):
                return False
        # A replica cannot be made of a server that the others' slots have not reached yet.
        return all(len(self._slots_seen_by(number)) == self._masters for number in range(len(self.servers)))

    def _slots_seen_by(self, number: int) -> list[str]:
        return [line["node_id"] for line in self._nodes(number).values() if line["slots"]]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _FORM_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise ClusterNotFormed(waited_seconds=_FORM_SECONDS)
        time.sleep(_POLL_SECONDS)

"""Serves this process's own metrics as /metrics on a port of its own; those of other services are left out."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version

from prometheus_client import REGISTRY, CollectorRegistry, Metric, start_http_server
from prometheus_client.registry import Collector

from services.runtime.telemetry.metrics import BUILD_INFO, SHARED

_PREFIX = "balcon_"


class OwnMetrics(Collector):
    """What of the process's registry belongs to one service: a name says whose it is (metrics.SHARED).

    All metrics are declared in one place and so exist in every process; a zero that nobody counts would be a lie.
    """

    def __init__(self, service: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._owners = SHARED | {service}

    def collect(self) -> Iterable[Metric]:
        return [family for family in self._registry.collect() if self._is_own(family.name)]

    def _is_own(self, name: str) -> bool:
        return not name.startswith(_PREFIX) or name.removeprefix(_PREFIX).partition("_")[0] in self._owners


class MetricsEndpoint:
    """A running /metrics of one service; `port` is the one it got."""

    def __init__(self, service: str, host: str, port: int) -> None:
        BUILD_INFO.labels(service, version("balcon"), platform.python_version()).set(1)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(OwnMetrics(service))
        self._server, self._thread = start_http_server(port, addr=host, registry=registry)
        self.port = int(self._server.server_port)

    def close(self) -> None:
        """Stops serving and waits for the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

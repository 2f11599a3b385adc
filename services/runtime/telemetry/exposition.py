"""Serves this process's metrics as /metrics on its own port."""

from __future__ import annotations

from prometheus_client import start_http_server


class MetricsEndpoint:
    """A running /metrics; `port` is the one it got."""

    def __init__(self, host: str, port: int) -> None:
        self._server, self._thread = start_http_server(port, addr=host)
        self.port = int(self._server.server_port)

    def close(self) -> None:
        """Stops serving and waits for the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

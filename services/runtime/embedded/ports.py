"""Finds ports on 127.0.0.1 that nothing listens on. Reserves nothing: a stranger may still be faster."""

from __future__ import annotations

import os
import socket
import threading

LOOPBACK = "127.0.0.1"

# Below the range the kernel takes for outgoing connections (Linux: from 32768): a server that restarts on its port
# never finds a client's socket there, and a client that polls a dead port can never connect to itself.
_FIRST_PORT = 20_000
_PORT_COUNT = 10_000

_lock = threading.Lock()
_next_offset = os.getpid() * 97 % _PORT_COUNT


class NoFreePort(Exception):
    """No port between 20000 and 29999 is free on 127.0.0.1."""


def free_port() -> int:
    """A TCP port nothing listens on now; this process gets the same one again only after 10,000 others."""
    global _next_offset  # noqa: PLW0603 (one sequence per process is the point)
    with _lock:
        for _ in range(_PORT_COUNT):
            port = _FIRST_PORT + _next_offset
            _next_offset = (_next_offset + 1) % _PORT_COUNT
            if is_free(port):
                return port
    raise NoFreePort(NoFreePort.__doc__)


def is_free(port: int) -> bool:
    """Whether nothing listens on the TCP port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: without it a port in TIME_WAIT looks taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)  # SO_REUSEADDR lets two sockets bind; only one may listen
        except OSError:
            return False
    return True

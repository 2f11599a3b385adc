"""A port for tests of what is not there. Servers of tests take theirs from services.runtime.embedded.ports."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from services.runtime.embedded.ports import LOOPBACK


@contextmanager
def refusing_port() -> Iterator[int]:
    """A TCP port that refuses every connection until the block ends.

    It is bound, so that no server of another test can be there by chance, and nobody listens on it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        bound.bind((LOOPBACK, 0))
        port: int = bound.getsockname()[1]
        yield port

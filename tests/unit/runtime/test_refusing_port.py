"""The port on which nobody is."""

import socket

import pytest

from services.runtime.embedded.ports import LOOPBACK, is_free
from services.runtime.testing.ports import refusing_port


def test_a_refusing_port_refuses_and_no_server_can_take_it() -> None:
    with refusing_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port), timeout=60)
        assert not is_free(port)
    assert is_free(port)

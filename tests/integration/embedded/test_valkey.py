"""The embedded Valkey: what was acknowledged outlives a restart and a crash, and nobody else is mistaken for it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from services.runtime.embedded.data_folder import FolderInUse
from services.runtime.embedded.server_process import ServerNotReady
from services.runtime.embedded.valkey import EmbeddedValkey
from services.runtime.testing import eventually_sync


@pytest.fixture
def server(own_server_folder: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(own_server_folder / "valkey")
    server.start()
    yield server
    server.stop()


def value_of(server: EmbeddedValkey, key: str) -> object:
    with Redis.from_url(server.url, decode_responses=True) as client:
        return client.get(key)


def write(server: EmbeddedValkey, key: str, value: str) -> None:
    with Redis.from_url(server.url) as client:
        client.set(key, value)


def test_restart_keeps_data_and_url(server: EmbeddedValkey) -> None:
    write(server, "seat", "held")
    url = server.url
    assert server.stop()
    assert not server.running
    server.start()
    assert server.url == url
    assert value_of(server, "seat") == "held"


def test_a_new_object_on_the_same_folder_finds_the_data(server: EmbeddedValkey) -> None:
    write(server, "seat", "held")
    server.stop()
    again = EmbeddedValkey(server.data_dir)
    again.start()
    try:
        assert value_of(again, "seat") == "held"
    finally:
        again.stop()


def test_acknowledged_writes_and_functions_outlive_a_kill(server: EmbeddedValkey) -> None:
    with Redis.from_url(server.url, decode_responses=True) as client:
        client.function_load("#!lua name=seats\nredis.register_function('answer', function() return 42 end)")
        for number in range(200):
            client.set(f"seat:{number}", number)
    os.kill(server.pid, signal.SIGKILL)  # not server.kill(): a crash tells nobody
    eventually_sync(lambda: not server.running)
    server.start()
    with Redis.from_url(server.url, decode_responses=True) as client:
        assert client.dbsize() == 200
        assert client.fcall("answer", 0) == 42


def test_two_at_once_do_not_meet(server: EmbeddedValkey, own_server_folder: Path) -> None:
    other = EmbeddedValkey(own_server_folder / "other")
    other.start()
    try:
        write(server, "seat", "held")
        assert value_of(other, "seat") is None
    finally:
        other.stop()


def test_only_loopback_is_listened_on(server: EmbeddedValkey) -> None:
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", server.port), 2)  # answers when a server listens on 0.0.0.0


def test_second_server_on_a_folder_is_refused_and_told_who_has_it(server: EmbeddedValkey) -> None:
    with pytest.raises(FolderInUse) as refused:
        EmbeddedValkey(server.data_dir).start()
    assert refused.value.facts == {"folder": str(server.data_dir), "pid": str(server.pid)}
    assert server.running


def test_another_server_on_the_port_is_not_mistaken_for_ours(server: EmbeddedValkey, own_server_folder: Path) -> None:
    late = EmbeddedValkey(own_server_folder / "late", server.port)
    with pytest.raises(ServerNotReady, match="in use"):
        late.start()
    assert not late.running


def test_stop_of_a_server_that_never_ran_is_fine(own_server_folder: Path) -> None:
    assert EmbeddedValkey(own_server_folder / "idle").stop()

"""Data that is gone from beneath a server: it is said, and nothing empty is begun in its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime.embedded.folder_server import DataVanished
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.embedded.valkey import EmbeddedValkey

Server = EmbeddedPostgres | EmbeddedValkey


@pytest.fixture(params=[EmbeddedPostgres, EmbeddedValkey])
def server(request: pytest.FixtureRequest, own_server_folder: Path) -> Iterator[Server]:
    made: Server = request.param(own_server_folder / "data")
    yield made
    made.kill()


def test_a_server_goes_on_with_the_data_that_it_had(server: Server) -> None:
    server.start()
    server.require_data()
    server.kill()
    server.start()
    server.require_data()


def test_a_server_whose_data_was_removed_says_so_and_begins_nothing_new(server: Server) -> None:
    server.start()
    server.kill()
    shutil.rmtree(server.data_dir)
    for attempt in (server.require_data, server.start):
        with pytest.raises(DataVanished):
            attempt()
    assert not server.data_dir.exists()


def test_data_put_in_the_place_of_the_old_is_not_taken_for_it(server: Server) -> None:
    server.start()
    server.kill()
    kept = server.data_dir / server.kept_name
    old = kept.rename(kept.with_name("old"))
    if old.is_dir():
        shutil.copytree(old, kept)
    else:
        shutil.copy(old, kept)
    with pytest.raises(DataVanished):
        server.start()


def test_a_database_that_left_its_folder_and_a_file_behind_has_vanished_too(own_server_folder: Path) -> None:
    server = EmbeddedPostgres(own_server_folder / "data")
    try:
        server.start()
        data = server.data_dir / "pgdata"
        # Removed while it runs: what it writes meanwhile stays.
        for each in data.iterdir():
            if each.name != "pg_wal":
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        with pytest.raises(DataVanished):
            server.require_data()
    finally:
        server.kill()

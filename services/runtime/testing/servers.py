"""pytest fixtures with real servers, one of each per session, started when first asked for.

Tests that crash or freeze a server start one of their own (services.runtime.embedded); these are everybody's.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from services.runtime.embedded.data_folder import let_others_pass, reachable_temp_folder, unprivileged_account
from services.runtime.embedded.postgres import OWNER, EmbeddedPostgres
from services.runtime.embedded.valkey import EmbeddedValkey

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from services.runtime.testing.databases import Databases

# As services.runtime.sql.roles has it, which tests without servers need not load.
_SERVICE_ROLE = "balcon_service"


class DatabaseUrl(Protocol):
    """Makes databases for one test."""

    def __call__(self, service: str | None = None) -> str:
        """postgresql+asyncpg:// URL of a new database, migrated to head when `services.<service>` has migrations.

        A service's is as the service connects (see as_owner); without a service it is the owner's.
        """
        ...


def as_owner(of: str | AsyncEngine) -> AsyncEngine:
    """The same database for its owner, who may change its schema and sees every house's rows. Keeps nothing open."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 (tests without servers need not load it)
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    url = make_url(of) if isinstance(of, str) else of.url
    return create_async_engine(url.set(username=OWNER), poolclass=NullPool)


async def service_database(server: EmbeddedPostgres, service: str, database: str = "") -> str:
    """The URL, as the service connects, of its database on a server of the test's own, at head."""
    from services.runtime.sql.migrations import upgrade  # noqa: PLC0415 (Alembic is slow to load)

    name = database or service
    server.create_role(_SERVICE_ROLE)
    server.create_database(name)
    await upgrade(service, server.url_for(name), role=_SERVICE_ROLE)
    return server.url_for(name, _SERVICE_ROLE)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """An empty folder for servers' data: short, and open to `nobody`, which pytest's tmp_path is not."""
    folder = Path(tempfile.mkdtemp(prefix="balcon-", dir=reachable_temp_folder(unprivileged_account())))
    let_others_pass(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_server_folder() -> Iterator[Path]:
    """As server_folder, for one test."""
    folder = Path(tempfile.mkdtemp(prefix="balcon-", dir=reachable_temp_folder(unprivileged_account())))
    let_others_pass(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def valkey(server_folder: Path) -> Iterator[EmbeddedValkey]:
    """The session's Valkey, appendfsync always. Most tests want redis_url."""
    server = EmbeddedValkey(server_folder / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(valkey: EmbeddedValkey) -> str:
    """redis:// URL of a database with no keys, on a server with no function libraries."""
    from redis import Redis  # noqa: PLC0415 (tests without servers need not load it)

    with Redis.from_url(valkey.url) as client:
        client.flushdb()
        client.function_flush()
    return valkey.url


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """The session's PostgreSQL, fsync on. Most tests want database_url."""
    server = EmbeddedPostgres(server_folder / "postgres")
    server.start()
    server.create_role(_SERVICE_ROLE)
    yield server
    # Nobody starts from this folder again: it ends at once, and writes nothing more to disk.
    os.kill(server.pid, signal.SIGQUIT)
    server.stop()


@pytest.fixture(scope="session")
def _databases(postgres: EmbeddedPostgres) -> Databases:
    from services.runtime.testing.databases import Databases  # noqa: PLC0415 (Alembic is slow to load)

    return Databases(postgres)


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, _databases: Databases) -> Iterator[DatabaseUrl]:
    """Call it with a service's name, as often as wanted: each call is a database of its own, gone after the test."""
    made: list[tuple[str, str | None]] = []

    def create(service: str | None = None) -> str:
        name = _databases.create(service)
        made.append((name, service))
        return postgres.url_for(name, _SERVICE_ROLE) if service else postgres.url_for(name)

    yield create
    for name, service in made:
        _databases.give_back(name, service)


@pytest.fixture
def emptied_database_url(postgres: EmbeddedPostgres, _databases: Databases) -> Callable[[str], str]:
    """Call it with a service's name: that service's one database of this session, without a test's rows.

    For tests that change no schema and leave no transaction open; whoever is connected stays so.
    """
    return lambda service: postgres.url_for(_databases.shared(service), _SERVICE_ROLE)


@pytest.fixture(scope="session")
def kafka_is_real() -> bool:
    """Whether kafka_bootstrap is a real broker. Fails where one is compulsory (BALCON_REQUIRE_KAFKA=1) and missing."""
    if os.environ.get("BALCON_TEST_KAFKA"):
        return True
    if os.environ.get("BALCON_REQUIRE_KAFKA") == "1":
        pytest.fail(
            "BALCON_REQUIRE_KAFKA=1, but BALCON_TEST_KAFKA=host:port is not set: see deploy/kafka-local/README.md"
        )
    return False


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_is_real: bool) -> Iterator[str]:
    """host:port[,host:port]: the broker of BALCON_TEST_KAFKA, else librdkafka's mock cluster inside this process.

    The mock cannot show: a second member of a group (its join fails), rebalances, transactions and the fencing of a
    zombie producer, topic creation by an admin client (topics appear on first use, 4 partitions), retention, or that
    anything outlives the process (memory only, 100,000 messages or 5 MB a partition). It is no evidence for such
    claims: mark those tests `kafka` and skip them unless kafka_is_real.
    """
    if kafka_is_real:
        yield os.environ["BALCON_TEST_KAFKA"]
        return
    from confluent_kafka import Producer  # noqa: PLC0415 (only here, and it is a development package)

    cluster = Producer({"test.mock.num.brokers": 1, "log_level": 0})  # lives as long as this producer
    brokers = cluster.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    cluster.flush(1)

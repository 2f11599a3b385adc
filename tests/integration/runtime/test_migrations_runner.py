"""The runner of migrations: once, at the same time, half-way, and from Alembic's own command line."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import ModuleType

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.runtime.sql.engine import create_engine
from services.runtime.sql.migrations import config_for, has_migrations, upgrade
from services.runtime.testing.child_process import child
from services.runtime.testing.servers import DatabaseUrl

REVISION = """
from alembic import op

revision = "{number}"
down_revision = {before}


def upgrade() -> None:
    op.execute("{statement}")
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[str]:
    """A service with two migrations, importable as services.<name>."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(
        "from services.runtime.sql.engine import new_metadata\n"
        "from services.runtime.sql.migrations import run_env\n"
        "run_env(new_metadata())\n"
    )
    add_revision(tmp_path, "0001", None, "CREATE TABLE things (name text)")
    add_revision(tmp_path, "0002", "0001", "INSERT INTO things VALUES ('first')")
    module = ModuleType("services.migrated_by_test")
    module.__file__ = str(tmp_path / "__init__.py")
    sys.modules[module.__name__] = module
    yield "migrated_by_test"
    del sys.modules[module.__name__]


def add_revision(folder: Path, number: str, before: str | None, statement: str, what: str = "things") -> Path:
    """A file that was never there before: byte code of a rewritten one counts as fresh for a second, and is loaded."""
    path = folder / "migrations" / "versions" / f"{number}_expand_{what}.py"
    assert not path.exists(), "another text needs another name"
    path.write_text(REVISION.format(number=number, before=repr(before), statement=statement))
    return path


async def names(url: str) -> list[str]:
    engine = create_engine(url, application="test")
    try:
        async with engine.connect() as connection:
            return list((await connection.execute(text("SELECT name FROM things"))).scalars())
    finally:
        await engine.dispose()


def test_a_service_without_a_database_has_no_migrations() -> None:
    assert has_migrations("reporting")
    assert not has_migrations("console")


async def test_a_second_upgrade_does_nothing(service: str, database_url: DatabaseUrl) -> None:
    url = database_url()
    await upgrade(service, url)
    await upgrade(service, url)
    assert await names(url) == ["first"]


async def test_upgrades_at_the_same_time_do_the_work_once(service: str, database_url: DatabaseUrl) -> None:
    """Replicas that start together: each in a process of its own, for Alembic's context is one for all threads."""
    url = database_url()
    script = (
        "import asyncio, sys\n"
        "from types import ModuleType\n"
        "module = ModuleType('services.migrated_by_test')\n"
        "module.__file__ = sys.argv[2]\n"
        "sys.modules[module.__name__] = module\n"
        "from services.runtime.sql.migrations import upgrade\n"
        "asyncio.run(upgrade('migrated_by_test', sys.argv[1]))\n"
    )
    file = str(sys.modules["services.migrated_by_test"].__file__)
    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(child(sys.executable, "-c", script, url, file)) for _ in range(4)]
        assert [await process.wait() for process in processes] == [0, 0, 0, 0]
    assert await names(url) == ["first"]


async def test_an_upgrade_that_fails_changes_nothing(service: str, database_url: DatabaseUrl, tmp_path: Path) -> None:
    url = database_url()
    failing = add_revision(tmp_path, "0003", "0002", "INSERT INTO no_such_table VALUES (1)")
    with pytest.raises(DBAPIError):
        await upgrade(service, url)
    with pytest.raises(DBAPIError):
        await names(url)
    failing.unlink()
    add_revision(tmp_path, "0003", "0002", "INSERT INTO things VALUES ('second')", "mended_things")
    await upgrade(service, url)
    assert await names(url) == ["first", "second"]


async def test_an_upgrade_stops_at_the_revision_asked_for(service: str, database_url: DatabaseUrl) -> None:
    url = database_url()
    await upgrade(service, url, "0001")
    assert await names(url) == []
    await upgrade(service, url)
    assert await names(url) == ["first"]


async def test_alembics_own_command_line_finds_the_database(service: str, database_url: DatabaseUrl) -> None:
    url = database_url()
    await asyncio.to_thread(command.upgrade, config_for(service, url), "head")
    assert await names(url) == ["first"]


def test_a_percent_sign_in_the_url_survives() -> None:
    url = "postgresql+asyncpg://user:p%40ss@127.0.0.1/db"
    assert config_for("reporting", url).get_main_option("sqlalchemy.url") == url

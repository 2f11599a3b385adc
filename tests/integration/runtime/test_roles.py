"""Services connect as a role that can get round no policy: it is let do what it needs, and any other is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.service import Service
from services.runtime.settings import SqlSettings
from services.runtime.sql.connections import connected
from services.runtime.sql.engine import create_engine
from services.runtime.sql.migrations import upgrade
from services.runtime.sql.roles import SERVICE_ROLE, RoleCanBypass, RoleMissing, check_role, grant_to
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.servers import DatabaseUrl, as_owner

EVERYWHERE = AllHouses("a test")
# Ways round the policies, each given to a role that has none.
WAYS = {
    "it is a superuser": ["ALTER ROLE {role} SUPERUSER"],
    "it has BYPASSRLS": ["ALTER ROLE {role} BYPASSRLS"],
    "it owns tables": ["CREATE TABLE things (id int)", "ALTER TABLE things OWNER TO {role}"],
}
MEMBERS = {
    "it is a superuser": ["GRANT postgres TO {role}"],
    "it has BYPASSRLS": ["CREATE ROLE {role}_2 BYPASSRLS", "GRANT {role}_2 TO {role} WITH INHERIT FALSE"],
}


@pytest.fixture
async def role(database_url: DatabaseUrl) -> AsyncIterator[URL]:
    """The URL of a database as a role of this test's own, which may log in and nothing else."""
    url = make_url(database_url())
    name = f"{url.database}_role"
    owner = as_owner(str(url))
    async with owner.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    yield url.set(username=name)
    async with owner.begin() as connection:
        for each in (name, f"{name}_2"):
            if await connection.scalar(text(f"SELECT 1 FROM pg_roles WHERE rolname = '{each}'")):
                await connection.execute(text(f"DROP OWNED BY {each}"))
                await connection.execute(text(f"DROP ROLE {each}"))


def engine_of(url: URL, *, may_bypass: bool = False) -> AsyncEngine:
    return create_engine(str(url), application="test", pool_size=1, may_bypass=may_bypass)


@pytest.mark.parametrize(("way", "statements"), [*WAYS.items(), *MEMBERS.items()])
async def test_a_role_that_could_get_round_the_policies_is_given_no_connection(
    role: URL, way: str, statements: list[str]
) -> None:
    engine = engine_of(role)
    await check_role(engine)
    async with as_owner(str(role)).begin() as connection:
        for statement in statements:
            await connection.execute(text(statement.format(role=role.username)))
    # The session from before is used no more: each new one is looked at.
    await engine.dispose()
    for _ in range(2):
        with pytest.raises(RoleCanBypass, match=way):
            await check_role(engine)
        with pytest.raises(RoleCanBypass, match=way):
            async with connected(engine, EVERYWHERE):
                pass
    await engine.dispose()
    allowed = engine_of(role, may_bypass=True)
    await check_role(allowed)
    await allowed.dispose()


async def test_a_service_does_not_start_with_such_a_role_unless_it_is_told_to(database_url: DatabaseUrl) -> None:
    mighty = SecretStr(database_url())
    refused = Service("test", SqlSettings(database_url=mighty))
    refused.sql()
    with pytest.raises(RoleCanBypass):
        await refused.start()
    await refused.stop()
    told = Service("test", SqlSettings(database_url=mighty, database_role_may_bypass_row_security=True))
    told.sql()
    await told.start()
    await told.stop()


async def test_a_service_starts_while_nothing_is_known_of_its_role(nobodys_port: int) -> None:
    away = SecretStr(f"postgresql+asyncpg://balcon_service@127.0.0.1:{nobodys_port}/none")
    service = Service("test", SqlSettings(database_url=away))
    service.sql()
    await service.start()
    await service.stop()


async def test_the_role_works_on_rows_of_tables_to_come_too_and_changes_no_schema(database_url: DatabaseUrl) -> None:
    url = database_url("orders")
    async with as_owner(url).begin() as connection:
        await connection.execute(text("CREATE TABLE later (id bigserial PRIMARY KEY)"))
    engine = engine_of(make_url(url))
    async with connected(engine, EVERYWHERE) as connection:
        await connection.execute(text("INSERT INTO later DEFAULT VALUES"))
        await connection.execute(text("DELETE FROM later"))
    for refused in (
        "CREATE TABLE own (id int)",
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
        "DROP POLICY of_scope ON orders",
        "TRUNCATE later",
        "UPDATE alembic_version SET version_num = '0001'",
        "SET ROLE postgres",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            async with connected(engine, EVERYWHERE) as connection:
                await connection.execute(text(refused))
    await engine.dispose()


async def test_a_migration_says_which_role_is_missing_and_changes_nothing(database_url: DatabaseUrl) -> None:
    url = database_url()
    with pytest.raises(RoleMissing, match="nobody_made_it"):
        await upgrade("orders", url, role="nobody_made_it")
    async with as_owner(url).begin() as connection:
        assert (
            await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        ).all() == []
        with pytest.raises(ValueError, match="role name"):
            await grant_to(connection, f'{SERVICE_ROLE}"; --')

"""The role that services connect as: it reads and writes rows, owns nothing and cannot get round the policies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from services.runtime.errors import Fatal
from services.runtime.sql.faults import is_transient

# Its name where nobody chose another.
SERVICE_ROLE: Final = "balcon_service"

_ROLE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_IS_THERE = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    # What this owner makes later.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
)

_GRANTS_TO_MAKE = (
    "GRANT USAGE, CREATE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
)

# Of itself or of a role it may become: by SET ROLE a member is all that the other is.
_WAYS_ROUND: Final = """
SELECT CASE
    WHEN EXISTS (SELECT FROM pg_roles r WHERE r.rolsuper AND pg_has_role(current_user, r.oid, 'MEMBER'))
        THEN 'it is a superuser'
    WHEN EXISTS (SELECT FROM pg_roles r WHERE r.rolbypassrls AND pg_has_role(current_user, r.oid, 'MEMBER'))
        THEN 'it has BYPASSRLS'
    WHEN EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
                   AND pg_has_role(current_user, c.relowner, 'MEMBER'))
        THEN 'it owns tables'
END"""


class RoleMissing(Fatal):
    """The role that services are to connect as is not there; make it first (docs/operations.md)."""


class RoleCanBypass(Fatal):
    """The database role could reach every house's rows; services connect as one that cannot (docs/operations.md)."""


def way_round() -> str:
    """The query that tells how the current role could get round the policies; NULL when it cannot."""
    return _WAYS_ROUND


async def check_role(engine: AsyncEngine) -> None:
    """Raises RoleCanBypass for an engine that refuses it. Of a database that is away nothing is known yet."""
    try:
        async with engine.connect():
            pass
    except Exception as error:
        if not is_transient(error):
            raise


async def _terminate(driver: Any) -> None:
    driver.terminate()


async def grant_to(connection: AsyncConnection, role: str) -> None:
    """Lets the role work on this database's rows, those of tables to come included. The connection is the owner's."""
    await _grant(connection, role, _GRANTS)


async def let_make_tables(url: str, role: str) -> None:
    """Lets the role make tables of its own, in a database that holds no house's rows. The URL is the owner's."""
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await _grant(connection, role, _GRANTS_TO_MAKE)


async def _grant(connection: AsyncConnection, role: str, grants: Sequence[str]) -> None:
    if not _ROLE_NAME.fullmatch(role):
        message = f"role name {role!r} must be 1 to 63 of a-z, 0-9 and _, not starting with a digit"
        raise ValueError(message)
    if not await connection.scalar(_IS_THERE, {"role": role}):
        raise RoleMissing(role=role)
    for statement in grants:
        await connection.execute(text(statement.format(role=role)))


def refuse_bypass(engine: Engine) -> None:
    """No connection of this engine is used whose role could get round the policies; RoleCanBypass instead."""

    def refuse(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        found: list[Any] = []

        async def ask(driver: Any) -> None:
            found.append(await driver.fetchrow(f"SELECT current_user, ({_WAYS_ROUND})"))

        connection.run_async(ask)
        role, way = found[0]
        if way is not None:
            # The pool knows nothing of it yet.
            connection.run_async(_terminate)
            raise RoleCanBypass(role=role, because=way)

    event.listen(engine, "connect", refuse)

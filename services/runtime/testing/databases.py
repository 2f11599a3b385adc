"""Databases for tests: a migrated template for each service, copies of it, and copies that are made as new again.

Making and dropping a database costs more than most tests do, taking a test's rows out of one milliseconds.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.sql.migrations import has_migrations, upgrade
from services.runtime.sql.roles import SERVICE_ROLE

_KEPT: Final = "alembic_version"
# No service's: empty.
_PLAIN: Final = "plain"
# One that held more is not taken again: what was deleted is still in its files.
_MOST_ROWS: Final = 5_000
_END_MS: Final = 10_000
# Whatever changes a schema writes a row of one of these, or takes one away.
_CATALOGS: Final[tuple[LiteralString, ...]] = (
    "pg_attrdef",
    "pg_attribute",
    "pg_class",
    "pg_constraint",
    "pg_default_acl",
    "pg_enum",
    "pg_event_trigger",
    "pg_extension",
    "pg_index",
    "pg_namespace",
    "pg_policy",
    "pg_proc",
    "pg_rewrite",
    "pg_sequence",
    "pg_trigger",
    "pg_type",
)
_SETTINGS: Final = (
    "SELECT 'settings', count(*), coalesce(max(s.xmin::text::bigint), 0) FROM pg_db_role_setting AS s"
    " JOIN pg_database AS d ON d.oid = s.setdatabase WHERE d.datname = current_database()"
)
# What a plain database has besides its one schema.
_ADDED: Final = (
    "SELECT oid FROM pg_namespace WHERE nspname NOT IN ('public', 'information_schema') AND nspname !~ '^pg_'"
    " UNION ALL SELECT oid FROM pg_extension WHERE extname <> 'plpgsql'"
    " UNION ALL SELECT oid FROM pg_event_trigger"
    " UNION ALL SELECT oid FROM pg_default_acl"
    " UNION ALL SELECT d.oid FROM pg_db_role_setting JOIN pg_database AS d ON d.oid = setdatabase"
    " WHERE d.datname = current_database()"
)
_CUT_OFF: Final = (
    "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class NotAsNew(Exception):
    """The test has changed what cannot be put back by taking rows out."""


@dataclass(frozen=True, slots=True)
class _Template:
    """A service's database without a test's rows: what every copy of it is like."""

    name: str
    schema: Sequence[Any]
    # Schema and name of each.
    tables: tuple[tuple[str, str], ...]
    # What migrations have written, by table.
    rows: dict[tuple[str, str], str]
    sequences: dict[tuple[str, str], tuple[int, bool]]


class Databases:
    """Makes databases, and takes them back."""

    def __init__(self, server: EmbeddedPostgres, prefix: str = "test") -> None:
        self._server = server
        self._prefix = prefix
        self._templates: dict[str, _Template] = {}
        self._shared: dict[str, str] = {}
        self._used: defaultdict[str, list[str]] = defaultdict(list)
        self._count = 0

    def create(self, service: str | None) -> str:
        """The name of a database that nobody has, without a test's rows: never one that another test has known."""
        self._count += 1
        kind = service or _PLAIN
        name = f"{self._prefix}_{kind}_{self._count}"
        if self._used[kind]:
            self._server.rename_database(self._used[kind].pop(), name)
        else:
            self._server.create_database(name, self._template(service).name if service else None)
        return name

    def give_back(self, name: str, service: str | None) -> None:
        """Nobody needs it any more; whoever is still connected is cut off.

        One that cannot be made as new is left to itself: to drop it would write all of the server's databases to disk.
        """
        if self._renewed(name, self._templates[service] if service else None):
            self._used[service or _PLAIN].append(name)

    def shared(self, service: str) -> str:
        """The name of the service's one database of this session, without a test's rows. Nobody is cut off."""
        if service in self._shared:
            try:
                with self._connected(self._shared[service]) as connection:
                    _take_rows_out(connection, self._templates[service])
            except NotAsNew:
                del self._shared[service]
        if service not in self._shared:
            self._shared[service] = self.create(service)
        return self._shared[service]

    def _renewed(self, name: str, template: _Template | None) -> bool:
        try:
            with self._connected(name) as connection:
                connection.execute(_CUT_OFF, [_END_MS])
                if template is None:
                    _take_all_out(connection)
                elif _schema_of(connection) == template.schema:
                    _take_rows_out(connection, template)
                else:
                    return False
        except (NotAsNew, psycopg.OperationalError):
            return False
        return True

    def _template(self, service: str) -> _Template:
        if service not in self._templates:
            name = f"{self._prefix}_template_{service}"
            self._server.create_database(name)
            if has_migrations(service):
                work = upgrade(service, self._server.url_for(name), role=SERVICE_ROLE)
                with ThreadPoolExecutor(1) as thread:  # the test that asks may be inside a loop already
                    thread.submit(asyncio.run, work).result()
            with self._connected(name) as connection:
                self._templates[service] = _read(name, connection)
        return self._templates[service]

    def _connected(self, name: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self._server.url_for(name).replace("+asyncpg", ""))


def _read(name: str, connection: psycopg.Connection[tuple[Any, ...]]) -> _Template:
    named = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> %s ORDER BY 1, 2",
        [_KEPT],
    ).fetchall()
    tables = tuple((schema, table) for schema, table in named)
    rows = {table: _rows_of(connection, table) for table in _with_rows(connection, tables)}
    return _Template(name, _schema_of(connection), tables, rows, _sequences_of(connection))


def _schema_of(connection: psycopg.Connection[tuple[Any, ...]]) -> Sequence[Any]:
    """Of each catalog how many rows it has, and the transaction that wrote the newest: a copy's are the template's."""
    each = [
        sql.SQL("SELECT {}, count(*), max(xmin::text::bigint) FROM {}").format(catalog, sql.Identifier(catalog))
        for catalog in _CATALOGS
    ]
    return connection.execute(sql.SQL(" UNION ALL ").join([*each, sql.SQL(_SETTINGS)])).fetchall()


def _with_rows(
    connection: psycopg.Connection[tuple[Any, ...]], tables: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    each = [
        sql.SQL("SELECT {}, {} WHERE EXISTS (SELECT FROM {})").format(*table, sql.Identifier(*table))
        for table in tables
    ]
    return [(schema, name) for schema, name in connection.execute(sql.SQL(" UNION ALL ").join(each)).fetchall()]


def _rows_of(connection: psycopg.Connection[tuple[Any, ...]], table: tuple[str, str]) -> str:
    read = sql.SQL("SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM {} AS t").format(sql.Identifier(*table))
    return str(connection.execute(read).fetchall())


def _sequences_of(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[tuple[str, str], tuple[int, bool]]:
    named = connection.execute("SELECT schemaname, sequencename FROM pg_sequences").fetchall()
    each = [
        sql.SQL("SELECT {}, {}, last_value, is_called FROM {}").format(*name, sql.Identifier(*name)) for name in named
    ]
    told = connection.execute(sql.SQL(" UNION ALL ").join(each)).fetchall() if each else []
    return {(schema, name): (value, called) for schema, name, value, called in told}


def _take_all_out(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Leaves an empty schema, as in a database that was just made (NotAsNew)."""
    if connection.execute(_ADDED).fetchall():
        raise NotAsNew
    connection.execute("DROP SCHEMA public CASCADE")
    connection.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
    connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")


def _take_rows_out(connection: psycopg.Connection[tuple[Any, ...]], template: _Template) -> None:
    """Leaves what migrations have written, and every sequence where they left it (NotAsNew)."""
    connection.execute("SET LOCAL lock_timeout = '10s'")
    # No trigger fires, and no key is looked at: every table is emptied, in any order.
    connection.execute("SET LOCAL session_replication_role = replica")
    taken = 0
    for table in _with_rows(connection, template.tables):
        if table not in template.rows:
            taken += connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*table))).rowcount
    written = {table: _rows_of(connection, table) for table in template.rows}
    if taken > _MOST_ROWS or written != template.rows:
        raise NotAsNew
    here = _sequences_of(connection)
    for name, state in template.sequences.items():
        if here.get(name) != state:
            connection.execute("SELECT setval(%s, %s, %s)", [sql.Identifier(*name).as_string(), *state])

"""Looks at the second wall of a running database (INV-8): its role, its policies, and what is reached past a scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.sql.connections import connected
from services.runtime.sql.policy_name import POLICY_NAME
from services.runtime.sql.roles import way_round
from services.runtime.sql.scopes import AllHouses, HouseScope

# Houses whose scope is tried at each table; each try reads the table to its end unless the wall stands.
HOUSES_TRIED = 3
# A house that has no rows: what its scope reaches is another's.
NOBODY = HouseScope("no house has this id")
MOST_ROWS = 100
# Rows among which the houses to be tried are looked for.
_SAMPLED = 10_000

_WALL = AllHouses("the audit looks at the wall itself")

# Every table that names a house, with its key and what its policies say.
_TABLES = text(
    """SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS is_on,
              (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
               FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(number, place), pg_attribute a
               WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.number) AS key,
              (SELECT string_agg(concat_ws(' ', p.polname, p.polcmd::text, p.polpermissive::text,
                                           replace(pg_get_expr(p.polqual, c.oid), '(house_id)::text', 'house_id')),
                                 '; ' ORDER BY p.polname)
               FROM pg_policy p WHERE p.polrelid = c.oid) AS policies
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
         AND EXISTS (SELECT FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'house_id' AND NOT a.attisdropped)
       ORDER BY 1"""
)
# Foreign keys between two such tables that do not name the house themselves.
_FOREIGN_KEYS = text(
    """SELECT child.relname AS child, parent.relname AS parent,
              (SELECT string_agg(format('c.%I = p.%I', ca.attname, pa.attname), ' AND ')
               FROM unnest(k.conkey, k.confkey) AS pair(child_number, parent_number), pg_attribute ca, pg_attribute pa
               WHERE ca.attrelid = k.conrelid AND ca.attnum = pair.child_number
                 AND pa.attrelid = k.confrelid AND pa.attnum = pair.parent_number) AS same
       FROM pg_constraint k
       JOIN pg_class child ON child.oid = k.conrelid JOIN pg_class parent ON parent.oid = k.confrelid
       WHERE k.contype = 'f' ORDER BY 1, 2"""
)
# As the database writes down policies.POLICY, for every command.
_WANTED = (
    f"{POLICY_NAME} * true ((house_id = NULLIF(current_setting('balcon.house_id'::text, true), ''::text))"
    " OR (current_setting('balcon.all_houses'::text, true) = 'on'::text))"
)
# What a table may have beside it (policies.secure_rows_without_house): it opens rows of nobody only.
_NOBODYS = "((house_id IS NULL) AND (NULLIF(current_setting('balcon.house_id'::text, true), ''::text) IS NOT NULL))"
_ALLOWED = {f"nobodys_found r true {_NOBODYS}", f"nobodys_taken w true {_NOBODYS}"}


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows of `child` are about the row of `parent` that has the same `column`, without a foreign key that says so."""

    child: str
    parent: str
    column: str


@dataclass(frozen=True, slots=True)
class WallCheck:
    """One thing that was looked at; `violations` name tables and rows."""

    name: str
    examined: int
    violations: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    is_on: bool
    key: str
    policies: str


async def look_at_wall(engine: AsyncEngine, references: Sequence[Reference] = ()) -> list[WallCheck]:
    """All checks, as the engine's role; the engine is one of connected()."""
    async with connected(engine, _WALL) as connection:
        role = await connection.scalar(text("SELECT current_user"))
        way = await connection.scalar(text(way_round()))
        tables = [_Table(row.name, row.is_on, row.key, row.policies or "") for row in await connection.execute(_TABLES)]
        crossing = await _crossing(connection, tables, references)
        houses = {table.name: await _houses(connection, table) for table in tables}
    return [
        WallCheck("the service's role cannot get round the policies", 1, [f"role {role}: {way}"] if way else []),
        WallCheck("every table of houses' rows has its policy", len(tables), [*_open_tables(tables)]),
        await _reached(engine, tables, houses),
        crossing,
    ]


def _open_tables(tables: Sequence[_Table]) -> Iterator[str]:
    for table in tables:
        found = set(filter(None, table.policies.split("; ")))
        if not table.is_on:
            yield f"{table.name}: row-level security is off"
        if _WANTED not in found:
            yield f"{table.name}: its policy {POLICY_NAME} is not there or says something else"
        yield from (f"{table.name}: a policy too many, {one.split()[0]}" for one in found - _ALLOWED - {_WANTED})


async def _houses(connection: AsyncConnection, table: _Table) -> list[str]:
    sampled = f"(SELECT house_id FROM {table.name} LIMIT {_SAMPLED}) AS sampled"  # noqa: S608 (the database's own name)
    query = f"SELECT DISTINCT house_id FROM {sampled} WHERE house_id <> '' ORDER BY 1 LIMIT {HOUSES_TRIED}"  # noqa: S608
    return list((await connection.scalars(text(query))).all())


async def _reached(engine: AsyncEngine, tables: Sequence[_Table], houses: dict[str, list[str]]) -> WallCheck:
    """Under each scope every row that is another house's, and no WHERE but the one that finds those."""
    tries, violations = 0, []
    for table in tables:
        foreign = text(f"SELECT {table.key or 'house_id'} FROM {table.name} WHERE house_id <> :house LIMIT 1")  # noqa: S608
        for scope in [NOBODY, *map(HouseScope, houses[table.name])]:
            tries += 1
            async with connected(engine, scope) as connection:
                row = (await connection.execute(foreign, {"house": scope.house_id})).first()
            if row is not None:
                key = " ".join(map(str, row))
                violations.append(f"{table.name}: {key} is reached in the scope of {scope.house_id}, whose it is not")
    return WallCheck("no scope reaches a row of another house", tries, violations)


async def _crossing(
    connection: AsyncConnection, tables: Sequence[_Table], references: Sequence[Reference]
) -> WallCheck:
    known = {table.name: table for table in tables}
    pairs = [(row.child, row.parent, row.same) for row in await connection.execute(_FOREIGN_KEYS)]
    pairs = [pair for pair in pairs if pair[0] in known and pair[1] in known and "c.house_id" not in pair[2]]
    pairs += [(one.child, one.parent, f"c.{one.column} = p.{one.column}") for one in references]
    violations: list[str] = []
    for child, parent, same in pairs:
        key = ", ".join(f"c.{column}" for column in known[child].key.split(", "))
        query = text(
            f"SELECT c.house_id AS its_house, p.house_id AS other_house, concat_ws(' ', {key}) AS key "  # noqa: S608
            f"FROM {child} c JOIN {parent} p ON {same} WHERE c.house_id <> p.house_id LIMIT {MOST_ROWS}"
        )
        violations += [
            f"{child}: {row.key} is of {row.its_house}, but what it is about in {parent} is of {row.other_house}"
            for row in await connection.execute(query)
        ]
    return WallCheck("what a row refers to is its own house's", len(pairs), violations)

"""How Postgres would run what an engine has run: for tests that say that rows are looked up by key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.sql.connections import own_session
from services.runtime.sql.scopes import Scope
from services.runtime.testing.servers import as_owner

Node = Mapping[str, Any]

_SLOW_JOINS = {"Hash Join", "Merge Join"}
_READS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
# What a condition says a column is equal to; that the house is the session's is the policy's word.
_EQUATED = re.compile(r"(\w+) = (?!NULLIF\(current_setting)")
_KEYS_OF_TABLES = """SELECT t.relname AS name, array_agg(a.attname::text) AS columns
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey)
    WHERE i.indisunique AND i.indpred IS NULL AND t.relnamespace = current_schema()::regnamespace
    GROUP BY t.relname, i.indexrelid"""

# Whether the server has analysed a table meanwhile, at its own time, is luck.
_NEVER_ANALYSED = """DO $$ DECLARE t record; BEGIN
    FOR t IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace LOOP
        EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = false)', t.relname);
        PERFORM pg_clear_relation_stats(current_schema()::text, t.relname::text);
    END LOOP;
    FOR t IN SELECT tablename, attname, inherited FROM pg_stats WHERE schemaname = current_schema() LOOP
        PERFORM pg_clear_attribute_stats(current_schema()::text, t.tablename::text, t.attname::text, t.inherited);
    END LOOP;
END $$"""

Keys = Mapping[str, Sequence[frozenset[str]]]


@contextmanager
def statements_of(engine: AsyncEngine) -> Iterator[dict[str, Sequence[Any]]]:
    """What the engine runs meanwhile, as the driver gets it, each with the parameters of its last time."""
    seen: dict[str, Sequence[Any]] = {}

    def note(_: object, __: object, statement: str, parameters: Any, ___: object, many: bool) -> None:
        if statement.lstrip().startswith(_READS):
            seen[statement] = tuple(parameters[0] if many else parameters)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def _forget_statistics(engine: AsyncEngine) -> None:
    """The planner knows nothing of any table again, and will not be told."""
    owner = as_owner(engine)
    async with owner.begin() as connection:
        await connection.exec_driver_sql(_NEVER_ANALYSED)
    await owner.dispose()


async def read_through(engine: AsyncEngine, statements: Mapping[str, Sequence[Any]], scope: Scope) -> list[str]:
    """Where a statement reads all of a table or of an index, or more of it than the row whose whole key it names.

    Of its plan for these very parameters, and of the one that a session of the engine keeps for all.
    """
    await _forget_statistics(engine)
    found = []
    async with own_session(engine, scope) as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        keys = await _keys_of_tables(driver)
        for number, (statement, parameters) in enumerate(statements.items()):
            theirs = await driver.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *parameters)
            kept = await _kept_plan(driver, f"kept_{number}", statement, len(parameters))
            for plan in (kept, theirs):
                found += [f"{what} in {statement}" for node in _nodes(plan[0]["Plan"]) if (what := _wide(node, keys))]
    return found


async def _kept_plan(driver: Any, name: str, statement: str, parameters: int) -> Any:
    """An engine that is not `by_key` comes to it after five plans of its own."""
    nulls = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
    await driver.execute(f"PREPARE {name} AS {statement}")
    await driver.execute("SET plan_cache_mode = force_generic_plan")
    try:
        return await driver.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE {name}{nulls}")
    finally:
        await driver.execute("RESET plan_cache_mode")
        await driver.execute(f"DEALLOCATE {name}")


async def _keys_of_tables(driver: Any) -> Keys:
    keys: dict[str, list[frozenset[str]]] = {}
    for row in await driver.fetch(_KEYS_OF_TABLES):
        keys.setdefault(row["name"], []).append(frozenset(row["columns"]))
    return keys


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _wide(node: Node, keys: Keys) -> str:
    kind: str = node["Node Type"]
    if kind in _SLOW_JOINS:
        return kind
    if kind == "Seq Scan":
        return f"{kind} of {node['Relation Name']}"
    if "Index Name" in node and "Index Cond" not in node:
        return f"{kind} of all of {node['Index Name']}"
    # Of those that an array names, pairs are no more than it has.
    if "Join Filter" in node and not any("= ANY" in below.get("Index Cond", "") for below in _nodes(node)):
        return f"{kind} of all pairs"
    return _beside_the_key(node, keys.get(node.get("Relation Name", ""), ()))


def _beside_the_key(node: Node, keys: Sequence[frozenset[str]]) -> str:
    """By an index of less than the key, a row is looked for among all of its house: cheap as long as there are few."""
    by = {*_EQUATED.findall(node.get("Index Cond") or node.get("Recheck Cond", ""))}
    named = by | {*_EQUATED.findall(node.get("Filter", ""))}
    whole = [key for key in keys if key <= named]
    if any(key <= by for key in whole) or not (whole or (by == {"house_id"} and named > by)):
        return ""
    return f"{node['Node Type']} of {node['Relation Name']} by {', '.join(sorted(by))} alone"

"""How Postgres would run what an engine has run: for tests that say that rows are looked up by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from services.runtime.sql.connections import own_session
from services.runtime.sql.scopes import Scope

Node = Mapping[str, Any]

_SLOW_JOINS = {"Hash Join", "Merge Join"}
_READS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


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


async def read_through(engine: AsyncEngine, statements: Mapping[str, Sequence[Any]], scope: Scope) -> list[str]:
    """Where a statement reads all of a table or of an index: of its plan for these very parameters, and of the one
    that a session of the engine keeps for all."""
    found = []
    async with own_session(engine, scope) as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        for number, (statement, parameters) in enumerate(statements.items()):
            nulls = f"({', '.join(['NULL'] * len(parameters))})" if parameters else ""
            await driver.execute(f"PREPARE kept_{number} AS {statement}")
            kept = await driver.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE kept_{number}{nulls}")
            await driver.execute(f"DEALLOCATE kept_{number}")
            theirs = await driver.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *parameters)
            for plan in (kept, theirs):
                found += [f"{what} in {statement}" for node in _nodes(plan[0]["Plan"]) if (what := _wide(node))]
    return found


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _wide(node: Node) -> str:
    kind: str = node["Node Type"]
    if kind in _SLOW_JOINS:
        return kind
    if kind == "Seq Scan":
        return f"{kind} of {node['Relation Name']}"
    if "Index Name" in node and "Index Cond" not in node:
        return f"{kind} of all of {node['Index Name']}"
    return ""

"""CPU by hop: what each process of a local stack and each database's backends took between two looks. Linux only."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import asyncpg
from rich.table import Table

from bench.process import cpu_seconds
from services.console.stack.local_stack import LocalStack
from services.runtime.embedded.ports import LOOPBACK
from services.runtime.embedded.postgres import OWNER

CALLERS = "callers"
SANDBOX = "sandbox"
# Not what an order costs: whoever buys, and the provider's own machines.
OUTSIDE = frozenset({CALLERS, SANDBOX})
_DATABASE_PREFIX = "balcon_"


def look(stack: LocalStack, services: tuple[str, ...]) -> dict[str, float]:
    """CPU seconds so far, by hop. A database's is that of the backends that are connected now."""
    seconds: dict[str, float] = {}
    for name in services:
        pid = stack.process(name).pid
        if pid is not None:
            seconds[name] = cpu_seconds(pid)
            helpers = [spent for child in children(pid) if (spent := _of_helper(child)) is not None]
            if helpers:
                # What draws letters and paper.
                seconds[f"{name}, helpers"] = sum(helpers)
    seconds["valkey"] = cpu_seconds(stack.servers.valkey.pid)
    seconds |= _of_postgres(stack.servers.postgres.pid)
    seconds[CALLERS] = time.process_time()
    return seconds


async def transactions(stack: LocalStack) -> dict[str, float]:
    """Transactions that each database has committed so far: what an order costs there whatever the machine does."""
    connection = await asyncpg.connect(f"postgresql://{OWNER}@{LOOPBACK}:{stack.servers.postgres.port}/postgres")
    try:
        rows = await connection.fetch("SELECT datname, xact_commit FROM pg_stat_database WHERE datname LIKE 'balcon%'")
    finally:
        await connection.close()
    return {row["datname"].removeprefix(_DATABASE_PREFIX): float(row["xact_commit"]) for row in rows}


def children(pid: int) -> list[int]:
    """The processes that it started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _of_helper(pid: int) -> float | None:
    try:
        return cpu_seconds(pid)
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return None


def _of_postgres(postmaster: int) -> dict[str, float]:
    seconds: dict[str, float] = defaultdict(float, {"postgres itself": cpu_seconds(postmaster)})
    for child in children(postmaster):
        try:
            title = Path(f"/proc/{child}/cmdline").read_text().strip("\0").split()
            taken = cpu_seconds(child)
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        # "postgres: <role> <database> <address> <state>" of backends.
        database = title[2] if len(title) > 3 and title[2].startswith(_DATABASE_PREFIX) else ""
        seconds[f"postgres {database.removeprefix(_DATABASE_PREFIX)}" if database else "postgres itself"] += taken
    return seconds


def cost_ms(before: Mapping[str, float], after: Mapping[str, float], orders: int) -> dict[str, float]:
    """Milliseconds an order by hop, the dearest first."""
    spent = {name: (seconds - before.get(name, 0.0)) * 1000 / orders for name, seconds in after.items()}
    return {name: round(ms, 3) for name, ms in sorted(spent.items(), key=lambda item: -item[1]) if ms >= 0.0005}


def transactions_each(before: Mapping[str, float], after: Mapping[str, float], orders: int) -> dict[str, float]:
    """Of transactions() before and after: how many an order is, by database."""
    return {name: round((count - before.get(name, 0)) / orders, 2) for name, count in after.items()}


def cost_table(title: str, unit: str, costs: Mapping[str, float]) -> Table:
    """For people: CPU by hop."""
    table = Table(title=title, title_justify="left")
    table.add_column("CPU by hop")
    table.add_column(unit, justify="right")
    for hop, spent in costs.items():
        table.add_row(hop, f"{spent:.3f}")
    return table


def inside_ms(costs: Mapping[str, float]) -> float:
    """The sum over everything but OUTSIDE."""
    return round(sum(ms for name, ms in costs.items() if name not in OUTSIDE), 3)

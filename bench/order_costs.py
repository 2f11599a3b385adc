"""CPU by hop: what each process of a local stack and each database's backends took between two looks. Linux only."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from bench.process import cpu_seconds
from services.console.stack.local_stack import LocalStack

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
    seconds["valkey"] = cpu_seconds(stack.servers.valkey.pid)
    seconds |= _of_postgres(stack.servers.postgres.pid)
    seconds[CALLERS] = time.process_time()
    return seconds


def _of_postgres(postmaster: int) -> dict[str, float]:
    seconds: dict[str, float] = defaultdict(float, {"postgres itself": cpu_seconds(postmaster)})
    for child in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
        try:
            title = Path(f"/proc/{child}/cmdline").read_text().strip("\0").split()
            taken = cpu_seconds(int(child))
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


def inside_ms(costs: Mapping[str, float]) -> float:
    """The sum over everything but OUTSIDE."""
    return round(sum(ms for name, ms in costs.items() if name not in OUTSIDE), 3)

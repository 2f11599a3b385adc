"""`balcon audit`: exit status 0 when every invariant holds, 1 with the rows that break them."""

from __future__ import annotations

from collections.abc import Mapping

from rich.markup import escape

from services.console.audit.verdict import as_table, audit, broken_rows
from services.console.terminal import ERR, OUT, print_json
from services.runtime.clock import SystemClock


async def run_audit(targets: Mapping[str, str], performance_id: str, as_json: bool) -> bool:
    """Prints the audit; whether all is well."""
    verdict = await audit(targets, SystemClock(), performance_id)
    if as_json:
        print_json(verdict.as_dict())
        return verdict.ok
    OUT.print(as_table(verdict))
    for row in broken_rows(verdict):
        ERR.print(f"[red]{escape(row)}[/]", highlight=False)
    OUT.print("[green]audit ok[/]" if verdict.ok else "[red]audit failed[/]")
    return verdict.ok

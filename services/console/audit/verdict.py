"""The audit as a whole: rounds of questions until what is found stands still, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec
from rich.table import Table

from services.console.audit.collect import Answers, collect
from services.console.audit.crosscheck import crosscheck, persistent
from services.console.audit.facts import Comparison, Facts, OwnCheck
from services.contracts.standing import UNRESOLVED
from services.runtime.clock import Clock

ROUNDS = 6
_ROUND_SECONDS = 1.0
_SHOWN_ROWS = 20


class Line(msgspec.Struct, frozen=True):
    """One line of the audit; empty `violations` is good."""

    invariant: str
    name: str
    asked: str
    examined: int
    violations: list[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the audit found. `silent` services leave it open whether all is well, which is not ok."""

    lines: list[Line]
    silent: Mapping[str, str]
    unresolved: int
    double_sales: int
    facts: Facts

    @property
    def ok(self) -> bool:
        """Every service answered and nothing is broken."""
        return not self.silent and not any(line.violations for line in self.lines)

    def as_dict(self) -> dict[str, object]:
        """For --json."""
        return {
            "audit": "ok" if self.ok else "failed",
            "checks": [msgspec.to_builtins(line) for line in self.lines],
            "silent": dict(self.silent),
            "unresolved": self.unresolved,
            "double_sales": self.double_sales,
        }


async def audit(targets: Mapping[str, str], clock: Clock, performance_id: str = "", rounds: int = ROUNDS) -> Verdict:
    """Asks again, up to `rounds` times, while something looks wrong: only what every round found alike counts."""
    answers = await collect(targets, performance_id, clock)
    compared = [crosscheck(answers.facts)]
    checks = answers.checks
    for _ in range(rounds - 1):
        if not answers.silent and not _found(persistent(compared), checks):
            break
        await clock.sleep(_ROUND_SECONDS)
        answers = await collect(targets, performance_id, clock)
        compared.append(crosscheck(answers.facts))
        checks = common_checks(checks, answers.checks)
    return verdict_of(answers, checks, persistent(compared))


def _found(comparisons: list[Comparison], checks: list[OwnCheck]) -> bool:
    return any(comparison.breaches for comparison in comparisons) or any(check.violations for check in checks)


def common_checks(earlier: list[OwnCheck], later: list[OwnCheck]) -> list[OwnCheck]:
    """The later checks with the violations that the earlier ones had too."""
    known = {(check.service, check.invariant, check.name): set(check.violations) for check in earlier}
    result = []
    for check in later:
        before = known.get((check.service, check.invariant, check.name), set())
        result.append(replace(check, violations=tuple(row for row in check.violations if row in before)))
    return result


def verdict_of(answers: Answers, checks: list[OwnCheck], comparisons: list[Comparison]) -> Verdict:
    """The last round's answers with what was left of all rounds' findings; `comparisons` as crosscheck orders them."""
    lines = [Line(c.invariant, c.name, c.service, c.examined, list(c.violations)) for c in checks]
    lines += [Line(c.invariant, c.name, "all", c.examined, [row.text for row in c.breaches]) for c in comparisons]
    doubled = {row.subject for c in comparisons[:2] for row in c.breaches}  # the two comparisons that count per seat
    unresolved = sum(order.state in UNRESOLVED for order in answers.facts.orders)
    return Verdict(sorted(lines, key=_order), answers.silent, unresolved, len(doubled), answers.facts)


def _order(line: Line) -> tuple[str, str]:
    return line.invariant, line.asked


def as_table(verdict: Verdict) -> Table:
    """For people."""
    table = Table(title="Audit", title_justify="left", show_lines=False)
    for column in ("invariant", "what was compared", "asked"):
        table.add_column(column)
    table.add_column("rows", justify="right")
    table.add_column("result")
    for line in verdict.lines:
        result = "[green]ok[/]" if not line.violations else f"[red]{len(line.violations)} broken[/]"
        table.add_row(line.invariant, line.name, line.asked, f"{line.examined:,}", result)
    for service, reason in verdict.silent.items():
        table.add_row("", f"{service} did not answer", service, "", f"[red]{reason}[/]")
    return table


def broken_rows(verdict: Verdict) -> list[str]:
    """The rows that break an invariant, at most 20 a line of the audit."""
    rows = []
    for line in verdict.lines:
        rows += [f"{line.invariant} {row}" for row in line.violations[:_SHOWN_ROWS]]
        if len(line.violations) > _SHOWN_ROWS:
            rows.append(f"{line.invariant} and {len(line.violations) - _SHOWN_ROWS} more")
    return rows

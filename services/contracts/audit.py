"""What every record tells the auditor, in one form: checks of its own rules, and facts that other records have too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from balcon.audit.v1.audit_service_pb2 import Fact

# Rows told of one check, as the proto promises. Where there are more, a hundred say enough.
MAX_VIOLATIONS = 100
# Keeps an answer far below what a client takes.
FACTS_A_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One invariant looked at over `examined` rows; `violations` are those that break it, each with its keys."""

    invariant: str
    name: str
    examined: int
    violations: Sequence[str]


class RecordAudit(Protocol):
    """Reads a service's record, over all houses: for operators only. An empty performance id is every performance."""

    async def checks(self, performance_id: str) -> Sequence[CheckResult]:
        """The record against itself, each check with MAX_VIOLATIONS at most."""
        ...

    def facts(self, performance_id: str) -> AsyncIterator[Sequence[Fact]]:
        """What only a comparison with other services can check, in pages of FACTS_A_PAGE at most."""
        ...

"""What the adapters of advertising companies have in common. It knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar, assert_never

from services.integrations.trackers.adapters.event_batch import Bad, Taken, Verdict
from services.integrations.trackers.domain.conversion import Conversion
from services.runtime.outbound.http import Answer
from services.runtime.outbound.port import Carried, Done, Exchange, Later, Locked, Outcome, Settled, Target

A_contra = TypeVar("A_contra", contravariant=True)

# Events near the end of their time are given up before the company could refuse all for one.
AGE_MARGIN_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class CompanyRules:
    """`oldest_ms`: what happened longer ago is not sent. `cannot_retract`: why a refund cannot be told; '': it can.

    `can_match`: whether it is said of somebody whom the company could know. It refuses what is not, and all beside it.
    """

    name: str
    oldest_ms: int
    can_match: Callable[[Conversion], bool]
    cannot_retract: str = ""


class Company(Protocol[A_contra]):
    """Tells one company what happened, as one of its accounts."""

    @property
    def rules(self) -> CompanyRules:
        """For every account alike."""
        ...

    async def tell(self, target: Target, account: A_contra, conversions: Sequence[Conversion], kind: str) -> Carried:
        """All of one account, none of them too old. Raises nothing that the company can cause."""
        ...

    async def validate(self, target: Target, account: A_contra, conversion: Conversion) -> Carried:
        """Has the company look at one without counting it."""
        ...


def instant(ms: int) -> str:
    """RFC 3339 in UTC, in milliseconds."""
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def kept(answer: Answer, verdict: Verdict) -> Exchange:
    """The exchange as it was understood."""
    match verdict:
        case Taken():
            outcome: Outcome = Done(Settled.DELIVERED, verdict.note)
        case Bad():
            outcome = Done(Settled.REFUSED, verdict.why)
        case Later() | Locked():
            outcome = verdict
        case _:
            assert_never(verdict)
    return answer.exchange_as(outcome)

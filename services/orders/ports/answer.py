"""What another service's answer comes to: done, declined, or no answer at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.contracts.reasons import Reason
from services.runtime.errors import Retryable


class Unanswered(Retryable):
    """Another service gave no certain answer; the call may have had its effect."""

    def __init__(self, call: str, retry_after_ms: int = 0) -> None:
        super().__init__(call=call)
        self.retry_after_ms = retry_after_ms


@dataclass(frozen=True, slots=True)
class Done:
    """It is in the other service's record."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The other service's logic said no, for a reason that we know to be one; nothing was changed there."""

    reason: Reason
    facts: Mapping[str, str] = field(default_factory=dict)


Answer = Done | Declined

"""What the calls of a served twin meet: refusals in another service's words, faults, lost answers."""

from __future__ import annotations

from typing import Any

import grpc

from services.runtime.errors import Kind, Refusal
from services.runtime.rpc.errors import Refused

Context = grpc.aio.ServicerContext[Any, Any]

_KINDS = {
    "SEATS_TAKEN": Kind.CONFLICT,
    "HOLD_NOT_FOUND": Kind.NOT_FOUND,
    "CLAIM_NOT_FOUND": Kind.NOT_FOUND,
    "PERFORMANCE_NOT_FOUND": Kind.NOT_FOUND,
    "HOLD_FOREIGN": Kind.FORBIDDEN,
    "OVERLOADED": Kind.EXHAUSTED,
    "PAYMENT_UNKNOWN": Kind.NOT_FOUND,
    "FIELD_INVALID": Kind.INVALID,
}


def refused(worded: str, **told: str) -> Refused:
    """A refusal as another service words it."""

    class Worded(Refusal):
        """Said by another service."""

        kind = _KINDS.get(worded, Kind.PRECONDITION)

        @classmethod
        def reason(cls) -> str:
            return worded

        def facts(self) -> dict[str, str]:
            return told

        def lists(self) -> dict[str, tuple[str, ...]]:
            return {}

        def message(self) -> str:
            return worded

    return Refused(Worded())


class Trouble:
    """What the next calls of a service meet instead of an answer; `calls` counts them all by name."""

    def __init__(self) -> None:
        self.next: list[Exception] = []
        self.after: list[Exception] = []
        self.calls: list[str] = []

    def meet(self, name: str) -> None:
        """Before the call has its effect."""
        self.calls.append(name)
        if self.next:
            raise self.next.pop(0)

    def meet_after(self) -> None:
        """After the call had its effect: the answer is lost."""
        if self.after:
            raise self.after.pop(0)

"""What can go wrong, in two families: refusals are values (the answer is no), faults are exceptions (no answer yet)."""

from __future__ import annotations

import dataclasses
import re
from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """How a refusal is classed; services.runtime.rpc.errors maps each kind to one gRPC status."""

    INVALID = "invalid"  # the request can never succeed as it stands
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"  # somebody else was first; other seats may do
    PRECONDITION = "precondition"  # wrong state for this act
    FORBIDDEN = "forbidden"
    EXHAUSTED = "exhausted"  # a limit is reached; later may do
    MOVED = "moved"  # another node answers for this


class Refusal:
    """Base of every refusal. Subclasses are frozen slotted dataclasses: docstring is the message, fields the facts."""

    __slots__ = ()
    kind: ClassVar[Kind]

    @classmethod
    def reason(cls) -> str:
        """The class's name as google.rpc.ErrorInfo wants it: SeatsTaken is SEATS_TAKEN."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).upper()

    def facts(self) -> dict[str, str]:
        """Every field as text; lists are joined with commas."""
        return {field.name: _text(getattr(self, field.name)) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    def message(self) -> str:
        """The class docstring with its {facts} filled in."""
        return (self.__doc__ or self.reason()).format(**self.facts())


def _text(value: object) -> str:
    if isinstance(value, tuple | list | frozenset | set):
        return ",".join(str(item) for item in value)
    return str(value)


@dataclasses.dataclass(frozen=True, slots=True)
class FieldInvalid(Refusal):
    """{field} {problem} (limit: {limit})."""

    kind = Kind.INVALID
    field: str
    problem: str
    limit: str


@dataclasses.dataclass(frozen=True, slots=True)
class IdempotencyKeyReused(Refusal):
    """{field} {key} was used before with other content."""

    kind = Kind.CONFLICT
    field: str
    key: str


@dataclasses.dataclass(frozen=True, slots=True)
class Overloaded(Refusal):
    """Too much is waiting; try again in {retry_after_ms} ms."""

    kind = Kind.EXHAUSTED
    retry_after_ms: int


@dataclasses.dataclass(frozen=True, slots=True)
class AnswerTooLarge(Refusal):
    """The answer has {size} bytes, and not every client takes more than {limit}: call {instead}."""

    kind = Kind.PRECONDITION
    size: int
    limit: int
    instead: str


class Fault(Exception):
    """Base of faults. The class docstring is the message, attributes are the facts."""

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__((self.__doc__ or type(self).__name__).splitlines()[0] + (f" {facts}" if facts else ""))


class Retryable(Fault):
    """It may work when tried again with the same keys."""


class Fatal(Fault):
    """Trying again will not help; somebody must look."""

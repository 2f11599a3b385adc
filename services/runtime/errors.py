"""What can go wrong, in two families: refusals are values (the answer is no), faults are exceptions (no answer yet)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from enum import Enum
from functools import cache
from typing import ClassVar


class Kind(Enum):
    """How a refusal is classed; services.runtime.rpc.errors maps each kind to one gRPC status."""

    INVALID = "invalid"  # the request can never succeed as it stands
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"  # somebody else was first; other seats may do, the same ones will not
    TAKEN = "taken"  # a name or key is in use for something else
    UNDER_WAY = "under_way"  # the same request again, after a moment, gets its answer
    PRECONDITION = "precondition"  # wrong state for this act
    UNAUTHENTICATED = "unauthenticated"  # nobody knows who asks; with a good token it may be granted
    FORBIDDEN = "forbidden"  # it is known who asks, and not for them
    EXHAUSTED = "exhausted"  # too much at once; later will do
    MOVED = "moved"  # another node answers for this


# As many items of a list as a message names; the rest is counted.
ITEMS_NAMED = 12
# As many faults of one request as are put into words: more than the status of a call has room for. All are counted.
FAULTS_TOLD = 128
# The problem of a field that has no value where one is needed, in every service.
UNSET = "must be set"


@dataclasses.dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong, and what is wrong with it, as google.rpc.BadRequest tells it."""

    field: str
    description: str


class Refusal:
    """Base of every refusal. Subclasses are frozen slotted dataclasses: docstring is the message, fields the facts."""

    __slots__ = ()
    kind: ClassVar[Kind]

    @classmethod
    def reason(cls) -> str:
        """The class's name as google.rpc.ErrorInfo wants it: SeatsTaken is SEATS_TAKEN."""
        return _upper_snake(cls.__name__)

    def facts(self) -> dict[str, str]:
        """Every field as text; lists are joined with commas."""
        return {name: _text(getattr(self, name)) for name in _field_names(type(self))}

    def lists(self) -> dict[str, tuple[str, ...]]:
        """The facts that are lists, item by item."""
        values = [(name, getattr(self, name)) for name in _field_names(type(self))]
        return {name: tuple(map(str, value)) for name, value in values if isinstance(value, _LISTS)}

    def message(self) -> str:
        """The class docstring with its {facts} filled in; of a long list the first items and how many more."""
        facts = self.facts()
        for name, items in self.lists().items():
            more = len(items) - ITEMS_NAMED
            facts[name] = ", ".join(items[:ITEMS_NAMED]) + (f" and {more} more" if more > 0 else "")
        return (self.__doc__ or self.reason()).format(**facts)

    def violations(self) -> tuple[Violation, ...]:
        """The fields that are wrong, where the refusal is about fields."""
        return ()


# A sold-out hall says little else than no: what is the same for every refusal of a class is found out once.
@cache
def _upper_snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


_names: dict[type[Refusal], tuple[str, ...]] = {}


def _field_names(refusal: type[Refusal]) -> tuple[str, ...]:
    names = _names.get(refusal)
    if names is None:
        _names[refusal] = names = tuple(field.name for field in dataclasses.fields(refusal))  # type: ignore[arg-type]
    return names


_LISTS = (tuple, list, frozenset, set)


def _text(value: object) -> str:
    if isinstance(value, _LISTS):
        return ",".join(map(str, value))
    return str(value)


@dataclasses.dataclass(frozen=True, slots=True)
class FieldInvalid(Refusal):
    """{field} {problem} (limit: {limit})."""

    kind = Kind.INVALID
    field: str
    problem: str
    limit: str
    # What else is wrong with the same request: see refused_fields.
    others: tuple[FieldInvalid, ...] = ()

    def facts(self) -> dict[str, str]:
        """The first field's; how many there are in all where there are others."""
        facts = {"field": self.field, "problem": self.problem, "limit": self.limit}
        return facts | {"violations": str(1 + len(self.others))} if self.others else facts

    def lists(self) -> dict[str, tuple[str, ...]]:
        """None: the others are told as violations."""
        return {}

    def message(self) -> str:
        """The first field's, and how many more are wrong."""
        first = Refusal.message(self)
        if not self.others:
            return first
        return f"{first} {len(self.others)} more {'is' if len(self.others) == 1 else 'are'} wrong."

    def violations(self) -> tuple[Violation, ...]:
        """This field first, then the others, as many as are told."""
        told = (self, *self.others[: FAULTS_TOLD - 1])
        return tuple(Violation(fault.field, Refusal.message(fault)) for fault in told)


def refused_fields(checks: Iterable[FieldInvalid | None]) -> FieldInvalid | None:
    """All that is wrong with a request as one refusal, None if nothing is: callers mend their fields in one go."""
    found = [refusal for refusal in checks if refusal is not None]
    if not found:
        return None
    alone = [dataclasses.replace(fault, others=()) for refusal in found for fault in (refusal, *refusal.others)]
    return dataclasses.replace(found[0], others=tuple(alone[1:]))


@dataclasses.dataclass(frozen=True, slots=True)
class IdempotencyKeyReused(Refusal):
    """{field} {key} was used before with other content."""

    kind = Kind.TAKEN
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

    # What a caller is told to wait; long enough that a crowd of them does not keep down what has just come back.
    retry_after_ms: int = 500


class StoreUnavailable(Retryable):
    """A store does not answer; what was sent may or may not have happened."""


class Fatal(Fault):
    """Trying again will not help; somebody must look."""

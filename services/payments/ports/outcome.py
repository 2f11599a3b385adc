"""What a provider's answer comes to: done, declined, or uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The provider answered: this is how things stand there."""

    value: T


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider definitely did not do it. `code` is its word, such as card_declined or not_found."""

    code: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """It may or may not have been done: timeout, 5xx, lost connection, unreadable answer. Ask again."""

    why: str
    # The provider asks for so long a pause; 0: it says nothing.
    retry_after_ms: int = 0


Outcome: TypeAlias = Done[T] | Declined | Uncertain

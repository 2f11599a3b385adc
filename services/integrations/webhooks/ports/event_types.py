"""The kinds of events that an endpoint may be told, in words for who receives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventField:
    """`path` from "data", such as lines[].price.amountMinor; `type` as JSON has it."""

    path: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event."""

    type: str
    topic: str
    description: str
    fields: Sequence[EventField]


@dataclass(frozen=True, slots=True)
class EventTypes:
    """All that there are, by topic and name."""

    all: Sequence[EventType]
    names: frozenset[str]
    topics: frozenset[str]

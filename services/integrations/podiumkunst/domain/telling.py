"""What goes out of the figures of a performance, and when: what has changed, and all of it once a day (R0.2, R0.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from services.integrations.podiumkunst.domain.figures import Figures
from services.integrations.podiumkunst.domain.sales import NOTHING, Kind, Sold

# The platform wants everything once per 24 hours at least; what is as it was goes out again a little before that.
AGAIN_AFTER_MS: Final = 23 * 3_600_000


class Part(StrEnum):
    """A kind of figures, each told by a call of its own. Values are what stores and the ledger have."""

    TICKETS = "tickets"
    RESERVATIONS = "reservations"
    BLOCKED = "blocked"
    CAPACITY = "capacity"


class Telling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of one number, as it is to be told: counts and minor units by name."""

    number: str
    performance_id: str
    part: Part
    counts: dict[str, tuple[int, int]]

    def encoded(self) -> bytes:
        """What waits in the queue, and what is compared: the same figures are the same bytes."""
        return msgspec.json.encode(self, order="deterministic")


def decoded(body: bytes) -> Telling:
    """Of encoded()."""
    return msgspec.json.decode(body, type=Telling)


def tellings(number: str, performance_id: str, figures: Figures) -> Mapping[Part, Telling]:
    """All four."""
    counts: Mapping[Part, Mapping[str, Sold]] = {
        Part.TICKETS: {kind.value: figures.by_kind.get(kind, NOTHING) for kind in Kind},
        Part.RESERVATIONS: {"reserved": figures.reserved},
        Part.BLOCKED: {"blocked": figures.blocked},
        Part.CAPACITY: {f"rank{rank}": Sold(count, 0) for rank, count in enumerate(figures.ranks, 1)},
    }
    plain = {part: {name: (one.tickets, one.recette_minor) for name, one in of.items()} for part, of in counts.items()}
    return {part: Telling(number, performance_id, part, of) for part, of in plain.items()}


@dataclass(frozen=True, slots=True)
class LastTold:
    """What was put out last of one part, and what of it the platform has taken."""

    put: bytes
    told: bytes | None = None
    told_at_ms: int = 0


def is_due(telling: bytes, last: LastTold | None, now_ms: int, *, all_of_it: bool) -> bool:
    """Whether this goes out now. What was put and has not arrived still waits, and is replaced where it changed."""
    if all_of_it or last is None or last.told != telling or last.put != telling:
        return True
    return now_ms - last.told_at_ms >= AGAIN_AFTER_MS

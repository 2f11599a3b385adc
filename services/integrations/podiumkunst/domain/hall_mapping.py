"""The house's halls as the platform calls them, and its price categories as ranks (R0.15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.bounds import MAX_CATEGORY_CHARS
from services.contracts.texts import refused_text
from services.integrations.podiumkunst.domain.connection import MAX_THEATRE_ID_CHARS
from services.integrations.podiumkunst.domain.platform import RANKS
from services.runtime.errors import FieldInvalid, refused_fields

MAX_LOCATION_CHARS: Final = 200
MAX_RANKED: Final = 200


@dataclass(frozen=True, slots=True)
class CategoryRank:
    """Several categories may be of one rank."""

    category: str
    rank: int


@dataclass(frozen=True, slots=True)
class HallMapping:
    """`theatre_id` '': not mapped. `location` '': the theatre has one hall only, or it is not told apart."""

    hall_id: str
    theatre_id: str = ""
    location: str = ""
    ranks: tuple[CategoryRank, ...] = ()
    revision: int = 0

    @property
    def is_mapped(self) -> bool:
        """Whether the platform's theatre is known."""
        return bool(self.theatre_id)


def refused_mapping(mapping: HallMapping) -> FieldInvalid | None:
    """All that is wrong with a mapping, else None."""
    ranks = mapping.ranks
    checks: list[FieldInvalid | None] = [
        refused_text("hall.theatre_id", mapping.theatre_id, at_least=0, at_most=MAX_THEATRE_ID_CHARS),
        refused_text("hall.location", mapping.location, at_least=0, at_most=MAX_LOCATION_CHARS),
    ]
    if mapping.location and not mapping.theatre_id:
        checks.append(FieldInvalid("hall.location", "is set without a theatre", "a theatre's hall"))
    if len(ranks) > MAX_RANKED:
        return refused_fields([*checks, FieldInvalid("hall.ranks", f"has {len(ranks)}", f"at most {MAX_RANKED}")])
    seen: set[str] = set()
    for place, one in enumerate(ranks):
        field = f"hall.ranks[{place}]"
        checks.append(refused_text(f"{field}.category", one.category, at_most=MAX_CATEGORY_CHARS))
        if one.category in seen:
            checks.append(FieldInvalid(f"{field}.category", f"{one.category[:50]!r} is there twice", "each once"))
        seen.add(one.category)
        if not 1 <= one.rank <= RANKS:
            checks.append(FieldInvalid(f"{field}.rank", f"is {one.rank}", f"1 to {RANKS}"))
    return refused_fields(checks)


def suggested_ranks(prices: Mapping[str, int], settled: Sequence[CategoryRank] = ()) -> tuple[CategoryRank, ...]:
    """The dearest is rank 1; equal prices share a rank; beyond the last rank all share it. What is settled stays."""
    if settled:
        known = {one.category: one.rank for one in settled}
        missing = [one for one in suggested_ranks(prices) if one.category not in known]
        return (*settled, *missing)
    dearest_first = sorted(set(prices.values()), reverse=True)
    rank_of = {price: min(place, RANKS) for place, price in enumerate(dearest_first, start=1)}
    ordered = sorted(prices, key=lambda category: (-prices[category], category))
    return tuple(CategoryRank(category, rank_of[prices[category]]) for category in ordered)

"""Uses that are counted: of promotion codes, discounts and passes. Counted with the order, given back when it dies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CountedUse:
    """So many uses of one thing by one order. `counted_id`: what is counted, in its house; limit 0 is none."""

    counted_id: str
    count: int
    limit: int = 0

"""What became of customers that are no more: erased, or one person with another. Pure; order does not matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Whom an erased customer became.
NOBODY = ""


@dataclass(frozen=True, slots=True)
class CustomerGone:
    """A customer is no more: `became` is the one that stays, NOBODY when the person was erased."""

    house_id: str
    customer_id: str
    became: str


def with_fate(fates: Mapping[str, str], gone: CustomerGone) -> Mapping[str, str]:
    """The fates of one house's customers with one more, each told to its end. Nobody comes back from being erased."""
    if fates.get(gone.customer_id) == NOBODY:
        return fates
    end = fates.get(gone.became, gone.became)
    if end == gone.customer_id:
        return fates
    moved = {customer: end if became == gone.customer_id else became for customer, became in fates.items()}
    return {**moved, gone.customer_id: end}

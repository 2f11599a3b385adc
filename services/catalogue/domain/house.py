"""Houses as accounts tells of them: what the catalogue needs to know, and no rule of what one may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class House:
    """A tenant. `time_zone` is an IANA name; `currency` is ISO 4217 and that of all its prices.

    Of two of the same house the one with the higher revision is newer; 0 is from before accounts knew it.
    """

    house_id: str
    label: str
    name: str
    time_zone: str
    currency: str
    languages: tuple[str, ...] = ()
    revision: int = 0

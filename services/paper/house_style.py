"""What makes a house's paper its own: logo, colours, address, language, clock and currency."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.runtime.errors import UNSET, FieldInvalid

DEFAULT_PRIMARY = "#1F2A44"
DEFAULT_ACCENT = "#B3282D"


@dataclass(frozen=True, slots=True)
class HouseStyle:
    """`language` is one of services.contracts.languages, `time_zone` an IANA name, `currency` an ISO 4217 code.

    Colours are #RRGGBB. `logo` is a PNG or JPEG (services.paper.logo.refused_logo says what else is not
    taken); empty: the house's name is set in its place.
    """

    house_name: str
    language: str
    time_zone: str
    currency: str
    address_lines: tuple[str, ...] = ()
    logo: bytes = b""
    primary_color: str = DEFAULT_PRIMARY
    accent_color: str = DEFAULT_ACCENT


_COLOR = re.compile("#[0-9A-Fa-f]{6}")


def refused_color(field: str, value: str) -> FieldInvalid | None:
    """The refusal for what is no colour as a style has it, else None."""
    if _COLOR.fullmatch(value):
        return None
    return FieldInvalid(field, f"is {value[:16]!r}" if value else UNSET, "#RRGGBB, such as #1F2A44")

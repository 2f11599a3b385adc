"""In which country a house is: its time zone says so. Nothing here knows what follows from it."""

from __future__ import annotations

from babel.core import get_global

# What the CLDR says of a zone that is nobody's, such as UTC.
_NOBODYS = "ZZ"


def country_of(time_zone: str) -> str:
    """ISO 3166, such as DE for Europe/Berlin; '' where the zone is of no country."""
    found: str = get_global("zone_territories").get(time_zone, _NOBODYS)
    return "" if found == _NOBODYS else found

"""How long the law wants to see who paid what: years by country, and the moment when they are over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from services.contracts.house_time import day_begins_ms, local_of

# Invoices and what proves them, from the end of the year in which they were made.
RETENTION_YEARS: Final[Mapping[str, int]] = {
    "AT": 7,  # BAO, section 132
    "BE": 10,  # VAT code, article 60
    "CH": 10,  # OR, article 958f
    "DE": 8,  # AO, section 147, since 2025
    "DK": 5,  # bogforingsloven, section 12
    "FR": 10,  # Code de commerce, article L123-22
    "GB": 6,  # VAT notice 700/21
    "LU": 10,  # Code de commerce, article 16
    "NL": 7,  # AWR, article 52
    "NO": 5,  # bokforingsloven, section 13
    "SE": 7,  # bokforingslagen, chapter 7
}
# Where nobody has looked it up: the longest of them.
LONGEST_YEARS: Final = max(RETENTION_YEARS.values())


def retention_years(country: str) -> int:
    """Of a country, ISO 3166."""
    return RETENTION_YEARS.get(country, LONGEST_YEARS)


def locked_until_ms(country: str, time_zone: str, paid_at_ms: int) -> int:
    """When what was paid then need not be kept any more: the end of the last year, in house time."""
    paid = local_of(time_zone, paid_at_ms)
    return day_begins_ms(time_zone, date(paid.year + retention_years(country) + 1, 1, 1))

"""The countries' VAT rates, from vat_rates.json beside this file, whose `details` name the source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from services.catalogue.domain.vat import CountryRates

_FILE = Path(__file__).parent / "vat_rates.json"
# What the file says for a rate that it has always had.
_ALWAYS = "0000-01-01"


def country_rates() -> Mapping[str, tuple[CountryRates, ...]]:
    """By the country's two letters, rates in basis points. Exceptions for regions are the house's own business."""
    items = json.loads(_FILE.read_text(encoding="utf-8"), parse_float=Decimal)["items"]
    return {
        country: tuple(
            CountryRates(
                "" if period["effective_from"] == _ALWAYS else period["effective_from"],
                {name: _basis_points(percent) for name, percent in period["rates"].items()},
            )
            for period in periods
        )
        for country, periods in items.items()
    }


def _basis_points(percent: int | Decimal) -> int:
    """4.8 % is 480. Decimal, so that it is exactly that."""
    points = Decimal(percent) * 100
    assert points == int(points), "a rate finer than a basis point"
    return int(points)

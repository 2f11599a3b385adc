"""Packages: several performances sold together for a price of their own. A season ticket is one with the same seats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from services.catalogue.domain.discount import MAX_NAMED, MAX_USES, faults_of_named
from services.catalogue.domain.house import House
from services.catalogue.domain.price_book import PriceBook
from services.catalogue.domain.ticket_type import LocalName, faults_of_names, refused_channels
from services.contracts.bounds import (
    MAX_CATEGORY_CHARS,
    MAX_NAME_CHARS,
    MAX_PARTS_PER_ORDER,
    MAX_PRICE_MINOR,
    MAX_SEATS_PER_CUSTOMER,
    MAX_TICKET_TYPE_CHARS,
)
from services.contracts.channels import Channel
from services.contracts.instants import refused_instant
from services.contracts.prices import WHOLE_BASIS_POINTS
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key


class PackageRule(Enum):
    """What a package does to base and surcharge. Values are what the store keeps."""

    PERCENT_OFF = "percent_off"
    FIXED_PRICE = "fixed_price"
    EACH_NTH_FREE = "each_nth_free"


@dataclass(frozen=True, slots=True)
class PackagePrice:
    """What one seat costs in all performances together."""

    category: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Package:
    """Fields are named as in the message; instants are unix milliseconds, empty lists are all, 0 is no bound."""

    name: str
    performance_ids: tuple[str, ...]
    rule: PackageRule | None
    translations: tuple[LocalName, ...] = ()
    min_performances: int = 0
    max_performances: int = 0
    basis_points: int = 0
    prices: tuple[PackagePrice, ...] = ()
    nth: int = 0
    same_seats: bool = False
    ticket_types: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    channels: tuple[Channel | None, ...] = ()
    starts_at: int = 0
    ends_at: int = 0
    max_uses: int = 0
    max_per_customer: int = 0


def refused_package(package_id: str, package: Package) -> FieldInvalid | None:
    """All that is wrong with a package by itself, None if nothing is."""
    return refused_fields(_faults(package_id, package))


def _faults(package_id: str, package: Package) -> Iterator[FieldInvalid | None]:
    yield refused_key("package.package_id", package_id)
    yield refused_text("package.name", package.name, at_most=MAX_NAME_CHARS)
    yield from faults_of_names("package.translations", package.translations)
    yield from _faults_of_performances(package)
    yield from _faults_of_rule(package)
    for name, values, most in (
        ("ticket_types", package.ticket_types, MAX_TICKET_TYPE_CHARS),
        ("categories", package.categories, MAX_CATEGORY_CHARS),
    ):
        yield from faults_of_named(f"package.{name}", values, most)
    yield refused_channels("package.channels", package.channels)
    yield refused_instant("package.starts_at", package.starts_at, may_be_unset=True)
    yield refused_instant("package.ends_at", package.ends_at, may_be_unset=True)
    if package.ends_at and package.starts_at >= package.ends_at:
        yield FieldInvalid("package.ends_at", "is not after its start", "after starts_at")
    yield _refused_number("max_uses", package.max_uses, 0, MAX_USES)
    yield _refused_number("max_per_customer", package.max_per_customer, 0, MAX_SEATS_PER_CUSTOMER)


def _faults_of_performances(package: Package) -> Iterator[FieldInvalid | None]:
    field, ids = "package.performance_ids", package.performance_ids
    if not 1 <= len(ids) <= MAX_NAMED:
        problem = f"has {len(ids):,}" if ids else UNSET
        yield FieldInvalid(field, problem, f"1 to {MAX_NAMED}")
        return
    for place, performance_id in enumerate(ids):
        yield refused_key(f"{field}[{place}]", performance_id)
        if performance_id in ids[:place]:
            yield FieldInvalid(f"{field}[{place}]", "is there twice", "each performance once")
    least, most = package.min_performances, package.max_performances
    if least:
        at_most = min(len(ids), MAX_PARTS_PER_ORDER)
        yield _refused_number("min_performances", least, 1, at_most)
        if most:
            yield _refused_number("max_performances", most, least, at_most)
    elif most:
        yield FieldInvalid("package.max_performances", f"is {most:,}", "0, where all must be taken")
    elif len(ids) > MAX_PARTS_PER_ORDER:
        limit = f"at most {MAX_PARTS_PER_ORDER}, where all must be taken"
        yield FieldInvalid(field, f"has {len(ids)}", limit)


def _faults_of_rule(package: Package) -> Iterator[FieldInvalid | None]:
    match package.rule:
        case None:
            yield FieldInvalid("package.rule", UNSET, ", ".join(rule.value for rule in PackageRule))
        case PackageRule.PERCENT_OFF:
            yield _refused_number("basis_points", package.basis_points, 1, WHOLE_BASIS_POINTS)
        case PackageRule.EACH_NTH_FREE:
            yield _refused_number("nth", package.nth, 2, MAX_PARTS_PER_ORDER)
        case PackageRule.FIXED_PRICE if not 1 <= len(package.prices) <= MAX_NAMED:
            problem = f"has {len(package.prices):,}" if package.prices else UNSET
            yield FieldInvalid("package.prices", problem, f"1 to {MAX_NAMED}")
        case _:
            pass
    seen: set[str] = set()
    for place, price in enumerate(package.prices[:MAX_NAMED]):
        field = f"package.prices[{place}]"
        yield refused_text(f"{field}.category", price.category, at_most=MAX_CATEGORY_CHARS)
        if price.category in seen:
            yield FieldInvalid(f"{field}.category", f"{price.category!r} is there twice", "each category once")
        seen.add(price.category)
        if not 0 <= price.amount_minor <= MAX_PRICE_MINOR:
            limit = f"0 to {MAX_PRICE_MINOR:,} minor units"
            yield FieldInvalid(f"{field}.amount.amount_minor", f"is {price.amount_minor:,}", limit)
        if not price.currency:
            yield FieldInvalid(f"{field}.amount.currency", UNSET, "the house's")


def _refused_number(name: str, value: int, least: int, most: int) -> FieldInvalid | None:
    if least <= value <= most:
        return None
    return FieldInvalid(f"package.{name}", f"is {value:,}" if value else UNSET, f"{least:,} to {most:,}")


def beside_house(package: Package, house: House, _: PriceBook) -> FieldInvalid | None:
    """Prices are of the house's currency."""
    return refused_fields(
        FieldInvalid(f"package.prices[{place}].amount.currency", "is not the house's", house.currency)
        for place, price in enumerate(package.prices)
        if price.currency != house.currency
    )

"""A house's taxes: classes with rates from dates on, and those that a country begins with. Dates are YYYY-MM-DD."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from services.contracts.bounds import MAX_NAME_CHARS, MAX_SEATS_PER_CUSTOMER
from services.contracts.house_time import plain_day
from services.contracts.prices import WHOLE_BASIS_POINTS, VatRounding
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_RATES = 50

_ROUNDINGS = ", ".join(rounding.value for rounding in VatRounding)


class VatKind(Enum):
    """What sort of tax a class is. Values are what the store keeps."""

    EXEMPT = "exempt"
    REDUCED = "reduced"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class VatRate:
    """A rate from a date on; "" is ever since."""

    from_date: str
    basis_points: int


@dataclass(frozen=True, slots=True)
class VatClass:
    """A tax by the name that the house gives it. `kind` is None where the caller named none."""

    name: str
    kind: VatKind | None
    rates: tuple[VatRate, ...]

    def rate_on(self, day: str) -> int:
        """In basis points; before the first rate, the first."""
        rates = sorted(self.rates, key=lambda rate: rate.from_date)
        return next((rate.basis_points for rate in reversed(rates) if rate.from_date <= day), rates[0].basis_points)


@dataclass(frozen=True, slots=True)
class PriceRules:
    """What holds for all prices of a house. No class: nobody has said which."""

    vat_rounding: VatRounding | None = VatRounding.HALF_UP_PER_LINE
    ticket_vat_class_id: str = ""
    # Of a performance, in all of one customer's orders; 0: no bound.
    seats_per_customer: int = 0
    # Of a performance, paid for with one card; 0: no bound.
    seats_per_instrument: int = 0


@dataclass(frozen=True, slots=True)
class CountryRates:
    """A country's rates by name, from a date on."""

    from_date: str
    rates: Mapping[str, int]


def refused_vat_class(vat_class_id: str, vat_class: VatClass, field: str = "vat_class") -> FieldInvalid | None:
    """All that is wrong with a class, None if nothing is."""
    return refused_fields(_faults(vat_class_id, vat_class, field))


def _faults(vat_class_id: str, vat_class: VatClass, field: str) -> Iterator[FieldInvalid | None]:
    yield refused_key(f"{field}.vat_class_id", vat_class_id)
    yield refused_text(f"{field}.name", vat_class.name, at_most=MAX_NAME_CHARS)
    if vat_class.kind is None:
        yield FieldInvalid(f"{field}.kind", UNSET, "exempt, reduced or standard")
    if not 1 <= len(vat_class.rates) <= MAX_RATES:
        problem = f"has {len(vat_class.rates):,} rates" if vat_class.rates else UNSET
        yield FieldInvalid(f"{field}.rates", problem, f"1 to {MAX_RATES}")
        return
    most = 0 if vat_class.kind is VatKind.EXEMPT else WHOLE_BASIS_POINTS
    seen: set[str] = set()
    for place, rate in enumerate(vat_class.rates):
        at = f"{field}.rates[{place}]"
        if not 0 <= rate.basis_points <= most:
            limit = "0 for an exempt class" if not most else f"0 to {most:,}, which is 100 %"
            yield FieldInvalid(f"{at}.basis_points", f"is {rate.basis_points:,}", limit)
        if rate.from_date and not plain_day(rate.from_date):
            yield FieldInvalid(f"{at}.from_date", f"{rate.from_date[:20]!r} is no date", "YYYY-MM-DD, or empty")
        elif rate.from_date in seen:
            yield FieldInvalid(f"{at}.from_date", f"{rate.from_date!r} is there twice", "one rate for each date")
        seen.add(rate.from_date)


def refused_rules(rules: PriceRules | None, named: Collection[str]) -> FieldInvalid | None:
    """All that is wrong with those rules that are named, None if nothing is."""
    if rules is None:
        return FieldInvalid("price_rules", UNSET, "the rules as they are to be")
    checks = {
        "vat_rounding": None if rules.vat_rounding else FieldInvalid("price_rules.vat_rounding", UNSET, _ROUNDINGS),
        "ticket_vat_class_id": refused_key("price_rules.ticket_vat_class_id", rules.ticket_vat_class_id)
        if rules.ticket_vat_class_id
        else None,
        "seats_per_customer": refused_customer_limit(rules.seats_per_customer, "price_rules."),
        "seats_per_instrument": refused_instrument_limit(rules.seats_per_instrument, "price_rules."),
    }
    return refused_fields(fault for name, fault in checks.items() if name in named)


def refused_customer_limit(seats: int, within: str = "") -> FieldInvalid | None:
    """The refusal for what cannot be how many tickets one customer may have; 0 is no bound of its own."""
    return _refused_limit(f"{within}seats_per_customer", seats)


def refused_instrument_limit(seats: int, within: str = "") -> FieldInvalid | None:
    """The refusal for what cannot be how many tickets one card may pay for; 0 is no bound of its own."""
    return _refused_limit(f"{within}seats_per_instrument", seats)


def _refused_limit(field: str, seats: int) -> FieldInvalid | None:
    if 0 <= seats <= MAX_SEATS_PER_CUSTOMER:
        return None
    return FieldInvalid(field, f"is {seats:,}", f"0 to {MAX_SEATS_PER_CUSTOMER}")


def classes_of(periods: Iterable[CountryRates], today: str) -> Mapping[str, VatClass]:
    """A country's classes by their names, with all their rates that are known: those in force today or later.

    Every house has an exempt one. Names are the list's own: standard, reduced, reduced1, super_reduced, parking.
    """
    ordered = sorted(periods, key=lambda period: period.from_date)
    in_force = [place for place, period in enumerate(ordered) if period.from_date <= today]
    names = {name for period in ordered[in_force[-1] if in_force else 0 :] for name in period.rates}
    found = {"exempt": VatClass("Exempt", VatKind.EXEMPT, (VatRate("", 0),))}
    for name in sorted(names):
        kind = VatKind.STANDARD if name == "standard" else VatKind.REDUCED
        found[name] = VatClass(name.replace("_", " ").capitalize(), kind, _changes(ordered, name))
    return found


def _changes(ordered: Sequence[CountryRates], name: str) -> tuple[VatRate, ...]:
    """The rate's changes; the first known one is the oldest."""
    changes: list[VatRate] = []
    for period in ordered:
        rate = period.rates.get(name)
        if rate is not None and (not changes or changes[-1].basis_points != rate):
            changes.append(VatRate(period.from_date if changes else "", rate))
    return tuple(changes)

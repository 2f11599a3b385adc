"""Currencies as ISO 4217 lists them, and amounts as people read them. Whoever shows money asks here for its digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from iso4217 import Currency

from services.runtime.errors import UNSET, FieldInvalid

# Codes that have no minor unit (gold, testing, no currency at all) are nothing to be paid in.
_DIGITS: Mapping[str, int] = {
    currency.code: currency.exponent for currency in Currency if currency.exponent is not None
}


def refused_currency(field: str, currency: str) -> FieldInvalid | None:
    """The refusal for what is no code of a currency in use, in upper case, else None."""
    if currency in _DIGITS:
        return None
    problem = UNSET if not currency else f"{currency[:8]!r} is no currency in use"
    return FieldInvalid(field, problem, "a code of ISO 4217, such as EUR")


def minor_digits(currency: str) -> int | None:
    """2 for EUR, 0 for JPY, None for what is no currency in use."""
    return _DIGITS.get(currency)


def decimal_text(amount_minor: int, currency: str) -> str:
    """12.50 with EUR, 1,250 with JPY. A currency that has left the list since is told in what is stored of it."""
    digits = _DIGITS.get(currency)
    if digits is None:
        return f"{amount_minor:,} minor units"
    whole, part = divmod(abs(amount_minor), 10**digits)
    return ("-" if amount_minor < 0 else "") + f"{whole:,}" + (f".{part:0{digits}d}" if digits else "")


def amount_text(amount_minor: int, currency: str) -> str:
    """EUR 12.50, JPY 1,250."""
    return f"{currency} {decimal_text(amount_minor, currency)}"


def shared(amount_minor: int, left_minor: Sequence[int]) -> list[int]:
    """`amount_minor` over parts of which so much each is left, by what is left: exact, and no part beyond what it has.

    Shares are differences of rounded running sums, so they add up to the amount.
    """
    whole = sum(left_minor)
    assert 0 <= amount_minor <= whole, "no more goes back than was paid"
    shares, running, given = [], 0, 0
    for left in left_minor:
        running += left
        upto = amount_minor * running // whole if whole else 0
        shares.append(upto - given)
        given = upto
    return shares

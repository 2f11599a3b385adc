"""Amounts as Stripe counts them: ISO 4217 but for a few currencies, and a wrong one is wrong by a hundred."""

# Stripe's page on supported currencies, read with what people met who used it: two digits unless listed here; ISK and
# UGX have none any more and are still told with two, which must be 00; three digits are told, of which the last must be
# 0. HUF and TWD are special for payouts only.

from __future__ import annotations

from collections.abc import Mapping

from services.contracts.money import minor_digits

_NO_DIGITS = ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
_THREE_DIGITS = ("BHD", "JOD", "KWD", "OMR", "TND")
_ALWAYS_00 = ("ISK", "UGX")
_TWO_DIGITS = 2

# Digits at Stripe, and what an amount there is a multiple of.
RULES: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(_NO_DIGITS, (0, 1)),
    **dict.fromkeys(_THREE_DIGITS, (3, 10)),
    **dict.fromkeys(_ALWAYS_00, (_TWO_DIGITS, 100)),
}


def _rule(currency: str) -> tuple[int, int, int] | None:
    """Our digits, Stripe's digits, and the step of its amounts; None for what nobody should be charged in."""
    ours = minor_digits(currency)
    theirs = RULES.get(currency)
    if ours is None or (theirs is None and ours != _TWO_DIGITS):
        return None
    digits, step = theirs or (_TWO_DIGITS, 1)
    return ours, digits, step


def to_stripe(amount_minor: int, currency: str) -> int | None:
    """The amount in Stripe's units; None when it cannot be charged there exactly."""
    rule = _rule(currency)
    if rule is None:
        return None
    ours, theirs, step = rule
    scaled, rest = divmod(amount_minor * 10**theirs, 10**ours)
    return scaled if not rest and scaled % step == 0 else None


def from_stripe(amount: int, currency: str) -> int:
    """The amount in our minor units. ValueError for what has no such amount."""
    rule = _rule(currency)
    if rule is None:
        message = f"Stripe told an amount in {currency[:8]!r}"
        raise ValueError(message)
    ours, theirs, _ = rule
    units, parts = int(10**ours), int(10**theirs)
    scaled, rest = divmod(amount * units, parts)
    if rest:
        message = f"Stripe told a fraction of the smallest unit of {currency}"
        raise ValueError(message)
    return scaled

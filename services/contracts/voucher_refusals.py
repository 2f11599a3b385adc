"""Why nothing can be paid with a code. Payments says it, orders passes it on to the buyer. No code is in any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from services.contracts.reasons import Reason
from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class VoucherUnknown(Refusal):
    """Nothing has the code in {place}: it is mistyped, or of another house."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    place: str


@dataclass(frozen=True, slots=True)
class VoucherStopped(Refusal):
    """The code in {place}, which ends in {tail}, was stopped by the house."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    place: str
    tail: str


@dataclass(frozen=True, slots=True)
class VoucherExpired(Refusal):
    """The code in {place}, which ends in {tail}, is not valid now."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    place: str
    tail: str
    valid_from_ms: int
    valid_until_ms: int


@dataclass(frozen=True, slots=True)
class VoucherCurrencyDiffers(Refusal):
    """The code in {place}, which ends in {tail}, is in {currency}: the order is paid in {wanted}."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    place: str
    tail: str
    currency: str
    wanted: str


@dataclass(frozen=True, slots=True)
class VoucherSpent(Refusal):
    """The code in {place}, which ends in {tail}, has {left} left."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    place: str
    tail: str
    left: str
    left_minor: int


@dataclass(frozen=True, slots=True)
class TooManyWrongCodes(Refusal):
    """Too many codes were wrong: try again in {retry_after_ms} ms."""

    kind: ClassVar[Kind] = Kind.EXHAUSTED
    retry_after_ms: int


_LEAST_WAIT_MS: Final = 1_000


def voucher_refusal(reason: Reason, facts: Mapping[str, str]) -> Refusal:
    """The refusal that payments gave, for the fields of CheckOut."""
    place, tail = facts.get("place", "").replace("codes[", "voucher_codes["), facts.get("tail", "")
    match reason:
        case Reason.VOUCHER_STOPPED:
            return VoucherStopped(place, tail)
        case Reason.VOUCHER_EXPIRED:
            return VoucherExpired(place, tail, _number(facts, "valid_from_ms"), _number(facts, "valid_until_ms"))
        case Reason.VOUCHER_CURRENCY_DIFFERS:
            return VoucherCurrencyDiffers(place, tail, facts.get("currency", ""), facts.get("wanted", ""))
        case Reason.VOUCHER_SPENT:
            return VoucherSpent(place, tail, facts.get("left", ""), _number(facts, "left_minor"))
        case Reason.TOO_MANY_WRONG_CODES:
            return TooManyWrongCodes(max(_LEAST_WAIT_MS, _number(facts, "retry_after_ms")))
        case _:
            return VoucherUnknown(place)


# What CheckVouchers may say of codes, for certain.
CODE_REASONS: Final = frozenset(
    {
        Reason.VOUCHER_UNKNOWN,
        Reason.VOUCHER_STOPPED,
        Reason.VOUCHER_EXPIRED,
        Reason.VOUCHER_CURRENCY_DIFFERS,
        Reason.VOUCHER_SPENT,
        Reason.TOO_MANY_WRONG_CODES,
    }
)


def _number(facts: Mapping[str, str], name: str) -> int:
    told = facts.get(name, "")
    return int(told) if told.removeprefix("-").isdecimal() else 0

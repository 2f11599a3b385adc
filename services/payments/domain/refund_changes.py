"""What may happen to a refund of ours. Pure; a payment with its refunds changes by payments.apply alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from services.payments.domain.refunds import Refund, RefundState, VoucherShare
from services.runtime.principal import PrincipalRef


@dataclass(frozen=True, slots=True)
class RefundOwed:
    """Money is to go back; what goes onto vouchers has gone with this change."""

    refund: Refund


@dataclass(frozen=True, slots=True)
class RefundAskedAgain:
    """A refund that was stuck is asked for anew, under another key of the caller."""

    key: str
    again_key: str


@dataclass(frozen=True, slots=True)
class RefundAttemptFailed:
    """The provider definitely did not refund under this attempt's key; the next attempt has another."""

    key: str
    attempt: int
    refused_for: str = ""


@dataclass(frozen=True, slots=True)
class RefundAccepted:
    """The provider has taken the refund on: the money is on its way, for days where banks are slow."""

    key: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RefundStuck:
    """The provider refused the refund for the last time that it was asked by itself."""

    key: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RefundGiven:
    """So much more of what a refund owes is back from the provider."""

    key: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RefundSeenTo:
    """Somebody of the house acted on a refund that is stuck. It changes nothing by itself; the act log has it."""

    key: str
    settlement: str
    note: str
    who: PrincipalRef | None


@dataclass(frozen=True, slots=True)
class RefundSettled:
    """People of the house saw to what was left of a refund: by hand, or with a voucher where one is named."""

    key: str
    note: str
    reference: str
    voucher_id: str = ""


@dataclass(frozen=True, slots=True)
class RefundSucceeded:
    """A refund of ours is done, all of it."""

    key: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class RefundMovedBack:
    """So much of what a refund had paid another payment was given back there: it is owed here from now on."""

    key: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RefundPassedOn:
    """The payment that had paid for it owes the buyer what this refund gives back of it."""

    key: str


OfRefund = (
    RefundAskedAgain
    | RefundAttemptFailed
    | RefundAccepted
    | RefundStuck
    | RefundGiven
    | RefundSettled
    | RefundSucceeded
    | RefundMovedBack
    | RefundPassedOn
)


def key_taken_by(change: object) -> str:
    """The caller's key that a change gives a meaning to; empty where it gives none."""
    match change:
        case RefundOwed(refund):
            return refund.key
        case RefundAskedAgain(_, again_key):
            return again_key
        case _:
            return ""


def changed(refund: Refund, change: OfRefund) -> Refund:  # noqa: PLR0911 (one return a change)
    """The refund after `change`."""
    match change:
        case RefundAskedAgain(_, again_key):
            again = (*refund.again_keys, again_key) if again_key else refund.again_keys
            return replace(refund, state=RefundState.DUE, refusals=0, again_keys=again)
        case RefundAttemptFailed(_, attempt, refused_for):
            refused = replace(refund, attempt=attempt + 1, refusals=refund.refusals + 1, refused_for=refused_for)
            return replace(refused, accepted_at_ms=None)
        case RefundAccepted(_, at_ms):
            return replace(refund, accepted_at_ms=at_ms)
        case RefundStuck():
            return replace(refund, state=RefundState.STUCK)
        case RefundGiven(_, amount_minor):
            return replace(refund, provider_done_minor=refund.provider_done_minor + amount_minor)
        case RefundSettled(_, note, reference, voucher_id):
            told = replace(refund, note=note, reference=reference)
            if not voucher_id:
                return replace(told, by_hand_minor=refund.by_hand_minor + refund.left_minor)
            return replace(told, shares=(*refund.shares, VoucherShare("", refund.left_minor, voucher_id)))
        case RefundMovedBack(_, amount_minor):
            back_minor = refund.moved_back_minor + amount_minor
            return replace(refund, moved_minor=refund.moved_minor - amount_minor, moved_back_minor=back_minor)
        case RefundPassedOn():
            return replace(refund, is_passed_on=True)
        case RefundSucceeded(_, at_ms):
            return replace(refund, state=RefundState.SUCCEEDED, ended_at_ms=at_ms)
        case _:
            assert_never(change)

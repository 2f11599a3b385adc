"""Payments as rows. Refunds and charges are documents in their payment's row: one lock and one version for all of it.

The columns of the one refund that releases before 0008 knew are still written, and what such a process wrote is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import RowMapping

from services.payments.domain.charges import Charge
from services.payments.domain.payment import DisputeState, InstrumentLimit, OverLimit, Payment, PaymentState
from services.payments.domain.refunds import Refund, RefundState

_DOCUMENTS = ("refunds", "charges", "limits", "over_limit")
_PLAIN = tuple(field.name for field in dataclasses.fields(Payment) if field.name not in _DOCUMENTS)
# Of the refund that the release before would know.
_MIRRORED = ("refund_state", "refund_key", "refund_attempt", "refund_refusals", "refund_due_at_ms")
COLUMNS = (*_PLAIN, *_DOCUMENTS, *_MIRRORED)
DOCUMENTS_AND_MIRRORS = frozenset((*_DOCUMENTS, *_MIRRORED))
_ENUMS = frozenset({"state", "dispute_state"})
# What a change may change; the rest was fixed by the request.
CHANGING = (
    "state",
    "provider_ref",
    "instrument",
    "over_limit",
    "pay_url",
    "reason",
    "authorised_at_ms",
    "succeeded_at_ms",
    "ended_at_ms",
    "cancel_asked_at_ms",
    "refunds",
    *_MIRRORED,
    "refunded_at_ms",
    "refunded_minor",
    "dispute_state",
    "disputed_minor",
    "attempts",
    "next_attempt_at_ms",
    "version",
)


def row_of(payment: Payment) -> dict[str, Any]:
    """The payment as column values."""
    row = {name: getattr(payment, name) for name in _PLAIN}
    row["state"] = payment.state.value
    row["dispute_state"] = payment.dispute_state.value
    row["refunds"] = msgspec.to_builtins(payment.refunds)
    row["charges"] = msgspec.to_builtins(payment.charges)
    row["limits"] = msgspec.to_builtins(payment.limits) or None
    row["over_limit"] = msgspec.to_builtins(payment.over_limit)
    return row | _mirrored(payment)


def plain_row_of(payment: Payment, names: Sequence[str]) -> dict[str, Any]:
    """Of columns that are neither documents nor mirrored, as they are."""
    row = {name: getattr(payment, name) for name in names}
    for name in _ENUMS & row.keys():
        row[name] = row[name].value
    return row


def _mirrored(payment: Payment) -> dict[str, Any]:
    """The release before asks for all that is left wherever it sees DUE: it is shown only where that is what is due."""
    state = payment.refund_state
    due = payment.due_refund
    if state is RefundState.DUE and due is not None and due.left_minor != payment.left_minor:
        state = RefundState.NONE
    shown = next(
        (one for one in payment.refunds if one.state is state), payment.refunds[0] if payment.refunds else None
    )
    if shown is None:
        return dict(zip(_MIRRORED, (state.value, None, 0, 0, None), strict=True))
    return dict(zip(_MIRRORED, (state.value, shown.key, shown.attempt, shown.refusals, shown.due_at_ms), strict=True))


def payment_of(row: RowMapping) -> Payment:
    """The payment in a row that has every column."""
    values = {name: row[name] for name in _PLAIN}
    values["state"] = PaymentState(values["state"])
    values["dispute_state"] = DisputeState(values["dispute_state"])
    refunds = msgspec.convert(row["refunds"], tuple[Refund, ...]) if row["refunds"] else ()
    charges = msgspec.convert(row["charges"], tuple[Charge, ...]) if row["charges"] else ()
    limits = msgspec.convert(row["limits"], tuple[InstrumentLimit, ...]) if row["limits"] else ()
    over = msgspec.convert(row["over_limit"], OverLimit) if row["over_limit"] else None
    payment = Payment(**values, charges=charges, refunds=refunds, limits=limits, over_limit=over)
    return payment if row["refund_key"] is None else replace(payment, refunds=_refunds_of(payment, row))


def _refunds_of(payment: Payment, row: RowMapping) -> tuple[Refund, ...]:
    """The refunds with what a process of the release before has changed about the one that it knows."""
    state = RefundState(row["refund_state"])
    if payment.refund_under(row["refund_key"]) is None:
        return (*payment.refunds, refund_of_old(payment, row))
    if state is RefundState.SUCCEEDED:
        return tuple(_ended(one, payment.refunded_at_ms) if one.is_open else one for one in payment.refunds)
    return tuple(
        replace(one, attempt=row["refund_attempt"], refusals=row["refund_refusals"], state=state, accepted_at_ms=None)
        if one.key == row["refund_key"] and one.is_open and one.attempt < row["refund_attempt"]
        else one
        for one in payment.refunds
    )


def refund_of_old(payment: Payment, row: RowMapping) -> Refund:
    """The one refund of a payment as the columns of before 0008 tell it: of the whole."""
    state = RefundState(row["refund_state"])
    refund = Refund(
        key=row["refund_key"],
        amount_minor=payment.amount_minor,
        provider_minor=payment.amount_minor,
        due_at_ms=row["refund_due_at_ms"] or payment.created_at_ms,
        is_whole=True,
        state=state,
        provider_done_minor=payment.refunded_minor,
        attempt=row["refund_attempt"],
        refusals=row["refund_refusals"],
    )
    return _ended(refund, payment.refunded_at_ms) if state is RefundState.SUCCEEDED else refund


def _ended(refund: Refund, at_ms: int | None) -> Refund:
    done_minor = refund.provider_done_minor + refund.left_minor
    return replace(refund, state=RefundState.SUCCEEDED, provider_done_minor=done_minor, ended_at_ms=at_ms)

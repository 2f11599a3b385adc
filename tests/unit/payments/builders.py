"""Payments for tests, with every field that nobody looks at filled in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.payments.domain.payment import Payment, PaymentState
from services.payments.domain.refunds import Refund, RefundState

NOW_MS = 1_800_000_000_000


def payment(**changed: Any) -> Payment:
    """A payment just recorded, with what the test changes."""
    fields: dict[str, Any] = {
        "payment_id": "pay_1",
        "house_id": "house_1",
        "idempotency_key": "ord_1:1",
        "request_hash": "hash",
        "order_id": "ord_1",
        "performance_id": "perf_1",
        "amount_minor": 2_500,
        "currency": "EUR",
        "return_url": "https://shop.example/done",
        "expires_at_ms": NOW_MS + 600_000,
        "provider": "sandbox",
        "created_at_ms": NOW_MS,
    }
    return Payment(**fields | changed)


def refund_of(subject: Payment, state: RefundState = RefundState.DUE, **changed: Any) -> Refund:
    """A refund of all of a payment that no voucher pays."""
    fields: dict[str, Any] = {
        "key": "ref_1",
        "amount_minor": subject.amount_minor,
        "provider_minor": subject.amount_minor,
        "due_at_ms": NOW_MS,
        "is_whole": True,
        "state": state,
    }
    return Refund(**fields | changed)


def refunding(refund_state: RefundState, **changed: Any) -> Payment:
    """A captured payment whose one refund, of the whole, is in `state`; NONE: it has none."""
    subject = payment(**{"state": PaymentState.SUCCEEDED, "provider_ref": "sbx_1"} | changed)
    if refund_state is RefundState.NONE:
        return subject
    done_minor = subject.amount_minor if refund_state is RefundState.SUCCEEDED else 0
    owed = refund_of(subject, refund_state, provider_done_minor=done_minor)
    return replace(subject, refunds=(owed,), refunded_minor=done_minor)

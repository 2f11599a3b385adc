"""Payments for tests, with every field that nobody looks at filled in."""

from __future__ import annotations

from typing import Any

from services.payments.domain.payment import Payment

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

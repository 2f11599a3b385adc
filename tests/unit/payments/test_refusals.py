"""What CreatePayment refuses: the first wrong field is named with its limit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contracts.bounds import MAX_TOTAL_MINOR
from services.payments.domain.refusals import PaymentWanted, refused_end, refused_wanted
from services.payments.handlers.payment_desk import request_hash
from tests.unit.payments.builders import NOW_MS

GOOD = PaymentWanted(
    idempotency_key="ord_1:1",
    house_id="house_1",
    order_id="ord_1",
    performance_id="perf_1",
    amount_minor=2_500,
    currency="EUR",
    return_url="https://shop.example/orders/1?step=done",
    expires_at_ms=NOW_MS + 600_000,
)


def test_a_good_request_is_not_refused() -> None:
    assert refused_wanted(GOOD) is None
    assert refused_end(GOOD, NOW_MS) is None
    assert refused_wanted(replace(GOOD, amount_minor=1)) is None
    assert refused_wanted(replace(GOOD, amount_minor=MAX_TOTAL_MINOR)) is None


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("idempotency_key", "", "idempotency_key"),
        ("idempotency_key", "x" * 129, "idempotency_key"),
        ("idempotency_key", "a b", "idempotency_key"),
        ("house_id", "", "house_id"),
        ("order_id", "../1", "order_id"),
        ("performance_id", "p" * 65, "performance_id"),
        ("amount_minor", 0, "amount.amount_minor"),
        ("amount_minor", -1, "amount.amount_minor"),
        ("amount_minor", MAX_TOTAL_MINOR + 1, "amount.amount_minor"),
        ("currency", "", "amount.currency"),
        ("currency", "eur", "amount.currency"),
        ("currency", "EURO", "amount.currency"),
        ("return_url", "", "return_url"),
        ("return_url", "javascript:alert(1)", "return_url"),
        ("return_url", "/orders/1", "return_url"),
        ("return_url", "https://", "return_url"),
        ("return_url", "https://[", "return_url"),
        ("return_url", "https://shop.example/a b", "return_url"),
        ("return_url", "https://shop.example/a\r\nSet-Cookie: x", "return_url"),
        ("return_url", "https://shop.example/" + "x" * 2_048, "return_url"),
        ("expires_at_ms", 0, "expires_at_ms"),
    ],
)
def test_a_wrong_field_is_named_with_its_limit(field: str, value: str | int, named: str) -> None:
    refusal = refused_wanted(replace(GOOD, **{field: value}))  # type: ignore[arg-type]
    assert refusal is not None
    assert refusal.field == named
    assert refusal.limit


@pytest.mark.parametrize("expires_at_ms", [NOW_MS, NOW_MS - 1, NOW_MS + 32 * 86_400_000])
def test_an_end_in_the_past_or_far_away_is_refused(expires_at_ms: int) -> None:
    assert refused_end(replace(GOOD, expires_at_ms=expires_at_ms), NOW_MS) is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_id", "ord_2"),
        ("performance_id", "perf_2"),
        ("amount_minor", 2_501),
        ("currency", "USD"),
        ("return_url", "https://shop.example/"),
        ("expires_at_ms", NOW_MS + 1),
    ],
)
def test_every_field_of_the_content_is_in_the_request_hash(field: str, value: str | int) -> None:
    assert request_hash(replace(GOOD, **{field: value})) != request_hash(GOOD)  # type: ignore[arg-type]
    assert request_hash(replace(GOOD)) == request_hash(GOOD)

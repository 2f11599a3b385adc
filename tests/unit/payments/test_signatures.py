"""Webhook signatures: the vector of Stripe's scheme, rotation, staleness, and whatever bytes a stranger sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.adapters.signatures import signature_flaw, signature_of
from services.payments.ports import WebhookFlaw
from services.payments.sandbox.couriers import signature_header

SECRET, BODY, TIMESTAMP = "whsec_test", b'{"id":"evt_1"}', 1_700_000_000
VECTOR = "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925"
NOW_MS = TIMESTAMP * 1000


def test_the_known_vector_is_made_by_both_sides() -> None:
    assert signature_of(SECRET, TIMESTAMP, BODY) == VECTOR
    assert signature_header(SECRET, TIMESTAMP, BODY) == f"t={TIMESTAMP},v1={VECTOR}"


@pytest.mark.parametrize(
    "header",
    [
        f"t={TIMESTAMP},v1={VECTOR}",
        f"v1={VECTOR},t={TIMESTAMP}",
        f"t={TIMESTAMP},v1={'0' * 64},v1={VECTOR}",
        f"t={TIMESTAMP}, v0=old, v1={VECTOR}",
    ],
)
def test_any_right_v1_is_accepted(header: str) -> None:
    assert signature_flaw(header, BODY, [SECRET], NOW_MS) is None


def test_both_secrets_of_a_rotation_are_accepted() -> None:
    header = f"t={TIMESTAMP},v1={VECTOR}"
    assert signature_flaw(header, BODY, ["whsec_new", SECRET], NOW_MS) is None
    assert signature_flaw(header, BODY, ["whsec_new"], NOW_MS) is WebhookFlaw.WRONG_SIGNATURE


@pytest.mark.parametrize(
    ("header", "flaw"),
    [
        ("", WebhookFlaw.UNSIGNED),
        ("garbage", WebhookFlaw.MALFORMED_SIGNATURE),
        (f"v1={VECTOR}", WebhookFlaw.MALFORMED_SIGNATURE),
        (f"t={TIMESTAMP}", WebhookFlaw.MALFORMED_SIGNATURE),
        (f"t=soon,v1={VECTOR}", WebhookFlaw.MALFORMED_SIGNATURE),
        (f"t={TIMESTAMP},t=1,v1={VECTOR}", WebhookFlaw.MALFORMED_SIGNATURE),
        (f"t={TIMESTAMP},v1={VECTOR}" + "," * 1_024, WebhookFlaw.MALFORMED_SIGNATURE),
        (f"t={TIMESTAMP},v1={VECTOR.upper()}", WebhookFlaw.WRONG_SIGNATURE),
        (f"t={TIMESTAMP + 1},v1={VECTOR}", WebhookFlaw.WRONG_SIGNATURE),
        (f"t={TIMESTAMP},v1=é", WebhookFlaw.WRONG_SIGNATURE),
    ],
)
def test_other_headers_are_refused_for_their_flaw(header: str, flaw: WebhookFlaw) -> None:
    assert signature_flaw(header, BODY, [SECRET], NOW_MS) is flaw


def test_a_changed_body_is_refused() -> None:
    assert signature_flaw(f"t={TIMESTAMP},v1={VECTOR}", BODY + b" ", [SECRET], NOW_MS) is WebhookFlaw.WRONG_SIGNATURE


@pytest.mark.parametrize("side", [-1, 1])
def test_300_seconds_are_tolerated_and_no_more(side: int) -> None:
    header = f"t={TIMESTAMP},v1={VECTOR}"
    assert signature_flaw(header, BODY, [SECRET], NOW_MS + side * 300_000) is None
    assert signature_flaw(header, BODY, [SECRET], NOW_MS + side * 300_001) is WebhookFlaw.STALE


@given(st.text(max_size=200), st.binary(max_size=200))
def test_no_header_and_body_break_the_check(header: str, body: bytes) -> None:
    assert signature_flaw(header, body, [SECRET], NOW_MS) is not None

"""Mollie's signature, by the vector of its documentation."""

from services.payments.adapters.mollie_signatures import mollie_signature_flaw
from services.payments.ports import WebhookFlaw

BODY = b'{"id":"event_1"}'
VECTOR = "sha256=34398922ce1ec3df6a7eec70c6d5b96e341e648678e30fdff4d25de3e0d10540"


def test_the_vector_is_right() -> None:
    assert mollie_signature_flaw(VECTOR, BODY, ["another", "secret"]) is None


def test_one_changed_byte_is_wrong() -> None:
    assert mollie_signature_flaw(VECTOR, BODY + b" ", ["secret"]) is WebhookFlaw.WRONG_SIGNATURE


def test_without_a_secret_nothing_is_right() -> None:
    assert mollie_signature_flaw(VECTOR, BODY, []) is WebhookFlaw.WRONG_SIGNATURE

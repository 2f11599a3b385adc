"""A webhook secret that was replaced counts a while longer, and not for as long as its account happens to be open."""

from __future__ import annotations

import json

import pytest

from services.payments.adapters.mollie_provider import MollieAccount, MollieLimits, MollieProvider
from services.payments.adapters.sandbox_provider_client import SandboxProviderClient
from services.payments.adapters.signatures import signature_of
from services.payments.adapters.stripe_calls import StripeKeys
from services.payments.adapters.stripe_provider_client import StripeProviderClient
from services.payments.domain.provider_account import SECRET_OVERLAP_MS, SIGNED_CHANNEL, Credentials, rotated
from services.payments.ports import PaymentProvider, WebhookEvent, WebhookFlaw
from services.runtime.clock import SystemClock
from tests.doubles.mollie_documents import signed, signed_body

NOW_MS = 1_700_000_000_000
CREDENTIALS = rotated(Credentials("k1", "former"), Credentials("k2", "current"), NOW_MS)
URL, CLOCK = "http://127.0.0.1:1", SystemClock()
STRIPES_BODY = json.dumps(
    {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"object": "payment_intent", "id": "pi_1"}}}
).encode()
SANDBOX_BODY = json.dumps({"id": "evt_1", "data": {"payment_id": "pay_1"}}).encode()
MOLLIES_BODY = signed_body("event_1", "tr_0001")


def providers() -> dict[str, PaymentProvider]:
    mollie = MollieAccount("pac_1", "house_1", "k2", "pfl_1", True, 1, URL, CREDENTIALS.webhook_secrets)
    return {
        "stripe": StripeProviderClient(
            URL, StripeKeys("k2", CREDENTIALS.webhook_secrets), timeout_seconds=1.0, clock=CLOCK
        ),
        "sandbox": SandboxProviderClient(URL, secrets=CREDENTIALS.webhook_secrets, timeout_seconds=1.0, clock=CLOCK),
        "mollie": MollieProvider(mollie, URL, clock=CLOCK, limits=MollieLimits()),
    }


def heard(provider: PaymentProvider, secret: str, now_ms: int) -> WebhookEvent | WebhookFlaw:
    if provider.name == "mollie":
        headers = {"x-mollie-signature": signed(MOLLIES_BODY, secret)}
        return provider.read_webhook(headers, MOLLIES_BODY, now_ms, SIGNED_CHANNEL)
    body = STRIPES_BODY if provider.name == "stripe" else SANDBOX_BODY
    header = f"t={now_ms // 1000},v1={signature_of(secret, now_ms // 1000, body)}"
    name = "stripe-signature" if provider.name == "stripe" else "balcon-signature"
    return provider.read_webhook({name: header}, body, now_ms)


@pytest.mark.parametrize("name", ["stripe", "sandbox", "mollie"])
async def test_the_former_secret_of_an_account_that_stays_open_ends_when_it_should(name: str) -> None:
    provider = providers()[name]
    last_ms = NOW_MS + SECRET_OVERLAP_MS - 1
    assert isinstance(heard(provider, "former", last_ms), WebhookEvent)
    assert heard(provider, "former", last_ms + 1) is WebhookFlaw.WRONG_SIGNATURE
    assert isinstance(heard(provider, "current", last_ms + 1), WebhookEvent)
    await provider.close()

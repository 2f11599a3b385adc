"""The Mollie adapter keeps the provider contract over the double's strict HTTP, and doubts what it is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from services.payments.domain.payment import DisputeState
from services.payments.domain.provider_account import SIGNED_CHANNEL
from services.payments.domain.refunds import RefundReport
from services.payments.ports import (
    KEY_REFUSED,
    Declined,
    Done,
    PaymentProvider,
    ProviderIdentity,
    ProviderPayment,
    ProviderStatus,
    Uncertain,
    WebhookEvent,
    WebhookFlaw,
)
from tests.contract.payments.mollie_stage import MollieStage, mollie_stage
from tests.contract.payments.provider_contract import ProviderContract, done, fresh_payment, refund
from tests.doubles.company import SERVER_ERROR, Spoiled, holding
from tests.doubles.mollie import LIVE_KEY, PROFILE, TEST_KEY
from tests.doubles.mollie_documents import signed, signed_body


@pytest.fixture
async def stage() -> AsyncIterator[MollieStage]:
    async with mollie_stage() as running:
        running.mollie.sends_webhooks = False
        yield running


@pytest.fixture
def provider(stage: MollieStage) -> PaymentProvider:
    return stage.provider


class TestMollieProvider(ProviderContract):
    """See ProviderContract. A chargeback takes the money at once: nobody decides anything afterwards."""

    ways = {"creditcard", "ideal"}  # noqa: RUF012

    @pytest.fixture(autouse=True)
    def _with_people(self, stage: MollieStage) -> None:
        self.mollie = stage.mollie

    async def buyer_pays(self, told: ProviderPayment) -> None:
        self.mollie.buyer_pays(told.ref)

    async def buyer_is_declined(self, told: ProviderPayment) -> None:
        self.mollie.buyer_fails(told.ref)

    async def house_gives_back(self, told: ProviderPayment, amount_minor: int) -> None:
        self.mollie.refund_by_hand(told.ref, f"{amount_minor / 100:.2f}")

    async def buyer_disputes(self, told: ProviderPayment, amount_minor: int) -> None:
        self.mollie.charge_back(told.ref, f"{amount_minor / 100:.2f}")

    async def bank_decides(self, told: ProviderPayment, outcome: DisputeState) -> None:
        """It has decided."""

    @pytest.mark.parametrize("outcome", [DisputeState.LOST])
    async def test_a_dispute_is_told_from_its_opening_to_its_end(
        self, provider: PaymentProvider, outcome: DisputeState
    ) -> None:
        payment = fresh_payment()
        told = done(await provider.create(payment))
        await self.buyer_pays(told)
        await self.buyer_disputes(told, 1_000)
        lost = done(await provider.fetch(told.ref))
        assert (lost.status, lost.dispute, lost.disputed_minor) == (ProviderStatus.SUCCEEDED, outcome, 1_000)
        assert lost.refunded_minor == 0
        assert isinstance(await refund(provider, replace(payment, provider_ref=told.ref)), Declined), (
            "more than is left"
        )

    async def test_what_happened_is_listed_in_order_after_a_cursor(self, provider: PaymentProvider) -> None:
        """Mollie lists payments: each with how it stands is an event, told again under the same id."""
        first = done(await provider.create(fresh_payment()))
        await self.buyer_pays(first)
        before = await provider.events_after("")
        assert isinstance(before, Done)
        assert [event.payment_ref for event in before.value.events] == [first.ref]
        second = done(await provider.create(fresh_payment()))
        self.mollie.refund_by_hand(first.ref, "1.00")
        after = await provider.events_after(before.value.cursor)
        assert isinstance(after, Done)
        assert not after.value.more
        known = {event.event_id for event in before.value.events}
        assert [event.payment_ref for event in after.value.events] == [second.ref, first.ref]
        assert not known & {event.event_id for event in after.value.events}, "what has changed is news"
        again = await provider.events_after(after.value.cursor)
        assert isinstance(again, Done)
        assert set(again.value.events) == set(after.value.events), "what has not is known by its id"


async def test_the_key_tells_whose_profile_it_is(stage: MollieStage) -> None:
    assert await stage.provider.check() == Done(ProviderIdentity(PROFILE, "Theatre", is_test=True))
    stage.mollie.revoke(TEST_KEY)
    assert await stage.provider.check() == Declined(KEY_REFUSED)


async def test_an_authorised_payment_is_captured_and_may_be_let_go() -> None:
    async with mollie_stage(manual_capture=True) as stage:
        provider, payments = stage.provider, [fresh_payment() for _ in range(2)]
        told = [done(await provider.create(payment)) for payment in payments]
        for one in told:
            stage.mollie.buyer_pays(one.ref)
            assert done(await provider.fetch(one.ref)).status is ProviderStatus.AUTHORISED
        taken = replace(payments[0], provider_ref=told[0].ref)
        for _ in range(2):
            assert done(await provider.capture(taken)).status is ProviderStatus.SUCCEEDED
        for _ in range(2):
            assert done(await provider.cancel(told[1].ref)).status is ProviderStatus.CANCELLED


@pytest.mark.parametrize(("currency", "value"), [("EUR", "12.50"), ("JPY", "1250"), ("KWD", "1.250")])
async def test_an_amount_has_the_decimals_of_its_currency(stage: MollieStage, currency: str, value: str) -> None:
    told = done(await stage.provider.create(replace(fresh_payment(), currency=currency)))
    assert (told.amount_minor, told.currency) == (1_250, currency)
    [asked] = stage.mollie.asked_at("/payments")
    assert json.loads(asked.body)["amount"] == {"currency": currency, "value": value}


async def test_a_creation_whose_answer_was_lost_is_found_after_the_key_is_forgotten(stage: MollieStage) -> None:
    payment = fresh_payment()
    stage.mollie.spoil(replace(SERVER_ERROR, after_effect=True))
    assert await stage.provider.create(payment) == Uncertain("status_500")
    stage.mollie.forget_keys()
    found = await stage.provider.find(payment)
    assert isinstance(found, Done)
    assert found.value is not None
    assert found.value.payment_id == payment.payment_id
    assert len(stage.mollie.payments) == 1


@pytest.mark.parametrize(
    ("status", "report"),
    [
        ("queued", RefundReport.PENDING),  # the house's balance is too low
        ("pending", RefundReport.ACCEPTED),
        ("processing", RefundReport.ACCEPTED),
    ],
)
async def test_a_refund_is_on_its_way_once_mollie_has_taken_it_on(
    stage: MollieStage, status: str, report: RefundReport
) -> None:
    payment = fresh_payment()
    told = done(await stage.provider.create(payment))
    stage.mollie.buyer_pays(told.ref)
    stage.mollie.refund_status = status
    assert await stage.provider.refund(replace(payment, provider_ref=told.ref), 500, "ref_1") == Done(report)


async def test_a_refund_under_its_key_is_one_refund_after_the_key_is_forgotten(stage: MollieStage) -> None:
    payment = fresh_payment()
    told = done(await stage.provider.create(payment))
    stage.mollie.buyer_pays(told.ref)
    paid = replace(payment, provider_ref=told.ref)
    stage.mollie.refund_status = "queued"
    for _ in range(2):
        assert await stage.provider.refund(paid, 500, "ref_1") == Done(RefundReport.PENDING)
        stage.mollie.forget_keys()
    assert len(stage.mollie.payments[told.ref].refunds) == 1
    assert done(await stage.provider.fetch(told.ref)).refunded_minor == 0, "it may still fail"
    stage.mollie.settle_refunds(told.ref)
    assert await stage.provider.refund(paid, 500, "ref_1") == Done(RefundReport.SUCCEEDED)
    assert done(await stage.provider.fetch(told.ref)).refunded_minor == 500


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda told: told.update({name: value})


@pytest.mark.parametrize(
    ("twist", "why"),
    [
        (_set("profileId", "pfl_another"), "other_account"),
        (_set("mode", "live"), "other_account"),
        (_set("amount", {"currency": "EUR", "value": "12.5"}), "unreadable_answer"),
        (_set("amount", {"currency": "EUR", "value": "1250"}), "unreadable_answer"),
        (_set("amount", {"currency": "XYZ", "value": "12.50"}), "unreadable_answer"),
        (_set("amountRefunded", {"currency": "USD", "value": "12.50"}), "unreadable_answer"),
        (_set("status", "paid_maybe"), "unreadable_answer"),
        (_set("amount", None), "unreadable_answer"),
        (_set("_links", None), "unreadable_answer"),
    ],
)
async def test_what_makes_no_sense_or_is_of_another_account_proves_nothing(
    stage: MollieStage, twist: Callable[[dict[str, Any]], None], why: str
) -> None:
    told = done(await stage.provider.create(fresh_payment()))
    stage.mollie.twists = twist
    assert await stage.provider.fetch(told.ref) == Uncertain(why)


async def test_the_payments_of_the_other_mode_are_not_there() -> None:
    async with mollie_stage(key=LIVE_KEY) as stage:
        told = done(await stage.provider.create(fresh_payment()))
        stage.mollie.payments[told.ref].mode = "test"
        assert await stage.provider.fetch(told.ref) == Declined("not_found")


@pytest.mark.parametrize(
    ("spoiled", "outcome"),
    [
        (SERVER_ERROR, Uncertain("status_500")),
        (Spoiled(503, b"{}"), Uncertain("status_503")),
        (Spoiled(429, b"{}", {"retry-after": "7"}), Uncertain("status_429", retry_after_ms=7_000)),
        (Spoiled(409, b"{}"), Uncertain("status_409")),
        (Spoiled(302, b"", {"location": "http://127.0.0.1:1/"}), Uncertain("status_302")),
        (Spoiled(401, b"<html>a proxy's page</html>"), Uncertain("status_401")),
        (Spoiled(200, b"{}", {"content-type": "application/hal+json"}), Uncertain("unreadable_answer")),
        (Spoiled(200, b"half {", {"content-type": "application/hal+json"}), Uncertain("unreadable_answer")),
    ],
    ids=str,
)
async def test_what_is_no_clear_answer_is_uncertain(stage: MollieStage, spoiled: Spoiled, outcome: Uncertain) -> None:
    stage.mollie.spoil(spoiled)
    assert await stage.provider.fetch("tr_000000000001") == outcome
    assert len(stage.mollie.asked) == 1, "the library asks once: when to try again is ours to say"


async def test_silence_is_uncertain_in_time() -> None:
    async with mollie_stage(timeout_seconds=0.2) as stage, holding(stage.mollie):
        outcome = await stage.provider.fetch("tr_000000000001")
        assert isinstance(outcome, Uncertain)
        assert "Timeout" in outcome.why


async def test_a_classic_webhook_is_a_form_that_anybody_may_send(stage: MollieStage) -> None:
    read = stage.provider.read_webhook({}, b"id=tr_123456", 5_000)
    assert read == WebhookEvent("tr_123456", "tr_123456", is_signed=False)
    for body in (
        b"",
        b"id=",
        b"id=tr_1",
        b"id=tr_123456&id=tr_123457",
        b"id=../../x",
        b"\xff\xfe",
        b"id=" + b"a" * 3_000,
    ):
        assert stage.provider.read_webhook({}, body, 0) is WebhookFlaw.MALFORMED_BODY, body


async def test_a_webhook_of_the_next_generation_is_believed_by_its_signature(stage: MollieStage) -> None:
    body = signed_body("event_1", "tr_123456")
    good = signed(body, "the one before")
    for header in (good, f"{signed(body, 'a newer one')}, {good}"):
        read = stage.provider.read_webhook({"x-mollie-signature": header}, body, 0, SIGNED_CHANNEL)
        assert read == WebhookEvent("event_1", "tr_123456")
    refused = {
        "": WebhookFlaw.UNSIGNED,
        "sha256=abc": WebhookFlaw.MALFORMED_SIGNATURE,
        signed(body, "nobody's"): WebhookFlaw.WRONG_SIGNATURE,
        signed(body + b" ", "the one before"): WebhookFlaw.WRONG_SIGNATURE,
    }
    for header, flaw in refused.items():
        assert stage.provider.read_webhook({"x-mollie-signature": header}, body, 0, SIGNED_CHANNEL) is flaw


async def test_a_form_is_no_signed_webhook_and_the_other_way_round(stage: MollieStage) -> None:
    body = b"id=tr_123456"
    headers = {"x-mollie-signature": signed(body, "the one before")}
    assert stage.provider.read_webhook(headers, body, 0, SIGNED_CHANNEL) is WebhookFlaw.MALFORMED_BODY
    told = signed_body("event_1", "tr_123456")
    assert stage.provider.read_webhook({}, told, 0) is WebhookFlaw.MALFORMED_BODY


async def test_what_a_card_is_known_by_is_a_keyed_hash_and_other_methods_have_none(stage: MollieStage) -> None:
    tells = []
    for card in ("fp_1", "fp_1", "fp_2", ""):
        told = done(await stage.provider.create(fresh_payment()))
        stage.mollie.buyer_pays(told.ref, card)
        tells.append(done(await stage.provider.fetch(told.ref)).instrument)
    assert tells[0] == tells[1] != tells[2]
    assert [len(one) for one in tells] == [64, 64, 64, 0]

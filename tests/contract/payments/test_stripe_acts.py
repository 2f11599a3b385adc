"""What is Stripe's own: sessions of 30 minutes, captures, keys whose 500 is kept, the house's account, webhooks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from services.payments.adapters.stripe_calls import KEPT_ERROR, StripeKeys
from services.payments.adapters.stripe_money import from_stripe, to_stripe
from services.payments.domain.payment import Payment, PaymentState
from services.payments.domain.refunds import RefundReport
from services.payments.ports import (
    KEY_REFUSED,
    NOT_FOUND,
    Declined,
    Done,
    ProviderIdentity,
    ProviderPayment,
    ProviderStatus,
    Uncertain,
    WebhookEvent,
    WebhookFlaw,
)
from services.runtime.clock import SystemClock
from tests.contract.payments.provider_contract import done, fresh_payment
from tests.contract.payments.stripe_stage import KEYS, StripeStage, stripe_stage
from tests.doubles.company import SERVER_ERROR, Spoiled
from tests.doubles.stripe import ACCOUNT, KEY, SECRET, Books, Broken, signature

MINUTE_MS = 60_000


@pytest.fixture
async def stage() -> AsyncIterator[StripeStage]:
    async with stripe_stage() as running:
        yield running


async def authorised(stage: StripeStage, payment: Payment | None = None) -> tuple[Payment, ProviderPayment]:
    """A payment that the buyer has agreed to."""
    payment = payment or fresh_payment()
    told = done(await stage.provider.create(payment))
    assert stage.people.pay(told.ref)
    return replace(payment, provider_ref=told.ref, state=PaymentState.AUTHORISED), told


async def captured(stage: StripeStage) -> tuple[Payment, ProviderPayment]:
    """A payment whose money is the house's."""
    payment, _ = await authorised(stage)
    return payment, done(await stage.provider.capture(payment))


async def test_what_is_authorised_is_captured_once(stage: StripeStage) -> None:
    payment, told = await authorised(stage)
    assert done(await stage.provider.fetch(told.ref)).status is ProviderStatus.AUTHORISED
    for visit in range(2):
        again = replace(payment, attempts=visit)
        assert done(await stage.provider.capture(again)).status is ProviderStatus.SUCCEEDED
    assert stage.people.intent_of(told.ref)["amount_received"] == payment.amount_minor
    assert isinstance(await stage.provider.cancel(told.ref), Declined)


async def test_what_is_authorised_is_let_go_by_a_cancel_and_then_cannot_be_captured(stage: StripeStage) -> None:
    payment, told = await authorised(stage)
    for _ in range(2):
        assert done(await stage.provider.cancel(told.ref)).status is ProviderStatus.CANCELLED
    assert done(await stage.provider.capture(payment)).status is ProviderStatus.CANCELLED
    assert stage.people.intent_of(told.ref)["amount_received"] == 0


async def test_an_authorisation_that_ran_out_is_told(stage: StripeStage) -> None:
    payment, told = await authorised(stage)
    stage.people.authorisation_runs_out(told.ref)
    assert done(await stage.provider.capture(payment)).status is ProviderStatus.CANCELLED


@pytest.mark.parametrize(("minutes", "ends_in"), [(10, 60), (90, 90), (31 * 24 * 60, 23 * 60)])
async def test_a_session_ends_within_stripes_bounds_whatever_the_hold_has(
    stage: StripeStage, minutes: int, ends_in: int
) -> None:
    payment = fresh_payment()
    wanted = replace(payment, expires_at_ms=payment.created_at_ms + minutes * MINUTE_MS)
    told = done(await stage.provider.create(wanted))
    session = stage.double.books.sessions[told.ref]
    assert session["expires_at"] == (payment.created_at_ms + ends_in * MINUTE_MS) // 1000


async def test_a_hold_that_dies_early_ends_its_session_and_nobody_can_pay_it_then(stage: StripeStage) -> None:
    told = done(await stage.provider.create(fresh_payment()))
    assert done(await stage.provider.cancel(told.ref)).status is ProviderStatus.CANCELLED
    assert not stage.people.pay(told.ref)


async def test_a_declined_card_ends_nothing_for_the_buyer_may_try_another(stage: StripeStage) -> None:
    told = done(await stage.provider.create(fresh_payment()))
    stage.people.is_declined(told.ref)
    assert done(await stage.provider.fetch(told.ref)).status is ProviderStatus.OPEN
    assert stage.people.pay(told.ref)
    assert done(await stage.provider.fetch(told.ref)).status is ProviderStatus.AUTHORISED


@pytest.mark.parametrize("after", [True, False])
async def test_a_creation_whose_500_is_kept_is_looked_for_and_then_made_under_another_key(
    stage: StripeStage, after: bool
) -> None:
    stage.double.broken.append(Broken("sessions", after))
    payment = fresh_payment()
    assert await stage.provider.create(payment) == Uncertain("status_500")
    assert await stage.provider.create(payment) == KEPT_ERROR
    found = await stage.provider.find(payment)
    assert isinstance(found, Done)
    if after:
        assert found.value is not None
    else:
        assert found.value is None
        assert done(await stage.provider.create(replace(payment, attempts=1))).status is ProviderStatus.OPEN
    assert len(stage.double.books.sessions) == 1


async def test_a_session_is_found_behind_many_others(stage: StripeStage) -> None:
    payment = fresh_payment()
    told = done(await stage.provider.create(payment))
    for number in range(230):
        stage.double.books.sessions[f"cs_other_{number}"] = stage.double.books.sessions[told.ref] | {
            "id": f"cs_other_{number}",
            "metadata": {},
        }
    assert await stage.provider.find(payment) == Done(told)


@pytest.mark.parametrize("after", [True, False])
async def test_a_refund_whose_500_is_kept_is_looked_for_and_moves_money_once(stage: StripeStage, after: bool) -> None:
    payment, told = await captured(stage)
    stage.double.broken.append(Broken("refunds", after))
    assert await stage.provider.refund(payment, 500, "ref_1") == Uncertain("status_500")
    for _ in range(2):
        assert await stage.provider.refund(payment, 500, "ref_1") == Done(RefundReport.SUCCEEDED)
    assert done(await stage.provider.fetch(told.ref)).refunded_minor == 500


async def test_a_refund_asked_for_again_when_stripe_has_forgotten_its_key_moves_no_money(stage: StripeStage) -> None:
    payment, told = await captured(stage)
    assert await stage.provider.refund(payment, 500, "ref_1") == Done(RefundReport.SUCCEEDED)
    stage.clock.forward(days=2)
    assert await stage.provider.refund(payment, 500, "ref_1") == Done(RefundReport.SUCCEEDED)
    assert await stage.provider.refund(payment, 500, "ref_2") == Done(RefundReport.SUCCEEDED)
    assert done(await stage.provider.fetch(told.ref)).refunded_minor == 1_000


@pytest.mark.parametrize(("status", "report"), [("pending", RefundReport.ACCEPTED), ("failed", RefundReport.FAILED)])
async def test_a_refund_that_takes_its_time_or_fails_is_told(
    stage: StripeStage, status: str, report: RefundReport
) -> None:
    payment, _ = await captured(stage)
    stage.double.refund_status = status
    assert await stage.provider.refund(payment, 500, "ref_1") == Done(report)
    assert await stage.provider.refund(payment, 500, "ref_1") == Done(report)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "at_stripe"),
    [
        (1_250, "EUR", 1_250),
        (500, "JPY", 500),
        (5, "ISK", 500),
        (5, "UGX", 500),
        (1_250, "HUF", 1_250),
        (5_120, "KWD", 5_120),
        (5_124, "KWD", None),
        (1_200, "MGA", 12),
        (1_250, "MGA", None),
        (1_250, "IQD", None),
        (1_250, "XXX", None),
    ],
)
def test_an_amount_is_told_as_stripe_counts_it_or_not_at_all(
    amount_minor: int, currency: str, at_stripe: int | None
) -> None:
    assert to_stripe(amount_minor, currency) == at_stripe
    assert at_stripe is None or from_stripe(at_stripe, currency) == amount_minor


async def test_five_kronur_are_charged_as_five(stage: StripeStage) -> None:
    told = done(await stage.provider.create(replace(fresh_payment(), amount_minor=5, currency="ISK")))
    assert (told.amount_minor, told.currency) == (5, "ISK")
    assert stage.double.books.sessions[told.ref]["amount_total"] == 500


async def test_an_amount_that_cannot_be_charged_is_declined_without_asking(stage: StripeStage) -> None:
    wanted = replace(fresh_payment(), amount_minor=1_001, currency="KWD")
    assert await stage.provider.create(wanted) == Declined("amount_not_chargeable")
    assert not stage.double.asked


async def test_r2_6_the_money_goes_to_the_account_of_the_house(stage: StripeStage) -> None:
    stage.double.accounts["acct_other"] = Books("Another House")
    stage.double.keys["sk_test_platform"] = ["acct_platform", ACCOUNT]
    keys = StripeKeys("sk_test_platform", lambda _: (SECRET,), connected_account=ACCOUNT)
    async with stripe_stage(keys) as platform:
        platform.double.keys = stage.double.keys
        told = done(await platform.provider.create(fresh_payment()))
        assert told.ref in platform.double.books.sessions
        assert await platform.provider.check() == Done(ProviderIdentity(ACCOUNT, "The House", True))
    async with stripe_stage(replace(keys, connected_account="acct_other")) as foreign:
        foreign.double.keys = stage.double.keys
        assert await foreign.provider.check() == Declined(KEY_REFUSED)


async def test_a_key_that_was_withdrawn_says_nothing_of_the_payment(stage: StripeStage) -> None:
    told = done(await stage.provider.create(fresh_payment()))
    stage.double.keys.pop(KEY)
    for answer in (await stage.provider.check(), await stage.provider.fetch(told.ref)):
        assert answer == Declined(KEY_REFUSED)


def test_no_credential_is_in_what_is_printed_of_keys() -> None:
    assert repr(KEYS) == "StripeKeys(connected_account='')"
    assert KEY not in repr(StripeKeys(KEY, lambda _: (SECRET,)))


async def test_what_a_card_is_known_by_is_a_keyed_hash(stage: StripeStage) -> None:
    tells = []
    for fingerprint in ("card_1", "card_1", "card_2"):
        told = done(await stage.provider.create(fresh_payment()))
        stage.people.pay(told.ref, fingerprint=fingerprint)
        tells.append(done(await stage.provider.fetch(told.ref)).instrument)
    assert tells[0] == tells[1] != tells[2]
    assert all(len(one) == 64 and "card" not in one for one in tells)


async def test_events_behind_a_cursor_that_stripe_has_forgotten_are_listed_from_the_newest(stage: StripeStage) -> None:
    _, told = await authorised(stage)
    page = await stage.provider.events_after("evt_long_ago")
    assert isinstance(page, Done)
    assert page.value.events[0].payment_ref == told.ref


async def test_many_events_are_listed_page_by_page_from_the_oldest(stage: StripeStage) -> None:
    first = done(await stage.provider.create(fresh_payment()))
    stage.people.leave(first.ref)
    page = await stage.provider.events_after("")
    assert isinstance(page, Done)
    session = stage.double.books.sessions[first.ref]
    for _ in range(150):
        stage.double.tell(stage.double.books, "checkout.session.expired", session)
    seen: list[WebhookEvent] = []
    while True:
        page = await stage.provider.events_after(page.value.cursor)
        assert isinstance(page, Done)
        seen.extend(page.value.events)
        if not page.value.more:
            break
    assert [event.event_id for event in seen] == [event["id"] for event in stage.double.books.events[1:]]


@pytest.mark.parametrize(
    ("spoiled", "why"),
    [
        (SERVER_ERROR, "status_500"),
        (Spoiled(503, b""), "status_503"),
        (Spoiled(429, b'{"error": {"type": "rate_limit_error", "code": "lock_timeout"}}'), "status_429"),
        (Spoiled(409, b'{"error": {"type": "idempotency_error"}}'), "status_409"),
        (Spoiled(403, b"<html>a proxy's page</html>", {"content-type": "text/html"}), "status_403"),
        (Spoiled(302, b"", {"location": "http://127.0.0.1:1/"}), "status_302"),
        (Spoiled(400, b'{"error": []}'), "unreadable_answer"),
        (Spoiled(200, b"not json"), "status_200"),
        (Spoiled(200, b"[]"), "unreadable_answer"),
        (Spoiled(200, b'{"id": "cs_1"}'), "unreadable_answer"),
        (Spoiled(200, b" " * 5_000_000), "RequestError"),
    ],
)
async def test_what_is_no_clear_answer_is_uncertain(stage: StripeStage, spoiled: Spoiled, why: str) -> None:
    stage.double.spoil(spoiled)
    outcome = await stage.provider.create(fresh_payment())
    assert isinstance(outcome, Uncertain), outcome
    assert why in outcome.why


async def test_an_answer_that_drips_is_waited_for_no_longer_than_any_other() -> None:
    async with stripe_stage(timeout_seconds=0.3) as stage:
        stage.double.drips = True
        assert await stage.provider.fetch("cs_test_1") == Uncertain("TimeoutError")


async def test_a_provider_nobody_serves_is_uncertain(nobodys_port: int) -> None:
    async with stripe_stage() as stage:
        await stage.double.http.stop()
        assert await stage.provider.fetch("cs_test_1") == Uncertain("ConnectError")


def event_of(thing: dict[str, Any], kind: str = "checkout.session.completed") -> bytes:
    return json.dumps({"id": "evt_1", "type": kind, "data": {"object": thing}}).encode()


async def test_webhooks_are_believed_by_any_good_signature_and_only_name_where_to_look(stage: StripeStage) -> None:
    now_ms = stage.clock.now_ms()
    body = event_of({"object": "checkout.session", "id": "cs_test_1", "payment_status": "paid"})
    roll = signature(body, now_ms / 1000, ["whsec_next", SECRET])
    read = stage.provider.read_webhook({"stripe-signature": roll}, body, now_ms)
    assert read == WebhookEvent("evt_1", "cs_test_1")
    forged = signature(body, now_ms / 1000, ["whsec_other"])
    stale = signature(body, now_ms / 1000 - 301, [SECRET])
    flaws = [
        stage.provider.read_webhook(headers, body, now_ms)
        for headers in ({}, {"stripe-signature": forged}, {"stripe-signature": stale}, {"stripe-signature": "v1=1"})
    ]
    assert flaws == [
        WebhookFlaw.UNSIGNED,
        WebhookFlaw.WRONG_SIGNATURE,
        WebhookFlaw.STALE,
        WebhookFlaw.MALFORMED_SIGNATURE,
    ]


@pytest.mark.parametrize(
    ("thing", "ref"),
    [
        ({"object": "payment_intent", "id": "pi_1"}, "pi_1"),
        ({"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, "pi_1"),
        ({"object": "refund", "id": "re_1", "payment_intent": "pi_1"}, "pi_1"),
        ({"object": "dispute", "id": "dp_1", "payment_intent": "pi_1"}, "pi_1"),
        ({"object": "charge", "id": "ch_1", "payment_intent": None}, "evt_1"),
        ({"object": "payout", "id": "po_1"}, "evt_1"),
    ],
)
async def test_an_event_leads_to_its_payment_or_to_none(stage: StripeStage, thing: dict[str, Any], ref: str) -> None:
    body, now_ms = event_of(thing), stage.clock.now_ms()
    header = {"stripe-signature": signature(body, now_ms / 1000, [SECRET])}
    assert stage.provider.read_webhook(header, body, now_ms) == WebhookEvent("evt_1", ref)
    if ref == "evt_1":
        assert await stage.provider.fetch(ref) == Declined(NOT_FOUND)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"id": "evt_1"}', b'{"id": "../x", "type": "", "data": {"object": {}}}']
)
async def test_a_signed_body_that_is_no_event_is_refused(stage: StripeStage, body: bytes) -> None:
    now_ms = stage.clock.now_ms()
    header = {"stripe-signature": signature(body, now_ms / 1000, [SECRET])}
    assert stage.provider.read_webhook(header, body, now_ms) is WebhookFlaw.MALFORMED_BODY


async def test_nothing_personal_and_nothing_of_the_machine_is_told(stage: StripeStage) -> None:
    payment = fresh_payment()
    done(await stage.provider.create(payment))
    (asked,) = stage.double.asked
    assert not [name for name in asked.headers if name.startswith("x-stripe-client")]
    form = parse_qs(asked.body.decode())
    assert form["success_url"] == [f"{payment.return_url}?payment_id={payment.payment_id}"]
    assert form["client_reference_id"] == [payment.payment_id]
    assert not [name for name in form if "email" in name or "customer" in name]


def test_the_signature_of_the_published_vector() -> None:
    header = signature(b'{"id":"evt_1"}', 1_700_000_000, ["whsec_test"])
    assert header.endswith("v1=c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925")
    assert SystemClock().now_ms() > 1_700_000_000_000

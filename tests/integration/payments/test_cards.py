"""Each test card of the sandbox, from CreatePayment to what is published: real HTTP, real gRPC, real Postgres."""

from __future__ import annotations

import pytest

from services.runtime.testing import eventually
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import (
    CANCELLED,
    DECLINES,
    ERRORS,
    FAILED,
    NO_WEBHOOK,
    OUT_OF_ORDER,
    PAYS,
    PAYS_LATE,
    PENDING,
    SENDS_TWICE,
    SUCCEEDED,
    TIMES_OUT,
)


async def test_a_card_that_pays_ends_in_one_success(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    assert payment.state == PENDING
    assert payment.pay_url.startswith(rig.sandbox_url)
    response = await rig.pay(payment, PAYS)
    assert response.headers["location"] == f"https://shop.example/done?order=1&payment_id={payment.payment_id}"
    await rig.reaches(payment, SUCCEEDED)
    (event,) = await rig.events(payment)
    assert (event.order_id, event.house_id, event.amount.amount_minor) == ("ord_1", "house_1", 2_500)
    assert event.succeeded_at_ms > 0


async def test_a_declined_card_fails_with_the_providers_word(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.pay(payment, DECLINES)
    await rig.reaches(payment, FAILED)
    (event,) = await rig.events(payment)
    assert event.reason == "card_declined"


async def test_a_silent_provider_is_asked_until_it_says_paid(start_rig: StartRig) -> None:
    rig = await start_rig(settings={"pending_seconds": 0.2, "provider_timeout_seconds": 0.4})
    payment = await rig.create()
    await rig.pay(payment, TIMES_OUT)
    assert (await rig.cancel(payment)).state == PENDING  # uncertain is not failed
    await rig.reaches(payment, SUCCEEDED)
    assert await rig.event_names(payment) == ["PaymentSucceeded"]


async def test_money_that_comes_after_a_confirmed_cancel_is_a_late_success(start_rig: StartRig) -> None:
    rig = await start_rig(pay_late_seconds=1.0)
    payment = await rig.create()
    await rig.pay(payment, PAYS_LATE)
    assert (await rig.cancel(payment)).state == CANCELLED
    await rig.reaches(payment, SUCCEEDED)
    assert await rig.event_names(payment) == ["PaymentCancelled", "PaymentSucceeded"]


async def test_a_card_that_pays_late_succeeds_late(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.pay(payment, PAYS_LATE)
    await rig.reaches(payment, SUCCEEDED)
    assert await rig.event_names(payment) == ["PaymentSucceeded"]


async def test_webhooks_sent_twice_are_one_success(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.pay(payment, SENDS_TWICE)
    await rig.reaches(payment, SUCCEEDED)
    sandbox = rig.sandbox
    assert sandbox is not None
    await eventually(lambda: sandbox.open_deliveries == 0)
    assert await rig.event_names(payment) == ["PaymentSucceeded"]
    assert len(await rig.webhook_events()) == 1


async def test_an_older_webhook_after_the_success_changes_nothing(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.pay(payment, OUT_OF_ORDER)

    async def both_came() -> None:
        settled = [event for event in await rig.webhook_events() if event.settled_at_ms]
        assert len(settled) == 2

    await eventually(both_came)
    assert (await rig.get(payment)).state == SUCCEEDED
    assert await rig.event_names(payment) == ["PaymentSucceeded"]


async def test_errors_of_the_api_do_not_hide_money_that_moved(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.pay(payment, ERRORS)
    await rig.reaches(payment, SUCCEEDED)
    refunded = await rig.refund(payment)  # answered with a 500 that the provider replays for the key, and done
    assert refunded.refund_state != 0
    await rig.is_refunded(payment)
    assert await rig.event_names(payment) == ["PaymentSucceeded", "RefundSucceeded", "PaymentRefunded"]
    ((at_provider),) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 2_500


async def test_a_payment_nobody_tells_about_is_found_by_asking(start_rig: StartRig) -> None:
    rig = await start_rig(settings={"pending_seconds": 0.3, "listing_interval_seconds": 0.2})
    payment = await rig.create()
    await rig.pay(payment, NO_WEBHOOK)
    await rig.reaches(payment, SUCCEEDED)
    assert await rig.webhook_events() == []


async def test_a_payment_nobody_pays_expires_as_failed(start_rig: StartRig) -> None:
    rig = await start_rig()
    _, payment = await rig.create_ending_soon()
    await rig.reaches(payment, FAILED)
    (event,) = await rig.events(payment)
    assert event.reason in {"expired", "already_expired"}  # the second when creating it took that long


@pytest.mark.parametrize("webhooks", [True, False])
async def test_a_refund_that_takes_its_time_stays_due_until_done(start_rig: StartRig, webhooks: bool) -> None:
    rig = await start_rig(webhooks=webhooks, settings={"pending_seconds": 0.2})
    payment = await rig.create()
    await rig.pay(payment, PAYS_LATE)
    await rig.reaches(payment, SUCCEEDED)
    assert (await rig.refund(payment)).refund_state == 1
    await rig.is_refunded(payment)
    assert await rig.event_names(payment) == ["PaymentSucceeded", "RefundSucceeded", "PaymentRefunded"]

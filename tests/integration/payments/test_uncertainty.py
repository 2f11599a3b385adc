"""Acts on a provider that errs, is silent, refuses or is gone: recorded first, asked again, done once (RULE 24, 25)."""

from __future__ import annotations

import grpc
import pytest
from balcon.payments.v1.payments_service_pb2 import Payment
from prometheus_client import REGISTRY

from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import CANCELLED, CREATING, FAILED, PAYS, PENDING, SUCCEEDED, Rig

ERROR_AFTER, ERROR_BEFORE, SILENCE_AFTER, REFUSE = 999_999_001, 999_999_002, 999_999_003, 999_999_004


async def test_a_creation_that_erred_but_was_made_is_found_again(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create(amount_minor=ERROR_AFTER)
    assert (payment.state, payment.pay_url) == (CREATING, "")
    found = await rig.reaches(payment, PENDING)
    assert found.pay_url
    assert len(await rig.at_provider()) == 1


async def test_a_creation_that_erred_before_anything_was_made_is_made_once(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create(amount_minor=ERROR_BEFORE)
    assert payment.state == CREATING
    await rig.reaches(payment, PENDING)
    assert len(await rig.at_provider()) == 1


async def test_asking_again_while_creating_tells_the_pay_url(start_rig: StartRig) -> None:
    rig = await start_rig(
        settings={"provider_timeout_seconds": 0.5, "uncertain_seconds": 60.0, "uncertain_limit_seconds": 60.0}
    )
    request = rig.request(amount_minor=SILENCE_AFTER)
    first = (await rig.stub.CreatePayment(request)).payment
    again = (await rig.stub.CreatePayment(request)).payment
    assert (first.state, again.state) == (CREATING, PENDING)
    assert again.payment_id == first.payment_id
    assert again.pay_url
    assert len(await rig.at_provider()) == 1


async def test_a_refused_creation_fails_with_the_providers_word(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create(amount_minor=REFUSE)
    assert payment.state == FAILED
    (event,) = await rig.events(payment)
    assert event.reason == "amount_refused"


async def test_a_provider_that_is_gone_leaves_the_payment_creating_until_it_is_back(start_rig: StartRig) -> None:
    rig = await start_rig()
    await rig.stop_sandbox()
    payment = await rig.create()
    assert payment.state == CREATING
    await rig.start_sandbox()
    await rig.pay(await rig.reaches(payment, PENDING), PAYS)
    await rig.reaches(payment, SUCCEEDED)


async def test_cancelling_what_may_not_exist_yet_ends_cancelled_once_the_provider_is_back(start_rig: StartRig) -> None:
    rig = await start_rig()
    await rig.stop_sandbox()
    payment = await rig.create()
    assert (await rig.cancel(payment)).state == CREATING  # uncertain: nothing is said to be over
    await rig.start_sandbox()
    await rig.reaches(payment, CANCELLED)
    ((at_provider),) = await rig.at_provider()
    assert at_provider["status"] == "cancelled"
    assert await rig.event_names(payment) == ["PaymentCancelled"]


async def test_a_cancel_that_could_not_be_asked_is_asked_until_confirmed(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await rig.stop_sandbox()
    assert (await rig.cancel(payment)).state == PENDING
    await rig.start_sandbox()
    await rig.reaches(payment, CANCELLED)


async def test_cancelling_a_paid_payment_tells_that_it_is_paid(start_rig: StartRig) -> None:
    rig = await start_rig(webhooks=False)
    payment = await rig.create()
    await rig.pay(payment, PAYS)
    assert (await rig.cancel(payment)).state == SUCCEEDED
    assert await rig.event_names(payment) == ["PaymentSucceeded"]


async def test_cancelling_twice_is_fine(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    assert (await rig.cancel(payment)).state == CANCELLED
    assert (await rig.cancel(payment)).state == CANCELLED
    assert await rig.event_names(payment) == ["PaymentCancelled"]


async def test_a_refund_that_could_not_be_asked_is_paid_once_the_provider_is_back(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await _paid(rig)
    await rig.stop_sandbox()
    assert (await rig.refund(payment)).refund_state == 1
    await rig.start_sandbox()
    await rig.is_refunded(payment)
    ((at_provider),) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 2_500


async def test_refunding_again_moves_no_more_money(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await _paid(rig)
    for key in ("ref_1", "ref_1", "ref_2"):
        await rig.refund(payment, key)
    await rig.is_refunded(payment)
    assert await rig.event_names(payment) == ["PaymentSucceeded", "RefundSucceeded", "PaymentRefunded"]
    ((at_provider),) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 2_500


async def test_a_refund_the_provider_made_by_another_hand_is_seen(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await _paid(rig)
    ((at_provider),) = await rig.at_provider()
    url = f"{rig.sandbox_url}/v1/payments/{at_provider['id']}/refunds"
    done = await rig.http.post(url, json={"amount_minor": 2_500}, headers={"Idempotency-Key": "by hand"})
    assert done.status_code == 201
    await rig.refund(payment)
    await rig.is_refunded(payment)


async def test_only_captured_money_is_refunded(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await rig.refund(payment)
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.reason, refusal.facts["state"]) == ("PAYMENT_NOT_CAPTURED", "PENDING")


async def test_a_refund_key_belongs_to_one_payment(start_rig: StartRig) -> None:
    rig = await start_rig()
    one, other = await _paid(rig, "ord_1"), await _paid(rig, "ord_2")
    await rig.refund(one, "ref_1")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await rig.refund(other, "ref_1")
    refusal = refusal_of(caught.value)
    assert refusal is not None and refusal.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_the_uncertain_are_counted(start_rig: StartRig) -> None:
    rig = await start_rig()
    await rig.stop_sandbox()
    await rig.create()
    await eventually(lambda: REGISTRY.get_sample_value("balcon_payments_uncertain") == 1)


async def _paid(rig: Rig, order: str = "ord_1") -> Payment:
    payment = await rig.create(order)
    await rig.pay(payment, PAYS)
    return await rig.reaches(payment, SUCCEEDED)

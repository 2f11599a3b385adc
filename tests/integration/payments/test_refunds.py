"""Refunds of parts through the whole service: each a record, never more than is left, at once or one by one (R5.8)."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from balcon.payments.v1 import payments_service_pb2 as pb

from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import PAYS, SUCCEEDED, Rig

DONE = pb.REFUND_STATE_SUCCEEDED


async def paid(rig: Rig) -> pb.Payment:
    payment = await rig.create()
    await rig.pay(payment, PAYS)
    return await rig.reaches(payment, SUCCEEDED)


async def test_parts_go_back_one_by_one_and_each_is_told(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    first = await rig.refund(payment, "ref_1", 1_000)
    assert [(one.idempotency_key, one.amount.amount_minor, one.state) for one in first.refunds] == [
        ("ref_1", 1_000, DONE)
    ]
    assert (first.refund_state, first.refunded.amount_minor) == (0, 1_000)
    assert first.charges[0].refunded.amount_minor == 1_000
    again = await rig.refund(payment, "ref_1", 1_000)
    assert again.refunded.amount_minor == 1_000, "the same key is the same request"
    await rig.refund(payment, "ref_2")
    await rig.is_refunded(payment)
    ((at_provider),) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 2_500
    names = ["RefundSucceeded", "PaymentPartlyRefunded", "RefundSucceeded", "PaymentRefunded"]
    assert (await rig.event_names(payment))[1:] == names
    told = (await rig.events(payment))[1]
    assert (told.refund_key, told.amount.amount_minor, told.refunded.amount_minor) == ("ref_1", 1_000, 1_000)


async def test_two_refunds_at_once_never_give_back_more_than_was_paid(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    outcomes = await asyncio.gather(
        *(rig.refund(payment, f"ref_{number}", 1_000) for number in range(4)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
    assert len(refused) == 2
    for error in refused:
        refusal = refusal_of(error)
        assert refusal is not None
        assert (refusal.reason, refusal.facts["left_minor"]) == ("REFUND_EXCEEDS_LEFT", "500")

    async def both_are_back() -> None:
        found = await rig.get(payment)
        assert [one.state for one in found.refunds] == [DONE, DONE]
        assert found.refunded.amount_minor == 2_000

    await eventually(both_are_back)
    ((at_provider),) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 2_000


@pytest.mark.parametrize(("amount_minor", "currency"), [(0, "EUR"), (-1, "EUR"), (10**15, "EUR"), (100, "NOK")])
async def test_a_wrong_amount_is_refused_by_its_field(start_rig: StartRig, amount_minor: int, currency: str) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    asked = pb.RefundPaymentRequest(idempotency_key="ref_1", house_id="house_1", payment_id=payment.payment_id)
    asked.amount.amount_minor, asked.amount.currency = amount_minor, currency
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await rig.stub.RefundPayment(asked)
    refusal = refusal_of(caught.value)
    assert refusal is not None and refusal.reason == "FIELD_INVALID"


async def test_a_record_of_the_release_before_is_found_under_its_key(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    async with rig.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE payments SET refund_state = 'DUE', refund_key = 'ref_1', refund_due_at_ms = 1, refunds = '[]',"
            " next_attempt_at_ms = 1"
        )
    await rig.is_refunded(payment)
    ((one),) = (await rig.get(payment)).refunds
    assert (one.idempotency_key, one.amount.amount_minor, one.state) == ("ref_1", 2_500, DONE)

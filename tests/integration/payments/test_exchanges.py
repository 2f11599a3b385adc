"""A payment pays another one: what goes back of that goes back by it, and nothing is given twice (R2.9, R5.9)."""

from __future__ import annotations

import grpc
import pytest
from balcon.payments.v1 import payments_service_pb2 as pb
from balcon.payments.v1 import vouchers_pb2
from balcon.types.v1.money_pb2 import Money

from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import HOUSE, PAYS, SUCCEEDED, Rig
from tests.integration.payments.test_vouchers import Till

FAILED = pb.PAYMENT_STATE_FAILED


def euros(minor: int) -> Money:
    return Money(amount_minor=minor, currency="EUR")


def paid_with(old: pb.Payment, minor: int) -> list[pb.InstrumentCharge]:
    return [pb.InstrumentCharge(payment_id=old.payment_id, amount=euros(minor))]


async def moved(rig: Rig, old: pb.Payment, new: pb.Payment, minor: int, key: str = "move_1") -> pb.Payment:
    """The old lines have ended: what they were worth is the new order's."""
    asked = pb.RefundPaymentRequest(
        idempotency_key=key,
        house_id=HOUSE,
        payment_id=old.payment_id,
        amount=euros(minor),
        route=pb.REFUND_ROUTE_EXCHANGE,
        to_payment_id=new.payment_id,
    )
    return (await rig.stub.RefundPayment(asked)).payment


async def test_r2_9_an_exchange_asks_a_provider_for_the_difference_and_a_refund_goes_back_to_both(
    start_rig: StartRig,
) -> None:
    rig = await start_rig()
    old = await rig.create("ord_old")
    await rig.pay(old, PAYS)
    await rig.reaches(old, SUCCEEDED)
    new = await rig.create("ord_new", instruments=paid_with(old, 1_500))
    assert [one.amount.amount_minor for one in new.charges] == [1_500, 1_000]
    assert (new.charges[0].instrument, new.charges[0].payment_id) == (pb.INSTRUMENT_EXCHANGE, old.payment_id)
    await rig.pay(new, PAYS)
    await rig.reaches(new, SUCCEEDED)
    assert (await rig.get(old)).refunded.amount_minor == 0, "nothing is taken before the old tickets have ended"
    told = await moved(rig, old, new, 1_500)
    assert (await moved(rig, old, new, 1_500)) == told, "told twice it counts once"
    assert told.refunded.amount_minor == 1_500
    assert {one["refunded_minor"] for one in await rig.at_provider()} == {0}, "no money has gone anywhere"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await rig.refund(old, "too_much", 1_001)
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert refusal.reason == "REFUND_EXCEEDS_LEFT"
    await rig.refund(new, "ref_1", 1_400)

    async def by_both() -> None:
        at_provider = {one["amount_minor"]: one["refunded_minor"] for one in await rig.at_provider()}
        assert at_provider == {2_500: 400, 1_000: 1_000}

    await eventually(by_both)
    await rig.refund(new, "ref_2")
    await rig.is_refunded(new)
    await rig.refund(old, "ref_3")
    await rig.is_refunded(old)
    assert {one["amount_minor"]: one["refunded_minor"] for one in await rig.at_provider()} == {
        2_500: 2_500,
        1_000: 1_000,
    }


async def test_what_went_back_of_the_new_payment_before_the_old_one_has_moved_is_owed_as_soon_as_it_has(
    start_rig: StartRig,
) -> None:
    rig = await start_rig()
    old = await rig.create("ord_old")
    await rig.pay(old, PAYS)
    await rig.reaches(old, SUCCEEDED)
    new = await rig.create("ord_new", instruments=paid_with(old, 2_500), return_url="")
    assert new.state == SUCCEEDED, "nothing is left for a provider"
    await rig.refund(new, "ref_1")
    (at_provider,) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 0
    await moved(rig, old, new, 2_500)

    async def back() -> None:
        (at_provider,) = await rig.at_provider()
        assert at_provider["refunded_minor"] == 2_500

    await eventually(back)
    await rig.is_refunded(old)


async def test_an_order_that_never_had_its_tickets_gives_nothing_back_of_what_was_never_taken(
    start_rig: StartRig,
) -> None:
    rig = await start_rig()
    old = await rig.create("ord_old")
    await rig.pay(old, PAYS)
    await rig.reaches(old, SUCCEEDED)
    new = await rig.create("ord_new", instruments=paid_with(old, 2_500), return_url="")
    asked = pb.RefundPaymentRequest(
        idempotency_key="ref_1", house_id=HOUSE, payment_id=new.payment_id, nothing_taken=True
    )
    told = (await rig.stub.RefundPayment(asked)).payment
    assert told.refund_state == pb.REFUND_STATE_SUCCEEDED
    assert (await rig.get(old)).refunded.amount_minor == 0
    # The value is free again, for another order.
    again = await rig.create("ord_again", instruments=paid_with(old, 2_500), return_url="")
    assert again.state == SUCCEEDED


async def test_what_is_not_there_pays_nothing(start_rig: StartRig) -> None:
    rig = await start_rig()
    old = await rig.create("ord_old")
    early = await rig.create("ord_early", instruments=paid_with(old, 1_000))
    assert (early.state, early.reason) == (FAILED, "PAYMENT_NOT_CAPTURED")
    await rig.pay(old, PAYS)
    await rig.reaches(old, SUCCEEDED)
    await rig.refund(old, "ref_1", 2_000)
    dear = await rig.create("ord_dear", instruments=paid_with(old, 501))
    assert (dear.state, dear.reason) == (FAILED, "REFUND_EXCEEDS_LEFT")


async def test_r5_8_what_comes_back_to_a_voucher_that_takes_nothing_any_more_is_a_new_one(start_rig: StartRig) -> None:
    """The new order may be refunded long after: nobody can spend what is on a stopped or expired voucher."""
    rig = await start_rig()
    till = Till(rig)
    (card,) = await till.make(2_500)
    old = await till.pay(card, 2_500, "ord_old", return_url="")
    new = await rig.create("ord_new", instruments=paid_with(old, 2_500), return_url="")
    await moved(rig, old, new, 2_500)
    await till.stop(card)
    await rig.refund(new, "ref_1")
    await rig.is_refunded(new)

    async def back() -> list[str]:
        shares = [share for refund in (await rig.get(old)).refunds for share in refund.shares]
        found = [one.voucher_id for one in shares if one.voucher_id]
        assert found
        return found

    (made,) = await eventually(back)
    assert made != card.voucher.voucher_id
    assert await till.balance(card) == 0
    asked = vouchers_pb2.GetVoucherRequest(house_id=HOUSE, voucher_id=made)
    assert (await till.stub.GetVoucher(asked)).voucher.balance.amount_minor == 2_500

"""One contract for the Payments in memory and the service with a provider behind it."""

import asyncio
from dataclasses import replace

import pytest

from services.contracts.reasons import Reason
from services.orders.domain.order import Money, Order
from services.orders.ports import Declined, PaymentSeen, PaymentState, RefundAsked, RefundStatus, Unanswered
from services.runtime.testing import eventually
from tests.contract.orders.neighbours import CLOCK, MoneyStage
from tests.unit.orders.builders import an_order


def to_be_paid(order_id: str = "ord_1", *, seconds: int = 600) -> Order:
    """An order that is being paid."""
    until_ms = CLOCK.now_ms() + seconds * 1000
    return an_order(order_id=order_id, return_url="https://shop.example/done", pay_until_ms=until_ms)


def seen(answer: PaymentSeen | Declined) -> PaymentSeen:
    assert isinstance(answer, PaymentSeen), answer
    return answer


async def created(money: MoneyStage, order: Order) -> tuple[Order, PaymentSeen]:
    """The order as it knows its payment, and the payment."""
    payment = seen(await money.payments.create(order))
    return replace(order, payment_id=payment.payment_id), payment


async def is_seen(money: MoneyStage, order: Order, status: PaymentState, *, refunded: bool = False) -> None:
    async def look() -> None:
        found = seen(await money.payments.look(order))
        assert (found.status, found.refunded) == (status, refunded)

    await eventually(look)


async def paid(money: MoneyStage) -> tuple[Order, PaymentSeen]:
    order, payment = await created(money, to_be_paid())
    await money.pay(payment)
    await is_seen(money, order, PaymentState.SUCCEEDED)
    return order, payment


async def test_a_new_payment_is_open_and_has_a_page(money: MoneyStage) -> None:
    order, payment = await created(money, to_be_paid())
    assert payment.status is PaymentState.PENDING
    assert payment.payment_url
    assert not payment.refunded
    assert seen(await money.payments.look(order)) == payment
    assert await money.told(payment) == []


async def test_the_same_order_has_one_payment_however_often_it_is_asked_for(money: MoneyStage) -> None:
    order = to_be_paid()
    answers = await asyncio.gather(*(money.payments.create(order) for _ in range(3)))
    assert len({seen(answer).payment_id for answer in answers}) == 1
    other = seen(await money.payments.create(to_be_paid("ord_2")))
    assert other.payment_id != seen(answers[0]).payment_id


async def test_a_key_with_another_request_proves_nothing(money: MoneyStage) -> None:
    order = to_be_paid()
    await money.payments.create(order)
    with pytest.raises(Unanswered):
        await money.payments.create(replace(order, total=Money(1, "EUR")))


async def test_a_payment_that_would_have_ended_is_never_made(money: MoneyStage) -> None:
    answer = await money.payments.create(to_be_paid(seconds=-1))
    assert isinstance(answer, Declined)
    assert answer.reason is Reason.FIELD_INVALID


async def test_a_buyer_who_pays_is_seen_and_told_once(money: MoneyStage) -> None:
    _, payment = await paid(money)
    assert await money.told(payment) == ["PaymentSucceeded"]


async def test_a_buyer_who_is_turned_down_is_seen_and_told(money: MoneyStage) -> None:
    order, payment = await created(money, to_be_paid())
    await money.decline(payment)
    await is_seen(money, order, PaymentState.FAILED)
    assert await money.told(payment) == ["PaymentFailed"]


async def test_an_open_payment_can_be_cancelled_and_is_told_once(money: MoneyStage) -> None:
    order, payment = await created(money, to_be_paid())
    for _ in range(2):
        await money.payments.cancel(order)
    await is_seen(money, order, PaymentState.CANCELLED)
    assert await money.told(payment) == ["PaymentCancelled"]


async def test_a_paid_payment_cannot_be_cancelled(money: MoneyStage) -> None:
    order, payment = await paid(money)
    assert seen(await money.payments.cancel(order)).status is PaymentState.SUCCEEDED
    assert await money.told(payment) == ["PaymentSucceeded"]


async def test_a_refund_brings_the_money_back_once(money: MoneyStage) -> None:
    order, payment = await paid(money)
    for _ in range(2):
        assert seen(await money.payments.refund(order, RefundAsked(order.refund_key))).status is PaymentState.SUCCEEDED
    await is_seen(money, order, PaymentState.SUCCEEDED, refunded=True)
    assert await money.told(payment) == ["PaymentSucceeded", "PaymentRefunded"]


async def test_refunds_of_parts_are_records_of_their_own_and_never_more_than_is_left(money: MoneyStage) -> None:
    order, payment = await paid(money)
    total_minor = order.total.amount_minor
    await money.payments.refund(order, RefundAsked("ref_1", 300))
    answer = await money.payments.refund(order, RefundAsked("ref_2", total_minor - 299))
    assert isinstance(answer, Declined)
    assert (answer.reason, answer.facts["left_minor"]) == (Reason.REFUND_EXCEEDS_LEFT, str(total_minor - 300))
    await money.payments.refund(order, RefundAsked("ref_3", total_minor - 300))
    rest = seen(await money.payments.refund(order, RefundAsked("ref_3", total_minor - 300)))
    assert [(one.key, one.amount_minor, one.status) for one in rest.refunds] == [
        ("ref_1", 300, RefundStatus.DONE),
        ("ref_3", total_minor - 300, RefundStatus.DONE),
    ]
    assert (rest.refunded, rest.refunded_minor) == (True, total_minor)
    assert await money.told(payment) == ["PaymentSucceeded", "PaymentPartlyRefunded", "PaymentRefunded"]


async def test_what_was_not_captured_is_not_refunded(money: MoneyStage) -> None:
    order, _ = await created(money, to_be_paid())
    answer = await money.payments.refund(order, RefundAsked(order.refund_key))
    assert isinstance(answer, Declined)
    assert answer.reason is Reason.PAYMENT_NOT_CAPTURED


@pytest.mark.parametrize("call", ["look", "cancel", "refund"])
async def test_an_unknown_payment_and_another_houses_are_unknown(money: MoneyStage, call: str) -> None:
    order, _ = await created(money, to_be_paid())
    for stranger in (replace(order, payment_id="pay_nowhere"), replace(order, house_id="house_other")):
        asked = (RefundAsked("ref_1"),) if call == "refund" else ()
        answer = await getattr(money.payments, call)(stranger, *asked)
        assert isinstance(answer, Declined)
        assert answer.reason is Reason.PAYMENT_UNKNOWN

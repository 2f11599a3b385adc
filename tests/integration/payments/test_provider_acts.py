"""What happens at the provider without us is seen, recorded, and ends where our own act would have ended (R5.9)."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from balcon.payments.v1 import payments_service_pb2 as pb
from balcon.payments.v1 import refund_tasks_pb2
from balcon.payments.v1.refund_tasks_pb2_grpc import RefundTasksServiceStub
from prometheus_client import REGISTRY

from services.payments.domain.refund_transitions import MAX_REFUND_REFUSALS
from services.runtime.testing import eventually
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import CANCELLED, NO_WEBHOOK, PAYS, REFUND_DUE, SUCCEEDED, Rig

STUCK = pb.REFUND_STATE_STUCK
OPEN, WON, LOST = pb.DISPUTE_STATE_OPEN, pb.DISPUTE_STATE_WON, pb.DISPUTE_STATE_LOST


async def paid(rig: Rig, card: str = PAYS) -> pb.Payment:
    """A payment whose money is in."""
    payment = await rig.create()
    await rig.pay(payment, card)
    return await rig.reaches(payment, SUCCEEDED)


async def act(rig: Rig, path: str, key: str = "", **body: Any) -> None:
    """What somebody does at the provider with its only payment; nobody tells us."""
    ((at_provider),) = await rig.at_provider()
    url = f"{rig.sandbox_url}/v1/payments/{at_provider['id']}/{path}"
    answer = await rig.http.post(url, json=body, headers={"Idempotency-Key": key} if key else {})
    assert answer.is_success, answer.text


async def refund_there(rig: Rig, amount_minor: int, key: str = "by_hand") -> None:
    await act(rig, "refunds", key, amount_minor=amount_minor)


async def refunded_minor(rig: Rig, payment: pb.Payment, amount_minor: int) -> pb.Payment:
    """The payment once so much is known to be back."""

    async def there() -> pb.Payment:
        found = await rig.get(payment)
        assert found.refunded.amount_minor == amount_minor
        return found

    return await eventually(there)


async def disputed(rig: Rig, payment: pb.Payment, state: pb.DisputeState.ValueType) -> pb.Payment:
    """The payment once its dispute is known to be in `state`."""

    async def there() -> pb.Payment:
        found = await rig.get(payment)
        assert found.dispute_state == state
        return found

    return await eventually(there)


@pytest.mark.parametrize(
    ("card", "turned"),
    [
        (PAYS, {}),
        (PAYS, {"webhooks": False, "settings": {"listing_interval_seconds": 0.1}}),
        (NO_WEBHOOK, {"settings": {"pending_seconds": 0.1, "watch_seconds": 0.1}}),
    ],
    ids=["by webhook", "by the list", "by asking"],
)
async def test_a_refund_at_the_provider_is_seen(start_rig: StartRig, card: str, turned: dict[str, Any]) -> None:
    rig = await start_rig(**turned)
    payment = await paid(rig, card)
    await refund_there(rig, 2_500)
    await rig.is_refunded(payment)
    assert await rig.event_names(payment) == ["PaymentSucceeded", "PaymentRefunded"]
    assert (await rig.get(payment)).refunded.amount_minor == 2_500


async def test_a_part_refund_at_the_provider_is_recorded_and_is_not_the_whole(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    await refund_there(rig, 1_000)
    partly = await refunded_minor(rig, payment, 1_000)
    assert partly.refund_state == pb.REFUND_STATE_UNSPECIFIED
    told = (await rig.events(payment))[-1]
    assert type(told).__name__ == "PaymentPartlyRefunded"
    assert (told.amount.amount_minor, told.refunded.amount_minor) == (2_500, 1_000)


async def test_our_refund_asks_for_what_is_left(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    await refund_there(rig, 1_000)
    await refunded_minor(rig, payment, 1_000)
    await rig.refund(payment)
    await rig.is_refunded(payment)
    ((at_provider),) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 2_500
    names = ["PaymentSucceeded", "PaymentPartlyRefunded", "RefundSucceeded", "PaymentRefunded"]
    assert await rig.event_names(payment) == names


async def test_our_refund_finds_the_part_that_nobody_had_told_of(start_rig: StartRig) -> None:
    rig = await start_rig(webhooks=False, settings={"pending_seconds": 0.1})
    payment = await paid(rig)
    await refund_there(rig, 1_000)
    await rig.refund(payment)
    await rig.is_refunded(payment)
    ((at_provider),) = await rig.at_provider()
    assert at_provider["refunded_minor"] == 2_500


async def test_part_refunds_at_the_provider_add_up_to_the_whole(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    for number, amount_minor in enumerate((1_000, 500, 1_000)):
        await refund_there(rig, amount_minor, f"by_hand_{number}")
    await rig.is_refunded(payment)
    names = await rig.event_names(payment)
    assert (names[0], names[-1], names.count("PaymentRefunded")) == ("PaymentSucceeded", "PaymentRefunded", 1)


async def test_a_cancel_at_the_provider_is_seen(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await rig.create()
    await act(rig, "cancel", "by_hand")
    await rig.reaches(payment, CANCELLED)


async def test_a_dispute_is_shown_and_takes_no_money_before_it_is_lost(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    await act(rig, "dispute", amount_minor=2_500)
    opened = await disputed(rig, payment, OPEN)
    assert (opened.disputed.amount_minor, opened.refunded.amount_minor) == (2_500, 0)

    async def counted() -> None:
        assert REGISTRY.get_sample_value("balcon_payments_disputes_open") == 1

    await eventually(counted)
    await act(rig, "dispute/close", outcome="lost")
    await rig.is_refunded(payment)
    names = ["PaymentSucceeded", "PaymentDisputeChanged", "PaymentDisputeChanged", "PaymentRefunded"]
    assert await rig.event_names(payment) == names
    assert [event.dispute_state for event in (await rig.events(payment))[1:3]] == [OPEN, LOST]


async def test_a_dispute_that_was_won_leaves_the_money_here(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    await act(rig, "dispute", amount_minor=1_000)
    await disputed(rig, payment, OPEN)
    await act(rig, "dispute/close", outcome="won")
    won = await disputed(rig, payment, WON)
    assert (won.refund_state, won.refunded.amount_minor) == (pb.REFUND_STATE_UNSPECIFIED, 0)


@pytest.mark.parametrize("outcome", ["won", "lost"])
async def test_a_refund_of_disputed_money_waits_for_the_dispute(start_rig: StartRig, outcome: str) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    await act(rig, "dispute", amount_minor=2_500)
    await disputed(rig, payment, OPEN)
    assert (await rig.refund(payment)).refund_state == REFUND_DUE
    assert (await rig.row(payment.payment_id)).refund_refusals == 0, "it was not asked for in vain"
    await act(rig, "dispute/close", outcome=outcome)
    await rig.is_refunded(payment)


async def test_a_refund_that_is_refused_for_good_calls_people_and_is_not_asked_for_ever(start_rig: StartRig) -> None:
    rig = await start_rig(settings={"uncertain_seconds": 0.01, "uncertain_limit_seconds": 0.02})
    payment = await paid(rig)
    with sqlite3.connect(rig.plan.folder / "sandbox.sqlite") as ledger:
        ledger.execute("UPDATE payments SET refund_asked_minor = amount_minor")  # it takes the money for given back
    assert (await rig.refund(payment, "ref_1")).refund_state == REFUND_DUE

    async def stuck() -> None:
        assert (await rig.get(payment)).refund_state == STUCK
        assert REGISTRY.get_sample_value("balcon_payments_refunds_stuck") == 1

    await eventually(stuck)
    told = (await rig.events(payment))[-1]
    assert (type(told).__name__, told.left.amount_minor) == ("RefundStuck", 2_500)
    assert (await rig.row(payment.payment_id)).refund_refusals == MAX_REFUND_REFUSALS
    assert (await rig.refund(payment, "ref_1")).refund_state == STUCK, "the same key is the same request"
    with sqlite3.connect(rig.plan.folder / "sandbox.sqlite") as ledger:
        ledger.execute("UPDATE payments SET refund_asked_minor = 0")
    await rig.refund(payment, "ref_2")
    await rig.is_refunded(payment)


async def test_a_refund_that_is_stuck_ends_when_people_refund_at_the_provider(start_rig: StartRig) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    async with rig.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE payments SET refund_state = 'STUCK', refund_key = 'ref_1', refund_due_at_ms = 1"
        )
    await refund_there(rig, 2_500)
    await rig.is_refunded(payment)


@pytest.mark.parametrize(
    ("settlement", "instruments"),
    [
        (refund_tasks_pb2.REFUND_SETTLEMENT_BY_HAND, []),
        (refund_tasks_pb2.REFUND_SETTLEMENT_VOUCHER, [pb.INSTRUMENT_VOUCHER]),
    ],
)
async def test_r5_8_what_cannot_go_back_stays_visible_until_people_have_seen_to_it(
    start_rig: StartRig, settlement: Any, instruments: list[Any]
) -> None:
    rig = await start_rig()
    payment = await paid(rig)
    async with rig.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE payments SET refund_state = 'STUCK', refund_key = 'ref_1', refund_due_at_ms = 1"
        )
    tasks: Any = RefundTasksServiceStub(rig.channel)
    house = refund_tasks_pb2.ListRefundTasksRequest(house_id=payment.house_id)
    (task,) = (await tasks.ListRefundTasks(house)).tasks
    assert (task.payment_id, task.refund.left.amount_minor) == (payment.payment_id, 2_500)
    asked = refund_tasks_pb2.SettleRefundRequest(
        house_id=payment.house_id,
        payment_id=payment.payment_id,
        refund_key="ref_1",
        settlement=settlement,
        note="by bank",
        reference="T-17",
    )
    for _ in range(2):
        settled = (await tasks.SettleRefund(asked)).payment
        assert (settled.refund_state, settled.refunds[0].note) == (pb.REFUND_STATE_SUCCEEDED, "by bank")
        assert [one.instrument for one in settled.refunds[0].shares if one.voucher_id] == instruments
    assert list((await tasks.ListRefundTasks(house)).tasks) == []
    assert (await rig.event_names(payment))[1:] == ["RefundSucceeded", "PaymentRefunded"]
    async with rig.engine.connect() as connection:
        acts = await connection.exec_driver_sql("SELECT count(*) FROM outbox WHERE topic = 'balcon.acts.v1'")
        assert acts.scalar_one() == 1

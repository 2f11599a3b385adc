"""Authorised, then captured, through payments, the sandbox and Postgres: money moves once, unless somebody gave up."""

from __future__ import annotations

from services.runtime.testing import eventually
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import CANCELLED, ERRORS, PAYS, PAYS_LATE, PENDING, SUCCEEDED

MANUAL = {"sandbox_manual_capture": True}


async def test_what_the_buyer_agreed_to_is_captured_at_once(start_rig: StartRig) -> None:
    rig = await start_rig(settings=MANUAL)
    payment = await rig.create()
    assert payment.state == PENDING
    await rig.pay(payment, PAYS)
    await rig.reaches(payment, SUCCEEDED)
    ((at_provider),) = await rig.at_provider()
    assert at_provider["status"] == "succeeded"
    assert await rig.event_names(payment) == ["PaymentSucceeded"]
    assert (await rig.row(payment.payment_id)).authorised_at_ms is None


async def test_a_provider_that_errs_while_it_captures_is_asked_again(start_rig: StartRig) -> None:
    rig = await start_rig(settings=MANUAL)
    payment = await rig.create()
    await rig.pay(payment, ERRORS)
    await rig.reaches(payment, SUCCEEDED)
    assert await rig.event_names(payment) == ["PaymentSucceeded"]


async def test_what_is_authorised_after_a_confirmed_cancel_is_let_go_and_no_money_moves(start_rig: StartRig) -> None:
    rig = await start_rig(settings=MANUAL)
    payment = await rig.create()
    await rig.pay(payment, PAYS_LATE)
    assert (await rig.cancel(payment)).state == CANCELLED

    async def authorised_and_let_go() -> None:
        answer = await rig.http.get(f"{rig.sandbox_url}/v1/events")
        kinds = [event["type"] for event in answer.json()["events"]]
        assert kinds == ["payment.cancelled", "payment.authorised", "payment.cancelled"]
        row = await rig.row(payment.payment_id)
        assert (row.state, row.authorised_at_ms, row.next_attempt_at_ms) == ("CANCELLED", None, None)

    await eventually(authorised_and_let_go)
    assert await rig.event_names(payment) == ["PaymentCancelled"]

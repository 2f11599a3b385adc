"""What buyers are told of what they have asked back: each state of a request once (docs/decisions/0055)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1 import refund_requests_pb2 as refunds
from balcon.orders.v1.buyer_policy_pb2 import REFUND_WISH_MONEY, REFUND_WISH_VOUCHER
from balcon.orders.v1.orders_events_pb2 import RefundRequestChanged
from balcon.payments.v1 import payments_service_pb2 as payments
from balcon.payments.v1 import vouchers_pb2 as vouchers
from balcon.types.v1.money_pb2 import Money

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.doubles.mail_server import MailServer, serving_mail
from tests.integration.ticketing.letter_stage import Post, posting
from tests.integration.ticketing.neighbours import SEATS
from tests.integration.ticketing.stage import HOUSE, SHOW

ASKED, GRANTED = refunds.REFUND_REQUEST_STATE_ASKED, refunds.REFUND_REQUEST_STATE_GRANTED
DECLINED, WITHDRAWN = refunds.REFUND_REQUEST_STATE_DECLINED, refunds.REFUND_REQUEST_STATE_WITHDRAWN


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with serving_mail() as server:
        yield server


@pytest.fixture
async def post(database_url: DatabaseUrl, mail: MailServer, clock: ShiftedClock) -> AsyncIterator[Post]:
    async with posting(database_url("ticketing"), database_url(), mail, clock) as running:
        await running.bought()
        await running.ended()
        yield running


async def told(
    post: Post, state: refunds.RefundRequestState.ValueType, request_id: str = "rfr_1", **changes: Any
) -> None:
    """Orders has a request in that state, and says so."""
    fields: dict[str, Any] = {
        "refund_request_id": request_id,
        "order_id": "ord_1",
        "state": state,
        "wish": REFUND_WISH_MONEY,
        "parts": [refunds.QuotedRefund(performance_id=SHOW, seat_ids=[SEATS[1]])],
        "back": Money(amount_minor=2_250, currency="EUR"),
        "reason": "Leider ausverkauft." if state == DECLINED else "",
    }
    post.people.requests.known[request_id] = refunds.RefundRequest(**(fields | changes))
    event = RefundRequestChanged(
        order_id="ord_1",
        house_id=HOUSE,
        performance_id=SHOW,
        refund_request_id=request_id,
        state=state,
        changed_at_ms=post.ticketing.service.clock.now_ms(),
    )
    await post.ticketing.tell_order(event)


async def test_a_request_is_told_of_once_in_each_of_its_states_and_not_when_it_is_taken_back(post: Post) -> None:
    for state in (ASKED, ASKED, GRANTED):
        await told(post, state)
        await post.ended(2 if state == ASKED else 3)
    await told(post, WITHDRAWN, "rfr_2")
    await told(post, DECLINED, "rfr_3")
    assert (await post.ended(4))[1:] == [
        ("REFUND_ASKED", "SENT"),
        ("REFUND_GRANTED", "SENT"),
        ("REFUND_DECLINED", "SENT"),
    ]
    _, asked, granted, declined = post.letters()
    assert [str(one["Subject"]) for one in (asked, granted, declined)] == [
        "Ihre Anfrage: Hamlet",
        "Zurückgenommen: Hamlet",
        "Zu Ihrer Anfrage: Hamlet",
    ]
    bodies = [one.get_body(("plain",)) for one in (asked, granted, declined)]
    texts = [body.get_content() for body in bodies if body is not None]
    assert all("ord_1" in text for text in texts)
    assert ["Sie bekommen zurück: 22,50" in text for text in texts] == [False, True, False]
    assert "Leider ausverkauft." in texts[2]
    assert not [part for one in (asked, granted, declined) for part in one.iter_attachments()]


async def test_what_was_granted_is_told_though_the_order_has_ended_and_its_tickets_are_void(post: Post) -> None:
    post.people.orders.known["ord_1"].state = orders.ORDER_STATE_REFUNDED
    await post.ticketing.damage(
        "UPDATE tickets SET voided_at_ms = 1, void_reason = 'LINE_CANCELLED', revocation = 1"
        f" WHERE seat_id = '{SEATS[1]}'"
    )
    await told(post, GRANTED)
    assert (await post.ended(2))[1] == ("REFUND_GRANTED", "SENT")


CODE = "7KQ2-M4XW-9RTB-3HVN"


async def test_r5_8_the_code_of_a_voucher_instead_of_money_is_in_one_letter_to_the_buyer_and_in_no_row_or_log(
    post: Post, clock: ShiftedClock, capfd: pytest.CaptureFixture[str]
) -> None:
    """The letter waits for the voucher; of one that had paid before, whoever has it knows the code."""
    people, eur = post.people, "EUR"
    people.orders.known["ord_1"].payment_id = "pay_1"
    payment = people.payments.known["pay_1"] = payments.Payment(payment_id="pay_1")
    for voucher_id, code, minor, made_by in (("vch_new", CODE, 1_750, "pay_1"), ("vch_old", "OLD-CODE", 500, "")):
        balance = Money(amount_minor=minor, currency=eur)
        known = vouchers.Voucher(voucher_id=voucher_id, balance=balance, refund_of_payment_id=made_by)
        people.vouchers.known[voucher_id] = vouchers.MadeVoucher(voucher=known, code=code)
    await told(post, GRANTED, wish=REFUND_WISH_VOUCHER, refunds=[orders.Refund(refund_id="ord_1-refund-1")])

    async def waits() -> None:
        state = "SELECT state, reason FROM deliveries WHERE kind = 'REFUND_GRANTED'"
        assert await post.ticketing.rows(state) == [("DUE", "it could not be written yet")]

    await eventually(waits)
    assert people.vouchers.shown == []
    shares = [payments.RefundShare(voucher_id="vch_old"), payments.RefundShare(voucher_id="vch_new")]
    payment.refunds.append(payments.PaymentRefund(idempotency_key="ord_1-refund-1", shares=shares))
    clock.forward(seconds=60)
    assert (await post.ended(2))[1] == ("REFUND_GRANTED", "SENT")
    assert people.vouchers.shown == ["vch_new"], "asked for once, and only what the refund has made"
    granted = post.letters()[1]
    bodies = [part.get_content() for part in granted.walk() if part.get_content_maintype() == "text"]
    assert len(bodies) == 2
    assert all(CODE in body and "17,50" in body and "OLD-CODE" not in body for body in bodies)
    assert CODE not in str(granted["Subject"])
    everything = [str(await post.ticketing.rows(f"SELECT * FROM {table}")) for table in ("deliveries", "outbox")]
    assert not [one for one in everything if CODE in one]
    out, err = capfd.readouterr()
    assert CODE not in out + err


async def test_a_request_for_money_asks_for_no_code(post: Post) -> None:
    await told(post, GRANTED, refunds=[orders.Refund(refund_id="ord_1-refund-1")])
    assert (await post.ended(2))[1] == ("REFUND_GRANTED", "SENT")
    assert post.people.vouchers.shown == []

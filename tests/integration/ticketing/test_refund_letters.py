"""What buyers are told of what they have asked back: each state of a request once (docs/decisions/0055)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1 import refund_requests_pb2 as refunds
from balcon.orders.v1.buyer_policy_pb2 import REFUND_WISH_MONEY
from balcon.orders.v1.orders_events_pb2 import RefundRequestChanged
from balcon.types.v1.money_pb2 import Money

from services.runtime.testing.clocks import ShiftedClock
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


async def told(post: Post, state: refunds.RefundRequestState.ValueType, request_id: str = "rfr_1") -> None:
    """Orders has a request in that state, and says so."""
    post.people.requests.known[request_id] = refunds.RefundRequest(
        refund_request_id=request_id,
        order_id="ord_1",
        state=state,
        wish=REFUND_WISH_MONEY,
        parts=[refunds.QuotedRefund(performance_id=SHOW, seat_ids=[SEATS[1]])],
        back=Money(amount_minor=2_250, currency="EUR"),
        reason="Leider ausverkauft." if state == DECLINED else "",
    )
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

"""What whoever holds a ticket does with it by number and code, and how guessing ends (docs/decisions/0055)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1 import refund_requests_pb2 as refunds
from balcon.orders.v1.buyer_policy_pb2 import TicketRules
from balcon.ticketing.v1 import own_tickets_pb2 as pb
from balcon.ticketing.v1 import ticketing_service_pb2 as staff
from balcon.ticketing.v1.own_tickets_pb2_grpc import OwnTicketsServiceStub

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from services.ticketing.handlers.order_door import MOST_WRONG, WINDOW_MS
from tests.doubles.mail_server import MailServer, serving_mail
from tests.integration.ticketing.letter_neighbours import ADA
from tests.integration.ticketing.letter_stage import Post, posting
from tests.integration.ticketing.neighbours import SEATS, STARTS_MS
from tests.integration.ticketing.stage import HOUSE, IDS, SHOW
from tests.integration.ticketing.test_sold_tickets import printed, tickets

BEN = "ben@reader.example"


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


def own(post: Post) -> Any:
    return OwnTicketsServiceStub(post.ticketing.channel)


def asked(kind: Any, code: str, **fields: Any) -> Any:
    known = {"house_id": HOUSE, "order_id": "ord_1", "ticket_code": code}
    if "idempotency_key" in kind.DESCRIPTOR.fields_by_name:
        known["idempotency_key"] = IDS.new_id("key")
    return kind(**(known | fields))


def transfer(code: str, email: str = BEN, **fields: Any) -> pb.TransferOwnTicketRequest:
    request: pb.TransferOwnTicketRequest = asked(
        pb.TransferOwnTicketRequest, code, name="Ben Barker", email=email, language="en", **fields
    )
    return request


async def test_a_holder_passes_a_ticket_on_under_the_rules_of_the_house(post: Post) -> None:
    stub, (ticket_id, code) = own(post), (await tickets(post))[SEATS[0]]
    never = await refusal(stub.TransferOwnTicket(transfer(code)))
    assert (never.reason, never.facts["act"]) == ("HOLDER_MAY_NOT", "passed on")
    post.people.policies.tickets = TicketRules(may_transfer=True, until_hours_before=24)
    post.people.requests.known["rfr_1"] = refunds.RefundRequest(
        refund_request_id="rfr_1",
        order_id="ord_1",
        state=refunds.REFUND_REQUEST_STATE_ASKED,
        parts=[refunds.QuotedRefund(performance_id=SHOW, seat_ids=[SEATS[0]])],
    )
    waits = await refusal(stub.TransferOwnTicket(transfer(code)))
    assert (waits.reason, waits.facts["refund_request_id"]) == ("TICKET_ASKED_BACK", "rfr_1")
    post.people.requests.known.clear()
    seat = orders.ExchangedLine(performance_id=SHOW, seat_id=SEATS[0])
    given = orders.GivenLines(order_id="ord_new", lines=[seat], state=orders.EXCHANGE_STATE_OPEN)
    post.people.orders.known["ord_1"].given.append(given)
    locked = await refusal(stub.TransferOwnTicket(transfer(code)))
    assert (locked.reason, locked.facts["new_order_id"]) == ("TICKET_IN_EXCHANGE", "ord_new")
    post.people.orders.known["ord_1"].ClearField("given")

    request = transfer(code)
    answer = await stub.TransferOwnTicket(request)
    assert (answer.order_id, answer.seat_id) == ("ord_1", SEATS[0])
    assert await stub.TransferOwnTicket(request) == answer, (
        "an answer that was lost is told again, by the void code too"
    )
    assert (await refusal(stub.TransferOwnTicket(transfer(code)))).reason == "TICKET_IS_VOID"
    assert sorted(await post.ended(3)) == [("CONFIRMATION", "SENT"), ("PASSED_ON", "SENT"), ("RECEIVED", "SENT")]
    new_id, new_code = (await tickets(post))[SEATS[0]]
    assert new_id != ticket_id
    assert [await post.ticketing.checked(one) for one in (code, new_code)] == ["VOID 6", "VALID"]
    assert (await refusal(stub.CheckOrderCode(asked(pb.CheckOrderCodeRequest, code)))).reason == "ORDER_CODE_WRONG"
    told = await stub.CheckOrderCode(asked(pb.CheckOrderCodeRequest, new_code))
    assert (told.ticket.holder_id, [one.seat_id for one in told.tickets]) == ("cus_ben", [SEATS[0]])
    often = await refusal(stub.TransferOwnTicket(transfer(new_code, email=ADA.email)))
    assert (often.reason, often.facts["most"]) == ("TRANSFERRED_TOO_OFTEN", "1")
    log = "SELECT count(*) FROM outbox WHERE type = 'balcon.acts.v1.ActDone'"
    assert await post.ticketing.rows(log) == [(0,)], "what a holder does is no act of the house"


async def test_a_holder_renames_and_sends_again_so_often_a_day_and_never_elsewhere(post: Post) -> None:
    stub, (_, code) = own(post), (await tickets(post))[SEATS[0]]
    post.people.policies.tickets = TicketRules(may_rename=True, most_letters_a_day=2)
    await stub.RenameOwnTicket(asked(pb.RenameOwnTicketRequest, code, name="Zoe"))
    assert (await post.ended(2))[1] == ("CHANGED", "SENT")
    assert "Zoe" in printed(post.letters()[1])
    again = asked(pb.SendOwnTicketsAgainRequest, code.strip())
    first = await stub.SendOwnTicketsAgain(again)
    assert await stub.SendOwnTicketsAgain(again) == first
    assert (await post.ended(3))[2] == ("AGAIN", "SENT")
    assert len(post.letters()) == 3
    for call in (
        stub.SendOwnTicketsAgain(asked(pb.SendOwnTicketsAgainRequest, code)),
        stub.RenameOwnTicket(asked(pb.RenameOwnTicketRequest, code, name="Ann")),
    ):
        refused = await refusal(call)
        assert (refused.reason, refused.facts["most"]) == ("SENT_TOO_OFTEN", "2")


async def test_the_time_of_the_house_ends_what_a_holder_may_do(post: Post, clock: ShiftedClock) -> None:
    stub, (_, code) = own(post), (await tickets(post))[SEATS[0]]
    hours = 1 + (STARTS_MS - clock.now_ms()) // 3_600_000
    post.people.policies.tickets = TicketRules(may_rename=True, until_hours_before=hours)
    late = await refusal(stub.RenameOwnTicket(asked(pb.RenameOwnTicketRequest, code, name="Ann")))
    assert (late.reason, late.facts["act"]) == ("HOLDER_TIME_PASSED", "renamed")
    post.people.policies.tickets = TicketRules(may_rename=True, until_hours_before=hours - 2)
    await stub.RenameOwnTicket(asked(pb.RenameOwnTicketRequest, code, name="Ann"))


async def test_a_code_is_read_as_it_is_printed_and_guessing_ends_soon_even_many_at_once(
    post: Post, clock: ShiftedClock
) -> None:
    stub, (ticket_id, code) = own(post), (await tickets(post))[SEATS[0]]
    typed = f" {ticket_id[-8:-4]}-{ticket_id[-4:]}".lower().replace("0", "o").replace("1", "l")
    told = await stub.CheckOrderCode(asked(pb.CheckOrderCodeRequest, typed))
    assert (told.ticket.ticket_id, told.lets_in) == (ticket_id, True)
    assert sorted(one.seat_id for one in told.tickets) == sorted(SEATS[:2])
    for _ in range(MOST_WRONG + 5):
        await stub.CheckOrderCode(asked(pb.CheckOrderCodeRequest, code))

    unknown = await refusal(stub.CheckOrderCode(asked(pb.CheckOrderCodeRequest, code, order_id="ord_none")))
    guesses = [stub.CheckOrderCode(asked(pb.CheckOrderCodeRequest, f"WRONG{n:03}")) for n in range(MOST_WRONG + 10)]
    answers = await asyncio.gather(*map(refusal, guesses))
    reasons = [answer.reason for answer in answers]
    assert (reasons.count("ORDER_CODE_WRONG"), reasons.count("TOO_MANY_WRONG_CODES")) == (MOST_WRONG, 10)
    wrong = next(answer for answer in answers if answer.reason == "ORDER_CODE_WRONG")
    assert (unknown.reason, unknown.message, unknown.facts) == (wrong.reason, wrong.message, wrong.facts)
    assert (await refusal(stub.CheckOrderCode(asked(pb.CheckOrderCodeRequest, code)))).reason == "TOO_MANY_WRONG_CODES"
    clock.forward(seconds=WINDOW_MS / 1000 + 1)
    await stub.CheckOrderCode(asked(pb.CheckOrderCodeRequest, code))


async def test_the_code_of_a_ticket_given_back_still_tells_whose_it_was(post: Post) -> None:
    (_, code) = (await tickets(post))[SEATS[0]]
    await post.ticketing.damage(
        "UPDATE tickets SET voided_at_ms = 1, void_reason = 'LINE_CANCELLED', revocation = 1"
        f" WHERE seat_id = '{SEATS[0]}'"
    )
    told = await own(post).CheckOrderCode(asked(pb.CheckOrderCodeRequest, code))
    assert (told.lets_in, [one.seat_id for one in told.tickets]) == (False, [SEATS[1]])
    post.people.policies.tickets = TicketRules(may_transfer=True)
    assert (await refusal(own(post).TransferOwnTicket(transfer(code)))).reason == "TICKET_IS_VOID"
    nobodys = staff.SendTicketsAgainRequest(idempotency_key="k", house_id=HOUSE, order_id="ord_1")
    assert (await post.ticketing.stub.SendTicketsAgain(nobodys)).delivery_id

"""What staff do to tickets that were sold: sent again, renamed, passed on. Over real gRPC, PostgreSQL and SMTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import Any

import pytest
from balcon.customers.v1.customers_events_pb2 import CustomerErased, CustomersMerged
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.ticketing.v1 import ticketing_service_pb2 as pb
from pypdf import PdfReader

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from services.ticketing.domain.delivery import MOST_AGAIN_A_DAY
from tests.doubles.mail_server import MailServer, serving_mail
from tests.integration.ticketing.letter_neighbours import ADA
from tests.integration.ticketing.letter_stage import Post, posting
from tests.integration.ticketing.neighbours import SEATS
from tests.integration.ticketing.stage import HOUSE, IDS, SHOW

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


def printed(letter: Any) -> str:
    """The text of the tickets in the letter."""
    [pdf] = [one.get_content() for one in letter.iter_attachments() if one.get_content_type() == "application/pdf"]
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


async def tickets(post: Post) -> dict[str, tuple[str, str]]:
    """By seat: the id and code of each that lets in."""
    wanted = "SELECT seat_id, ticket_id, code FROM tickets WHERE voided_at_ms IS NULL ORDER BY seat_id"
    return {seat: (ticket_id, code) for seat, ticket_id, code in await post.ticketing.rows(wanted)}


def again(email: str = "", key: str = "") -> pb.SendTicketsAgainRequest:
    return pb.SendTicketsAgainRequest(
        idempotency_key=key or IDS.new_id("key"), house_id=HOUSE, order_id="ord_1", email=email
    )


def transfer(ticket_id: str, email: str = BEN, key: str = "") -> pb.TransferTicketRequest:
    return pb.TransferTicketRequest(
        idempotency_key=key or IDS.new_id("key"),
        house_id=HOUSE,
        ticket_id=ticket_id,
        name="Ben Barker",
        email=email,
        language="en",
    )


async def test_a_corrected_address_gets_what_a_refused_one_did_not(post: Post) -> None:
    post.mail.refused.add(ADA.email)
    await post.ticketing.stub.SendTicketsAgain(again())
    assert (await post.ended(2))[1] == ("AGAIN", "REFUSED")
    asked = pb.ListDeliveriesRequest(house_id=HOUSE, states=[pb.DELIVERY_STATE_REFUSED])
    [line] = (await post.ticketing.stub.ListDeliveries(asked)).deliveries
    assert (line.order_id, line.reason) == ("ord_1", "the mail server refuses the address (550)")
    post.people.customers.known["cus_ada"].email = "ada@corrected.example"
    await post.ticketing.stub.SendTicketsAgain(again())
    assert (await post.ended(3))[2] == ("AGAIN", "SENT")
    assert len(post.letters("ada@corrected.example")) == 1


async def test_another_address_is_used_once_and_forgotten(post: Post) -> None:
    request = again("Assistant@office.example", key="again-1")
    first = await post.ticketing.stub.SendTicketsAgain(request)
    assert await post.ticketing.stub.SendTicketsAgain(request) == first
    await post.ended(2)
    [letter] = post.letters("Assistant@office.example")
    assert letter["Message-ID"].startswith(f"<{first.delivery_id}@")
    assert await post.ticketing.rows("SELECT DISTINCT sealed_email FROM deliveries") == [(b"",)]


async def test_tickets_are_sent_again_so_often_a_day_and_no_more(post: Post) -> None:
    # As many as there may be, but one, have gone already.
    await post.ticketing.damage(
        "INSERT INTO deliveries SELECT house_id, 'x' || n, order_id, 'AGAIN', 'x' || n, performance_id, happened_at_ms,"
        " was_at_ms, customer_id, buyer_id, ticket_ids, state, attempts, unknown, reason, due_at_ms, created_at_ms,"
        f" ended_at_ms, sealed_email FROM deliveries, generate_series(1, {MOST_AGAIN_A_DAY - 1}) AS n"
    )
    await post.ticketing.stub.SendTicketsAgain(again())
    refused = await refusal(post.ticketing.stub.SendTicketsAgain(again()))
    assert (refused.reason, refused.facts["most"]) == ("SENT_TOO_OFTEN", str(MOST_AGAIN_A_DAY))
    nothing = again()
    nothing.order_id = "ord_none"
    assert (await refusal(post.ticketing.stub.SendTicketsAgain(nothing))).reason == "NOTHING_TO_SEND"


async def test_another_name_is_on_the_ticket_and_nowhere_to_be_read_in_the_record(post: Post) -> None:
    ticket_id, code = (await tickets(post))[SEATS[0]]
    request = pb.RenameTicketRequest(idempotency_key="k", house_id=HOUSE, ticket_id=ticket_id, name="Zoë Ångström")
    await post.ticketing.stub.RenameTicket(request)
    assert (await post.ended(2))[1] == ("CHANGED", "SENT")
    assert "Zoë Ångström" in printed(post.letters()[1])
    assert (await tickets(post))[SEATS[0]] == (ticket_id, code)
    assert await post.ticketing.checked(code) == "VALID"
    everything = [str(await post.ticketing.rows(f"SELECT * FROM {table}")) for table in ("tickets", "outbox", "inbox")]
    assert not [one for one in everything if "ngstr" in one]


async def test_the_name_on_a_ticket_goes_with_the_buyer_who_is_erased(post: Post) -> None:
    for seat in SEATS[:2]:
        ticket_id, _ = (await tickets(post))[seat]
        request = pb.RenameTicketRequest(idempotency_key=seat, house_id=HOUSE, ticket_id=ticket_id, name="Zoë Ångström")
        await post.ticketing.stub.RenameTicket(request)
    named = "SELECT count(*) FROM tickets WHERE sealed_name <> ''"
    await post.ticketing.tell_customer(CustomerErased(house_id=HOUSE, customer_id="cus_other"), "cus_other")
    await post.ended(3)
    assert await post.ticketing.rows(named) == [(2,)]
    merged = CustomersMerged(house_id=HOUSE, customer_id="cus_one", merged_customer_id="cus_ada")
    await post.ticketing.tell_customer(merged, "cus_ada")

    async def is_followed() -> None:
        bought = "SELECT DISTINCT buyer_id FROM deliveries WHERE kind = 'CONFIRMATION'"
        assert await post.ticketing.rows(bought) == [("cus_one",)]

    await eventually(is_followed)
    await post.ticketing.tell_customer(CustomerErased(house_id=HOUSE, customer_id="cus_one"), "cus_one")

    async def are_forgotten() -> None:
        assert await post.ticketing.rows(named) == [(0,)]

    await eventually(are_forgotten)


async def test_a_person_is_told_all_that_is_kept_of_them_and_nothing_of_others(post: Post) -> None:
    (first, _), (second, _) = (await tickets(post))[SEATS[0]], (await tickets(post))[SEATS[1]]
    for ticket_id, name in ((first, "Zoë Ångström"), (second, "Grace Hopper")):
        rename = pb.RenameTicketRequest(idempotency_key=ticket_id, house_id=HOUSE, ticket_id=ticket_id, name=name)
        await post.ticketing.stub.RenameTicket(rename)
    theirs = (await post.ticketing.stub.TransferTicket(transfer(second))).ticket
    await post.ticketing.stub.RenameTicket(
        pb.RenameTicketRequest(idempotency_key="ben", house_id=HOUSE, ticket_id=theirs.ticket_id, name="Ben's own")
    )

    async def told(*customer_ids: str) -> tuple[list[tuple[str, str, bool]], list[str]]:
        asked = pb.GetTicketsOfCustomersRequest(house_id=HOUSE, customer_ids=customer_ids)
        answer = await post.ticketing.stub.GetTicketsOfCustomers(asked)
        kinds = sorted(pb.DeliveryKind.Name(one.kind).removeprefix("DELIVERY_KIND_") for one in answer.letters)
        return [(one.ticket.ticket_id, one.name, one.HasField("voided_at")) for one in answer.tickets], kinds

    bought = {(first, "Zoë Ångström", False), (second, "Grace Hopper", True)}
    kept, letters = await told("cus_ada")
    assert (set(kept), letters) == (bought, ["CHANGED", "CHANGED", "CONFIRMATION", "PASSED_ON"])
    assert await told("cus_ben") == ([(theirs.ticket_id, "Ben's own", False)], ["CHANGED", "RECEIVED"])
    assert await told("cus_other") == ([], [])
    nobody = await refusal(post.ticketing.stub.GetTicketsOfCustomers(pb.GetTicketsOfCustomersRequest(house_id=HOUSE)))
    assert [one.field for one in nobody.violations] == ["customer_ids"]


async def test_another_address_is_told_and_goes_with_the_buyer_who_is_erased(post: Post, mail: MailServer) -> None:
    mail.is_away = True
    await post.ticketing.stub.SendTicketsAgain(again("once@reader.example"))
    asked = pb.GetTicketsOfCustomersRequest(house_id=HOUSE, customer_ids=["cus_ada"])
    letters = (await post.ticketing.stub.GetTicketsOfCustomers(asked)).letters
    assert [one.email for one in letters] == ["", "once@reader.example"]
    await post.ticketing.tell_customer(CustomerErased(house_id=HOUSE, customer_id="cus_ada"), "cus_ada")

    async def is_forgotten() -> None:
        assert await post.ticketing.rows("SELECT count(*) FROM deliveries WHERE sealed_email <> ''") == [(0,)]

    await eventually(is_forgotten)


async def test_a_ticket_that_is_passed_on_has_another_code_and_both_are_told(post: Post) -> None:
    ticket_id, code = (await tickets(post))[SEATS[0]]
    request = transfer(ticket_id, key="transfer-1")
    answer = await post.ticketing.stub.TransferTicket(request)
    assert await post.ticketing.stub.TransferTicket(request) == answer
    assert sorted(await post.ended(3)) == [("CONFIRMATION", "SENT"), ("PASSED_ON", "SENT"), ("RECEIVED", "SENT")]
    assert answer.ticket.holder_id == "cus_ben"
    new_code = (await tickets(post))[SEATS[0]][1]
    assert [await post.ticketing.checked(one) for one in (code, new_code)] == ["VOID 6", "VALID"]
    [received], [_, passed_on] = post.letters(BEN), post.letters()
    assert received["Subject"] == "Tickets for Hamlet are yours now"
    assert "Ben Barker" in printed(received)
    assert passed_on["Subject"] == "Übertragen: Karten für Hamlet"
    assert not list(passed_on.iter_attachments())
    # What the buyer gets from now on has the other seat only.
    await post.ticketing.stub.SendTicketsAgain(again())
    await post.ended(4)
    sent_again = printed(post.letters()[-1])
    assert (SEATS[1] in sent_again, SEATS[0] in sent_again) == (True, False)


async def test_r2_9_orders_are_told_no_code_of_a_ticket_that_was_passed_on_until_it_comes_back(post: Post) -> None:
    (ticket_id, code), (_, stays) = (await tickets(post))[SEATS[0]], (await tickets(post))[SEATS[1]]
    asked = pb.GetOrderTicketsRequest(house_id=HOUSE, order_id="ord_1")

    async def told() -> dict[str, tuple[str, str, bool]]:
        answer = await post.ticketing.stub.GetOrderTickets(asked)
        return {
            one.ticket.seat_id: (one.ticket.ticket_id, one.ticket.code, one.ticket.passed_on) for one in answer.tickets
        }

    assert (await told())[SEATS[0]] == (ticket_id, code, False)
    new = (await post.ticketing.stub.TransferTicket(transfer(ticket_id))).ticket
    assert (await told())[SEATS[0]] == (new.ticket_id, "", True)
    back = (await post.ticketing.stub.TransferTicket(transfer(new.ticket_id, email=ADA.email))).ticket
    _, new_code = (await tickets(post))[SEATS[0]]
    found = await told()
    assert found[SEATS[0]] == (back.ticket_id, new_code, False)
    assert found[SEATS[1]][1] == stays
    nobodys = pb.GetOrderTicketsRequest(house_id=HOUSE, order_id="ord_none")
    assert not (await post.ticketing.stub.GetOrderTickets(nobodys)).tickets


async def test_r2_10_who_was_passed_a_ticket_is_told_of_a_move_too(post: Post) -> None:
    ticket_id, _ = (await tickets(post))[SEATS[0]]
    await post.ticketing.stub.TransferTicket(transfer(ticket_id))
    await post.ended(3)
    await post.tell_moved(1, 1_900_100_000_000)
    await post.ended(5)
    assert [str(letter["Subject"]) for letter in post.letters(BEN)[1:]] == ["New date: Hamlet"]
    assert str(post.letters()[-1]["Subject"]) == "Neuer Termin: Hamlet"


async def test_what_is_void_or_nobodys_is_not_passed_on_and_not_twice_to_the_same(post: Post) -> None:
    ticket_id, _ = (await tickets(post))[SEATS[0]]
    new = await post.ticketing.stub.TransferTicket(transfer(ticket_id))
    void = await refusal(post.ticketing.stub.TransferTicket(transfer(ticket_id)))
    assert (void.reason, void.facts["void_reason"]) == ("TICKET_IS_VOID", "TRANSFERRED")
    theirs = await refusal(post.ticketing.stub.TransferTicket(transfer(new.ticket.ticket_id)))
    assert theirs.reason == "TICKET_IS_THEIRS"
    none = await refusal(post.ticketing.stub.TransferTicket(transfer("tkt_none")))
    assert none.reason == "TICKET_NOT_FOUND"
    back = await post.ticketing.stub.TransferTicket(transfer(new.ticket.ticket_id, email=ADA.email))
    assert back.ticket.holder_id == ""


async def test_what_is_being_exchanged_is_neither_passed_on_nor_renamed_by_staff_and_what_came_to_nothing_is(
    post: Post,
) -> None:
    """The seat beside it is nobody's business; an exchange that has ended locks nothing."""
    known = await tickets(post)
    mine, beside = (known[seat][0] for seat in SEATS[:2])
    seat = orders.ExchangedLine(performance_id=SHOW, seat_id=SEATS[0])
    given = orders.GivenLines(order_id="ord_new", lines=[seat], state=orders.EXCHANGE_STATE_OPEN)
    post.people.orders.known["ord_1"].given.append(given)

    def rename(ticket_id: str) -> pb.RenameTicketRequest:
        key = IDS.new_id("key")
        return pb.RenameTicketRequest(idempotency_key=key, house_id=HOUSE, ticket_id=ticket_id, name="Zoe")

    stub = post.ticketing.stub
    for call in (stub.TransferTicket(transfer(mine)), stub.RenameTicket(rename(mine))):
        locked = await refusal(call)
        assert (locked.reason, locked.facts["ticket_id"], locked.facts["new_order_id"]) == (
            "TICKET_IN_EXCHANGE",
            mine,
            "ord_new",
        )
    await stub.RenameTicket(rename(beside))
    post.people.orders.known["ord_1"].given[0].state = orders.EXCHANGE_STATE_FREED
    await stub.RenameTicket(rename(mine))
    assert (await stub.TransferTicket(transfer(mine))).ticket.holder_id == "cus_ben"

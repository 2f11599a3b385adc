"""Invoices over gRPC and a real record: numbers without gaps, a credit note for each refund, another name, an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import grpc
import pytest
from balcon.catalogue.v1.prices_pb2 import PRICE_COMPONENT_KIND_BASE, PRICE_COMPONENT_KIND_SERVICE_FEE
from balcon.customers.v1.customers_pb2 import Customer
from balcon.orders.v1 import orders_events_pb2 as told
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.ticketing.v1 import invoices_pb2 as pb
from balcon.ticketing.v1.invoices_pb2_grpc import InvoicesServiceStub
from google.protobuf.field_mask_pb2 import FieldMask
from pypdf import PdfReader

from services.contracts.wire_types import wire_money
from services.runtime.clock import SystemClock
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.ticketing.letter_neighbours import LetterNeighbours
from tests.integration.ticketing.neighbours import Neighbours
from tests.integration.ticketing.stage import HOUSE, SHOW, Ticketing, running_ticketing

BUYER = "Wietske Dijkstra-Ødegård"


class Sales:
    """Orders of two seats at 26.50 each, as GetOrder tells them."""

    def __init__(self, told: dict[str, wire.Order]) -> None:
        self.told = told

    def sold(self, order_id: str, seats: int = 2) -> wire.Order:
        lines = [_line(f"A-{place + 1}") for place in range(seats)]
        order = wire.Order(
            order_id=order_id,
            house_id=HOUSE,
            customer_id="cus_1",
            state=wire.ORDER_STATE_CONFIRMED,
            confirmed_at_ms=1,
            total=wire_money(2_650 * seats, "EUR"),
            parts=[wire.OrderPart(performance_id=SHOW, lines=lines)],
        )
        self.told[order_id] = order
        return order

    def refund(self, order_id: str, refund_id: str, amount_minor: int, *seats: str) -> None:
        lines = [wire.RefundedLine(performance_id=SHOW, seat_id=seat) for seat in seats]
        self.told[order_id].refunds.append(
            wire.Refund(
                refund_id=refund_id,
                amount=wire_money(amount_minor, "EUR"),
                lines=lines,
                state=wire.REFUND_STATE_DONE,
            )
        )


def _line(seat: str) -> wire.OrderLine:
    low = wire.Vat(vat_class="low", rate_basis_points=900, amount=wire_money(206, "EUR"))
    high = wire.Vat(vat_class="high", rate_basis_points=2_100, amount=wire_money(26, "EUR"))
    return wire.OrderLine(
        seat_id=seat,
        category="Stalls",
        ticket_type="normal",
        price=wire_money(2_650, "EUR"),
        seat_name=wire.SeatName(zone="Stalls", row="A", seat=seat[2:]),
        components=[
            wire.LineComponent(kind=PRICE_COMPONENT_KIND_BASE, amount=wire_money(2_500, "EUR"), vat=low),
            wire.LineComponent(kind=PRICE_COMPONENT_KIND_SERVICE_FEE, amount=wire_money(150, "EUR"), vat=high),
        ],
    )


class Invoicing:
    """Ticketing among its neighbours, and a client of its invoices."""

    def __init__(self, ticketing: Ticketing, orders: Sales, channel: grpc.aio.Channel) -> None:
        self.ticketing = ticketing
        self.orders = orders
        self.stub = InvoicesServiceStub(channel)

    async def set(self, **fields: Any) -> pb.Invoicing:
        known = (await self.stub.GetInvoicing(pb.GetInvoicingRequest(house_id=HOUSE))).invoicing
        request = pb.UpdateInvoicingRequest(
            house_id=HOUSE,
            invoicing=pb.Invoicing(**fields),
            update_mask=FieldMask(paths=list(fields)),
            etag=known.etag,
        )
        return (await self.stub.UpdateInvoicing(request)).invoicing

    async def issue(self, order_id: str, key: str = "", **fields: Any) -> pb.IssueInvoiceResponse:
        request = pb.IssueInvoiceRequest(
            idempotency_key=key or f"issue-{order_id}", house_id=HOUSE, order_id=order_id, **fields
        )
        return await self.stub.IssueInvoice(request)

    async def numbers(self, order_id: str = "") -> list[str]:
        answer = await self.stub.ListInvoices(pb.ListInvoicesRequest(house_id=HOUSE, order_id=order_id))
        return [one.number for one in answer.invoices]

    async def text(self, invoice_id: str) -> str:
        request = pb.DownloadInvoiceRequest(house_id=HOUSE, invoice_id=invoice_id)
        content = b"".join([part.data async for part in self.stub.DownloadInvoice(request)])
        return " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


@pytest.fixture
async def house(database_url: DatabaseUrl, clock: ShiftedClock, neighbours: Neighbours) -> AsyncIterator[Invoicing]:
    people = LetterNeighbours()
    people.customers.known["cus_1"] = Customer(customer_id="cus_1", name=BUYER, language="nl")
    await people.start()
    targets = dict.fromkeys(("catalogue_target", "inventory_target", "accounts_target"), neighbours.target)
    targets |= dict.fromkeys(("orders_target", "customers_target"), people.target)
    try:
        async with running_ticketing(database_url("ticketing"), database_url(), clock=clock, **targets) as running:
            channel = open_channel(f"127.0.0.1:{running.service.rpc.port}", SystemClock())
            try:
                yield Invoicing(running, Sales(people.orders.known), channel)
            finally:
                await channel.close()
    finally:
        await people.stop()


async def test_an_order_has_one_invoice_however_often_it_is_asked_for(house: Invoicing) -> None:
    await house.set(legal_name="Genova BV", number_prefix="GEN", small_up_to_minor=10_000)
    house.orders.sold("ord_1")
    first = await house.issue("ord_1")
    again = await house.issue("ord_1", key="other")
    assert first == again
    assert (first.invoice.number, first.invoice.kind) == ("GEN-2026-1", pb.INVOICE_KIND_RECEIPT)
    assert [(one.vat_class, one.net.amount_minor, one.vat.amount_minor) for one in first.invoice.vat] == [
        ("high", 248, 52),
        ("low", 4_588, 412),
    ]
    assert not first.invoice.has_buyer
    assert BUYER not in await house.text(first.invoice.invoice_id)


async def test_without_a_legal_name_nothing_is_issued(house: Invoicing) -> None:
    house.orders.sold("ord_1")
    assert (await refusal(house.issue("ord_1"))).reason == "INVOICING_NOT_SET"


async def test_above_what_is_small_the_buyers_name_stands_on_it_and_nowhere_in_the_clear(house: Invoicing) -> None:
    await house.set(legal_name="Genova BV")
    house.orders.sold("ord_1")
    made = await house.issue("ord_1")
    assert (made.invoice.kind, made.invoice.language) == (pb.INVOICE_KIND_INVOICE, "nl")
    text = await house.text(made.invoice.invoice_id)
    assert BUYER in text
    assert "Factuur" in text
    rows = await house.ticketing.rows("SELECT row_to_json(i)::text, encode(sealed_sheet, 'escape') FROM invoices i")
    assert not any("Dijkstra" in column for row in rows for column in row)


async def test_each_refund_gets_one_credit_note_and_the_sums_end_at_nothing(house: Invoicing) -> None:
    await house.set(legal_name="Genova BV", automatic=True, small_up_to_minor=10_000)
    house.orders.sold("ord_1")
    await house.ticketing.tell_order(told.OrderConfirmed(order_id="ord_1", house_id=HOUSE, performance_id=SHOW))
    await eventually(lambda: _count(house, 1))
    house.orders.refund("ord_1", "r1", 2_500, "A-1")
    house.orders.refund("ord_1", "r2", 2_800)
    back = told.OrderRefunded(order_id="ord_1", house_id=HOUSE, performance_id=SHOW)
    await house.ticketing.tell_order(back)
    await eventually(lambda: _count(house, 3))
    await house.ticketing.tell_order(back)
    made = await house.issue("ord_1")
    assert [note.total.amount_minor for note in made.credit_notes] == [2_500, 2_800]
    credited = sum(one.vat.amount_minor for note in made.credit_notes for one in note.vat)
    assert credited == sum(one.vat.amount_minor for one in made.invoice.vat)
    assert await house.numbers() == ["2026-3", "2026-2", "2026-1"]
    assert all(not check.violations for check in await house.ticketing.audit())


async def _count(house: Invoicing, count: int) -> bool:
    return len(await house.numbers()) == count


async def test_a_house_that_does_not_invoice_by_itself_is_left_alone(house: Invoicing) -> None:
    await house.set(legal_name="Genova BV")
    house.orders.sold("ord_1")
    house.orders.sold("ord_2")
    confirmed = told.OrderConfirmed(order_id="ord_1", house_id=HOUSE, performance_id=SHOW)
    await house.ticketing.tell_order(confirmed)
    await eventually(lambda: _applied(house))
    assert await house.ticketing.rows("SELECT * FROM invoice_looks") == []


async def _applied(house: Invoicing) -> bool:
    return bool(await house.ticketing.rows("SELECT 1 FROM inbox"))


async def test_another_name_is_a_credit_note_over_what_is_left_and_a_new_invoice(house: Invoicing) -> None:
    await house.set(legal_name="Genova BV", small_up_to_minor=10_000)
    house.orders.sold("ord_1")
    house.orders.refund("ord_1", "r1", 2_650, "A-1")
    first = (await house.issue("ord_1")).invoice
    request = pb.CorrectInvoiceRequest(
        idempotency_key="c1",
        house_id=HOUSE,
        invoice_id=first.invoice_id,
        buyer=pb.InvoiceBuyer(name="Schouwburgfonds", address_lines=["Neude 11", "Utrecht"], vat_number="NL1B01"),
    )
    made = await house.stub.CorrectInvoice(request)
    assert made == await house.stub.CorrectInvoice(request)
    assert (made.credit_note.total.amount_minor, made.invoice.total.amount_minor) == (2_650, 2_650)
    assert (made.credit_note.number, made.invoice.number) == ("2026-3", "2026-4")
    text = await house.text(made.invoice.invoice_id)
    assert "Schouwburgfonds" in text
    assert "NL1B01" in text
    assert "2026-1" in await house.text(made.credit_note.invoice_id)
    request.idempotency_key = "c2"
    assert (await refusal(house.stub.CorrectInvoice(request))).reason == "INVOICE_DOES_NOT_COUNT"
    house.orders.refund("ord_1", "r2", 2_650)
    notes = (await house.issue("ord_1", key="later")).credit_notes
    assert [(note.corrects, note.total.amount_minor) for note in notes] == [(made.invoice.invoice_id, 2_650)]
    assert all(not check.violations for check in await house.ticketing.audit())


async def test_numbers_have_no_gaps_where_many_issue_at_once_and_some_are_refused(house: Invoicing) -> None:
    await house.set(legal_name="Genova BV", small_up_to_minor=10_000)
    for number in range(12):
        house.orders.sold(f"ord_{number}", seats=1).confirmed_at_ms = 0 if number % 4 == 3 else 1
    tries = [house.issue(f"ord_{number % 12}", key=f"k{number}") for number in range(24)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    refused = [remote for one in answers if isinstance(one, grpc.aio.AioRpcError) and (remote := refusal_of(one))]
    assert {one.reason for one in refused} == {"ORDER_NOT_SOLD"}
    assert sorted(await house.numbers()) == sorted(f"2026-{number}" for number in range(1, 10))


async def test_the_audit_finds_a_lost_number_and_a_credit_beyond_its_invoice(house: Invoicing) -> None:
    await house.set(legal_name="Genova BV", small_up_to_minor=10_000)
    house.orders.sold("ord_1")
    house.orders.refund("ord_1", "r1", 2_650)
    await house.issue("ord_1")
    await house.ticketing.damage("UPDATE invoices SET total_minor = 9999 WHERE kind = 'CREDIT_NOTE'")
    await house.ticketing.damage("UPDATE invoice_numbers SET last_number = 3")
    broken = {check.name for check in await house.ticketing.audit() if check.violations}
    assert broken == {
        "invoices are numbered without gaps per house and year",
        "no more is credited than was invoiced, and all of what was replaced",
    }


async def test_what_the_law_wants_no_more_is_emptied_and_its_number_stays(
    house: Invoicing, clock: ShiftedClock
) -> None:
    await house.set(legal_name="Genova BV")
    house.orders.sold("ord_1")
    made = (await house.issue("ord_1")).invoice
    [[until_ms]] = await house.ticketing.rows("SELECT keep_until_ms FROM invoices")
    # Seven years in the Netherlands, from the end of the year.
    assert until_ms - clock.now_ms() > 7 * 365 * 86_400_000
    await house.ticketing.damage("UPDATE invoices SET sealed_sheet = NULL")
    assert (await refusal(house.text(made.invoice_id))).reason == "INVOICE_EMPTIED"
    assert await house.numbers() == [made.number]


async def test_all_that_is_wrong_is_told_at_once(house: Invoicing) -> None:
    found = await refusal(house.set(number_prefix="gen 1", small_up_to_minor=-1, address_lines=["", "x" * 101]))
    assert {one.field.removeprefix("invoicing.") for one in found.violations} == {
        "number_prefix",
        "small_up_to_minor",
        "address_lines[0]",
        "address_lines[1]",
    }

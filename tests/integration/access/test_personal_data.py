"""INV-9: who buys and who is passed a ticket is known to customers, and in the clear nowhere else.

An order runs through the whole stack with marked names and addresses. Then every log, every metric, every event and
every row of every database is looked through for the marks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from email import message_from_bytes, policy
from pathlib import Path

import grpc
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.customers.v1 import customers_service_pb2 as customers
from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceStub
from balcon.inventory.v1 import inventory_service_pb2 as inventory
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from balcon.ticketing.v1 import ticketing_service_pb2 as tickets
from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SeatRefs

from services.console.sale.cards import PayPage
from services.console.sale.demo_house import DemoHouse, SaleTerms
from services.console.sale.script import Ending
from services.console.stack.data_folder import make_temp_folder, remove_temp_folder
from services.runtime.testing.eventually import eventually
from tests.integration.access.test_houses_apart import written_down
from tests.integration.access.two_houses import CLOCK, IDS, PLAN, Stack, running_stack

BUYER, BUYER_EMAIL = "Quizzical Buyerovna", "quizzical.buyerovna@marked.example"
SITTER = "Peregrine Sitterby"
VISITOR = "Leocadia Answerton"
HOLDER, HOLDER_EMAIL = "Wilhelmina Holderson", "wilhelmina.holderson@marked.example"
ELSEWHERE = "elsewhere.once@marked.example"
# As they are written, and as something might fold or cut them.
MARKS = ("buyerovna", "sitterby", "holderson", "elsewhere.once", "answerton")


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    path = make_temp_folder(IDS)
    try:
        async with running_stack(path, walled=True) as running:
            yield running
    finally:
        remove_temp_folder(path)


async def asks_who_comes(stack: Stack, house_id: str) -> None:
    """The house's form has a field that must be answered for each ticket."""
    field = catalogue.FormField(
        form_field_id="visitor", label="Visitor", kind=catalogue.FORM_FIELD_KIND_TEXT, required=True, of_tickets=True
    )
    await CatalogueServiceStub(stack.channels["catalogue"]).CreateFormField(
        catalogue.CreateFormFieldRequest(idempotency_key="visitor", house_id=house_id, form_field=field),
        metadata=grpc.aio.Metadata(("authorization", await stack.token_of("marked"))),
    )


def answer(performance_id: str, seat_id: str) -> orders.FormAnswer:
    """Who comes on the ticket."""
    return orders.FormAnswer(form_field_id="visitor", performance_id=performance_id, seat_id=seat_id, values=[VISITOR])


async def bought(stack: Stack) -> tuple[str, orders.Order]:
    """House and order, paid and confirmed."""
    channels = stack.channels
    house = DemoHouse(channels["catalogue"], channels["accounts"], clock=CLOCK, ids=IDS, label="marked")
    sale = await house.open_sale(PLAN.read_bytes(), SaleTerms())
    performance = sale.performance
    seats = [seat.seat_id for seat in sale.plan.seats[:2]]
    key = inventory.PerformanceKey(house_id=sale.house_id, performance_id=performance.performance_id)
    await asks_who_comes(stack, sale.house_id)
    refs = SeatRefs(plan_version=performance.plan_version, seat_ids=seats)
    hold = inventory.HoldSeatsRequest(
        key=key, hold_id="hold_1", holder_id="holder_1", seats=refs, channel=CHANNEL_ONLINE
    )
    await InventoryServiceStub(channels["inventory"]).HoldSeats(hold)
    desk = OrdersServiceStub(channels["orders"])
    made = await desk.CreateOrder(
        orders.CreateOrderRequest(
            idempotency_key=IDS.new_id("key"),
            house_id=sale.house_id,
            performance_id=performance.performance_id,
            hold_id="hold_1",
            holder_id="holder_1",
            seats=[orders.SeatChoice(seat_id=seat) for seat in seats],
            channel=CHANNEL_ONLINE,
            customer=orders.Customer(name=BUYER, email=BUYER_EMAIL),
            language="nl",
            answers=[answer(performance.performance_id, seat) for seat in seats],
        )
    )
    out = await desk.CheckOut(
        orders.CheckOutRequest(
            idempotency_key=IDS.new_id("key"),
            house_id=sale.house_id,
            order_id=made.order.order_id,
            expected_total=made.order.total,
            return_url="https://shop.example/",
        )
    )
    page = PayPage(CLOCK)
    assert await page.pay(out.order.payment_url, Ending.PAYS)
    await page.close()
    asked = orders.GetOrderRequest(house_id=sale.house_id, order_id=made.order.order_id, wait_ms=30_000)
    order = (await desk.GetOrder(asked)).order
    assert order.state == orders.ORDER_STATE_CONFIRMED
    return sale.house_id, order


async def acted_on(stack: Stack, house_id: str, order: orders.Order) -> None:
    """A name on one ticket, the other one passed on, and all sent to somebody else's address."""
    stub = TicketingServiceStub(stack.channels["ticketing"])
    as_owner = grpc.aio.Metadata(("authorization", await stack.token_of("marked")))
    first, second = (ticket.ticket_id for ticket in order.tickets)
    await stub.RenameTicket(
        tickets.RenameTicketRequest(idempotency_key="rename", house_id=house_id, ticket_id=first, name=SITTER),
        metadata=as_owner,
    )
    await stub.TransferTicket(
        tickets.TransferTicketRequest(
            idempotency_key="transfer", house_id=house_id, ticket_id=second, name=HOLDER, email=HOLDER_EMAIL
        ),
        metadata=as_owner,
    )
    await stub.SendTicketsAgain(
        tickets.SendTicketsAgainRequest(
            idempotency_key="again", house_id=house_id, order_id=order.order_id, email=ELSEWHERE
        ),
        metadata=as_owner,
    )


def letters(folder: Path) -> Mapping[str, str]:
    """The text of each letter to whom it went."""
    found: dict[str, str] = {}
    for path in folder.glob("dlv_*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        found[str(message["To"])] = found.get(str(message["To"]), "") + str(body.get_content())
    return found


async def is_nobody_elses_code(stack: Stack, house_id: str, order: orders.Order) -> None:
    """R2.9: the buyer's order shows the code of the ticket that stayed, and none of the one that was passed on."""
    stays, _ = order.tickets
    asked = orders.GetOrderRequest(house_id=house_id, order_id=order.order_id)

    async def is_hidden() -> None:
        now = (await OrdersServiceStub(stack.channels["orders"]).GetOrder(asked)).order
        told = [(one.barcode, one.passed_on) for one in now.tickets]
        assert told == [(stays.barcode, False), ("", True)]

    await eventually(is_hidden, 60.0)


async def test_inv_9_no_name_and_no_address_is_in_a_log_an_event_or_a_row_outside_customers(stack: Stack) -> None:
    house_id, order = await bought(stack)
    await acted_on(stack, house_id, order)

    async def all_have_left() -> None:
        # Confirmation, the name, both of the one passed on, and the one sent again.
        assert len(list((stack.folder.path / "mail").glob("dlv_*.eml"))) == 5

    await eventually(all_have_left, 60.0)
    await is_nobody_elses_code(stack, house_id, order)
    answers = await CustomersServiceStub(stack.channels["customers"]).GetOrderAnswers(
        customers.GetOrderAnswersRequest(house_id=house_id, order_id=order.order_id)
    )
    assert VISITOR in str(answers)
    written = await written_down(stack)
    # The marks were there to be found: customers has them, and so have the letters.
    kept = "\n".join(told for name, told in written.items() if name.startswith("customers."))
    sent = letters(stack.folder.path / "mail")
    assert [mark for mark in (BUYER, BUYER_EMAIL, HOLDER, HOLDER_EMAIL) if mark not in kept] == []
    assert sorted(sent) == sorted((BUYER_EMAIL, HOLDER_EMAIL, ELSEWHERE))
    assert SITTER in sent[BUYER_EMAIL]
    found = [
        (name, mark)
        for name, told in written.items()
        if not name.startswith("customers.public.")
        for mark in MARKS
        if mark in told.casefold()
    ]
    assert found == []

"""Statements: sales at a contingent discount stand apart (R1.10), and an office's has all that it was given."""

from __future__ import annotations

from balcon.orders.v1 import orders_events_pb2 as orders
from balcon.orders.v1.orders_service_pb2 import LineDiscount, OrderLine
from balcon.ticketing.v1 import ticketing_service_pb2 as pb
from balcon.types.v1.money_pb2 import Money

from services.contracts.wire_types import wire_instant
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.ticketing.neighbours import STARTS_MS, Neighbours
from tests.integration.ticketing.stage import HOUSE, SHOW, Ticketing
from tests.integration.ticketing.test_prints import downloaded, text_of

OF_ALLOTMENT = {"house_id": HOUSE, "performance_id": SHOW, "allotment_id": "alt_1", "language": "en"}


def sold(order_id: str, *seats: str, office_id: str = "box") -> orders.OrderConfirmed:
    price = Money(amount_minor=1_900, currency="EUR")
    lines = [
        OrderLine(seat_id=seat, price=price, discount=LineDiscount(discount_id="club-rate", office_id=office_id))
        for seat in seats
    ]
    return orders.OrderConfirmed(order_id=order_id, house_id=HOUSE, performance_id=SHOW, lines=lines)


def of_office(key: str, from_ms: int = STARTS_MS, until_ms: int = STARTS_MS + 1) -> pb.CreateOfficeStatementRequest:
    return pb.CreateOfficeStatementRequest(
        idempotency_key=key,
        house_id=HOUSE,
        office_id="box",
        from_at=wire_instant(from_ms),
        until_at=wire_instant(until_ms),
        language="en",
    )


async def known(office: Ticketing, sales: int) -> None:
    async def is_known() -> None:
        assert await office.rows("SELECT count(*) FROM discount_sales") == [(sales,)]

    await eventually(is_known)


async def test_r1_10_sales_at_a_contingent_discount_are_in_the_statement_apart(office: Ticketing) -> None:
    await office.tell_order(sold("ord_1", "A-9", "A-10"))
    await office.tell_order(sold("ord_2", "A-8", office_id="other"))
    await known(office, 3)
    stated = await office.stub.CreateStatement(pb.CreateStatementRequest(idempotency_key="s-1", **OF_ALLOTMENT))
    told = text_of((await downloaded(office, stated.document.document_id))[1])
    assert "club-rate" in told
    assert "38.00" in told
    await office.tell_order(orders.OrderRefunded(order_id="ord_1", house_id=HOUSE, performance_id=SHOW))
    await known(office, 1)
    later = await office.stub.CreateStatement(pb.CreateStatementRequest(idempotency_key="s-2", **OF_ALLOTMENT))
    assert "club-rate" not in text_of((await downloaded(office, later.document.document_id))[1])


async def test_an_offices_statement_has_all_that_it_was_given_in_the_time(
    office: Ticketing, neighbours: Neighbours
) -> None:
    await office.tell_allotment(neighbours.owner.handed_out("A-5"))

    async def is_known() -> None:
        assert await office.rows("SELECT office_id FROM office_allotments") == [("box",)]

    await eventually(is_known)
    stated = await office.stub.CreateOfficeStatement(of_office("o-1"))
    again = await office.stub.CreateOfficeStatement(of_office("o-1"))
    assert stated == again
    told = text_of((await downloaded(office, stated.document.document_id))[1])
    assert "alt_1" in told
    assert "Box Town" in told
    nothing = await refusal(office.stub.CreateOfficeStatement(of_office("o-2", STARTS_MS + 1, STARTS_MS + 2)))
    assert nothing.reason == "OFFICE_HAS_NOTHING"
    backwards = await refusal(office.stub.CreateOfficeStatement(of_office("o-3", STARTS_MS, STARTS_MS)))
    assert backwards.facts["field"] == "until_at"

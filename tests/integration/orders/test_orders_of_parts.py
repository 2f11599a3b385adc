"""Orders of several performances over gRPC: made and paid as one, quoted, as a package, with the form of the house."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE

from services.contracts.order_forms import FormFieldKind
from services.contracts.prices import PercentOff
from services.orders.domain.order_form import FormField
from services.orders.domain.packages import Package
from services.runtime.testing.refusals import refusal
from tests.integration.orders.conftest import CLOCK, IDS, Stage, check_out_request, get_request
from tests.integration.orders.neighbours import payment_of
from tests.unit.orders.builders import HOUSE, NEXT_SHOW, SHOW, a_hold, a_plan, an_offer

BOTH = (SHOW, NEXT_SHOW)


@pytest.fixture
def two_shows(stage: Stage) -> Stage:
    stage.neighbours.catalogue.put(HOUSE, replace(an_offer(), performance_id=NEXT_SHOW), a_plan())
    return stage


def held(stage: Stage, performance_id: str, *seats: str) -> wire.PartChoice:
    hold_id = IDS.new_id("hold")
    until_ms = CLOCK.now_ms() + 600_000
    stage.neighbours.inventory.hold(performance_id, a_hold(*seats, hold_id=hold_id, until_ms=until_ms))
    choices = [wire.SeatChoice(seat_id=seat) for seat in seats]
    return wire.PartChoice(performance_id=performance_id, hold_id=hold_id, seats=choices)


def create(*parts: wire.PartChoice, **changes: Any) -> wire.CreateOrderRequest:
    fields: dict[str, Any] = {
        "idempotency_key": IDS.new_id("key"),
        "house_id": HOUSE,
        "holder_id": "holder_1",
        "parts": parts,
        "customer": wire.Customer(name="Ada Lovelace", email="ada@example.org"),
        "channel": CHANNEL_ONLINE,
    }
    return wire.CreateOrderRequest(**{**fields, **changes})


def quote(*parts: wire.PartChoice, **changes: Any) -> wire.QuoteOrderRequest:
    quoted = [wire.QuotedPart(performance_id=part.performance_id, seats=part.seats) for part in parts]
    return wire.QuoteOrderRequest(house_id=HOUSE, parts=quoted, channel=CHANNEL_ONLINE, **changes)


async def test_a_quoted_package_with_a_form_is_paid_once_and_has_all_its_tickets(two_shows: Stage) -> None:
    stage = two_shows
    stage.neighbours.catalogue.sell(HOUSE, Package("season", PercentOff(2_000), BOTH, 2, 2, max_per_customer=2))
    visitor = FormField("visitor", "Visitor", FormFieldKind.TEXT, required=True, of_tickets=True)
    stage.neighbours.catalogue.ask(HOUSE, visitor)
    orders = await stage.start()
    parts = [held(stage, show, "A-1", "A-2") for show in BOTH]
    told = await orders.QuoteOrder(quote(*parts, package_id="season"))
    assert (told.total.amount_minor, told.total.currency) == (8_000, "EUR")
    stage.neighbours.catalogue.sell(HOUSE, Package("season", PercentOff(1), BOTH, 2, 2))
    order = (await orders.CreateOrder(create(*parts, quote=told.quote))).order
    assert (order.total, order.package_id) == (told.total, "season")
    assert [part.lines for part in order.parts] == [part.lines for part in told.parts]
    incomplete = await refusal(orders.CheckOut(check_out_request(order)))
    assert (incomplete.reason, len(incomplete.lists["missing"])) == ("FORM_INCOMPLETE", 4)
    answers = [
        wire.FormAnswer(form_field_id="visitor", performance_id=show, seat_id=seat, values=["Grace Hopper"])
        for show in BOTH
        for seat in ("A-1", "A-2")
    ]
    await orders.UpdateOrderForm(wire.UpdateOrderFormRequest(house_id=HOUSE, order_id=order.order_id, answers=answers))
    await orders.CheckOut(check_out_request(order))
    stage.neighbours.payments.pay(payment_of(stage.neighbours, order.order_id))
    await stage.neighbours.publish()
    confirmed = (await orders.GetOrder(get_request(order))).order
    assert [len(part.tickets) for part in confirmed.parts] == [2, 2]
    more = create(*(held(stage, show, "B-1") for show in BOTH), package_id="season")
    stage.neighbours.catalogue.sell(HOUSE, Package("season", PercentOff(1), BOTH, 2, 2, max_per_customer=2))
    limited = await refusal(orders.CreateOrder(more))
    assert (limited.reason, limited.facts["has"], limited.facts["limit"]) == ("CUSTOMER_LIMIT_REACHED", "2", "2")


async def test_parts_are_bounded_and_each_that_cannot_be_had_is_told_with_its_place(two_shows: Stage) -> None:
    stage = two_shows
    orders = await stage.start()
    part = held(stage, SHOW, "A-1")
    foreign = wire.PartChoice(performance_id="perf_9", hold_id="hold_9", seats=part.seats)
    gone = wire.PartChoice(performance_id=NEXT_SHOW, hold_id="hold_9", seats=part.seats)
    told = await refusal(orders.CreateOrder(create(part, gone, foreign)))
    assert told.reason == "PARTS_REFUSED"
    assert told.lists["places"] == ("1", "2")
    assert told.lists["reasons"] == ("HOLD_NOT_FOUND", "PERFORMANCE_NOT_FOUND")
    assert [one.field for one in told.violations] == ["parts[1]", "parts[2]"]
    cases: list[tuple[str, wire.CreateOrderRequest]] = [
        ("parts[1].performance_id", create(part, part)),
        ("parts[0].hold_id", create(wire.PartChoice(performance_id=SHOW, seats=part.seats))),
        ("parts[0].seats", create(wire.PartChoice(performance_id=SHOW, hold_id="hold_1"))),
        ("performance_id", create(part, performance_id=SHOW)),
        ("parts", create(*[wire.PartChoice(performance_id=f"p{n}", hold_id="h", seats=part.seats) for n in range(21)])),
        ("package_id", create(part, package_id="season", promotion_code="SPRING")),
        ("quote", create(part, quote="x" * 65_537)),
    ]
    for field, request in cases:
        told = await refusal(orders.CreateOrder(request))
        assert (told.reason, told.facts["field"]) == ("FIELD_INVALID", field)
    forged = await refusal(orders.CreateOrder(create(part, quote="eyJ9.AAAA")))
    assert forged.reason == "QUOTE_INVALID"
    unknown = await refusal(orders.CreateOrder(create(part, package_id="season")))
    assert unknown.reason == "PACKAGE_UNKNOWN"
    assert not (await orders.ListOrders(wire.ListOrdersRequest(house_id=HOUSE))).orders

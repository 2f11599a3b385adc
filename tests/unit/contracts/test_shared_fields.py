"""Every field that two services read: what one of them accepts, the others accept as well."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue_pb
from balcon.inventory.v1 import inventory_service_pb2 as inventory_pb
from balcon.orders.v1 import orders_service_pb2 as orders_pb
from balcon.payments.v1 import payments_service_pb2 as payments_pb
from balcon.reporting.v1 import reporting_service_pb2 as reporting_pb
from balcon.types.v1 import money_pb2, seating_pb2
from google.protobuf.descriptor import Descriptor, FileDescriptor
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.accounts.domain.house import refused_house
from services.catalogue.domain.performance import PerformanceTerms, refused_terms
from services.catalogue.domain.performance_times import Times
from services.catalogue.domain.plan_parser import parse
from services.catalogue.domain.price import Price, TicketKind
from services.catalogue.domain.seating_plan import PlanInvalid
from services.contracts.bounds import MAX_PRICE_MINOR, MAX_SEATS_PER_HOLD, MAX_TOTAL_MINOR
from services.contracts.pages import refused_page_size
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_types import refused_channel
from services.inventory.api import messages
from services.inventory.ports import SeatPlan
from services.orders.api import requests
from services.payments.domain.refusals import PaymentWanted, refused_wanted
from services.payments.sandbox.rest import Creation
from services.runtime.errors import FieldInvalid, refused_fields
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused
from tests.unit.catalogue.plan_documents import plan, row, seat, zone

SERVICES: Mapping[str, FileDescriptor] = {
    "catalogue": catalogue_pb.DESCRIPTOR,
    "inventory": inventory_pb.DESCRIPTOR,
    "orders": orders_pb.DESCRIPTOR,
    "payments": payments_pb.DESCRIPTOR,
    "reporting": reporting_pb.DESCRIPTOR,
}
# Read by more than one service under one name, and not the same thing.
NOT_SHARED = {
    **dict.fromkeys(("categories", "ticket_types"), "lists of what has a field here, each read where it is sent"),
    **dict.fromkeys(("discount_id", "reservation_id"), "keys that others gave out; orders hand them back as they are"),
    **dict.fromkeys(("package_id", "form_field_id"), "keys that the catalogue gave out, handed back as they are"),
    **dict.fromkeys(("timeout_ms", "subject", "page_token"), "each service's own, of a stream or given out by itself"),
    **dict.fromkeys(("email", "language"), "one rule in the contracts reads every one"),
    **dict.fromkeys(("provider_account_id", "method"), "ways to pay that payments told, handed back as they are"),
    **dict.fromkeys(("count", "size"), "how many, of vouchers, seats, groups; each checked where it is counted"),
    "zones": "names of a plan's zones, compared with the owner's own plan",
    **dict.fromkeys(("kind", "states"), "enums of each message's own; no number of one is sent as another's"),
    **dict.fromkeys(("epoch", "plan_version"), "a number that is compared with what is there; every one is read"),
}
PRICE = Price("Stalls", "normal", TicketKind.NORMAL, 2_500, "EUR")
TERMS = PerformanceTerms(Times(starts_at_ms=1_900_000_000_000), (PRICE,))
EUROS = money_pb2.Money(amount_minor=2_500, currency="EUR")
PAYMENT = PaymentWanted("ord_1-1", "hse_1", "ord_1", "prf_1", 2_500, "EUR", "https://shop.example/", 1_900_000_000_000)

Reader = Callable[[Any], bool]


@dataclass(frozen=True)
class Shared:
    """Values to try, some of them at and past the bounds, and how each service reads the field."""

    values: st.SearchStrategy[Any]
    readers: Mapping[str, Reader]


def taken(read: Callable[[], object]) -> bool:
    """Whether a reader takes what it was given: it neither raises Refused nor answers with a refusal."""
    try:
        return not isinstance(read(), FieldInvalid)
    except Refused:
        return False


def an_order(**fields: Any) -> bool:
    request = orders_pb.CreateOrderRequest(
        idempotency_key=fields.get("idempotency_key", "key_1"),
        house_id=fields.get("house_id", "hse_1"),
        performance_id=fields.get("performance_id", "prf_1"),
        hold_id=fields.get("hold_id", "hld_1"),
        holder_id=fields.get("holder_id", "buyer"),
        seats=fields.get("seats", [orders_pb.SeatChoice(seat_id="A-1")]),
        customer=orders_pb.Customer(name=fields.get("name", "A Buyer"), email="buyer@example.org"),
        channel=fields.get("channel", seating_pb2.CHANNEL_ONLINE),
    )
    return taken(lambda: requests.order_request(request))


def a_check_out(**fields: Any) -> bool:
    given: dict[str, Any] = {
        "idempotency_key": "key_1",
        "house_id": "hse_1",
        "order_id": "ord_1",
        "expected_total": EUROS,
    } | fields
    return taken(lambda: requests.check_out_wish(orders_pb.CheckOutRequest(**given)))


def a_refund(reason: str) -> bool:
    request = orders_pb.RefundOrderRequest(idempotency_key="key_1", house_id="hse_1", order_id="ord_1", reason=reason)
    return taken(lambda: requests.refund_wish(request))


def a_plan(a_seat: Mapping[str, Any], **other: Any) -> bool:
    document = plan(zone(row(dict(a_seat)), **other), categories=[{"name": a_seat["category"], "color": "#112233"}])
    return not isinstance(parse(json.dumps(document).encode()), PlanInvalid)


def seats_held(*seat_ids: str) -> bool:
    """Inventory takes any seat of the plan that it was given, up to so many."""
    refs = seating_pb2.SeatRefs(plan_version=1, seat_ids=seat_ids)
    refused = refused_fields(messages.refused_seats(refs))
    return refused is None and taken(lambda: messages.seat_indexes(refs, SeatPlan.of(1, seat_ids)))


def so_many(count: int) -> list[str]:
    return [f"A-{number}" for number in range(count)]


def terms(**price: Any) -> bool:
    return refused_terms(replace(TERMS, prices=(replace(PRICE, **price),))) is None


def payment(**fields: Any) -> bool:
    return refused_wanted(replace(PAYMENT, **fields)) is None


def at_the_provider(**fields: Any) -> bool:
    body = {"amount_minor": 1, "currency": "EUR", "return_url": PAYMENT.return_url, "expires_at_ms": 1} | fields
    try:
        msgspec.json.decode(msgspec.json.encode(body), type=Creation)
    except msgspec.MsgspecError:
        return False
    return True


def key(value: str, field: str = "house_id") -> bool:
    return refused_key(field, value) is None


def total(value: int, currency: str = "EUR") -> bool:
    return a_check_out(expected_total=money_pb2.Money(amount_minor=value, currency=currency))


def letters(longest: int) -> st.SearchStrategy[str]:
    """Texts of people: with joiners, wide and narrow spaces, marks, and now and then something forbidden."""
    odd = "\u200c\u200d\u3000\u00a0\u2009\u202f\u00ad\ufeff\u0301\u2028\x00\n\x7f\U0001f3ad ,:/&<>'\"-"
    some = st.text(st.sampled_from(odd) | st.characters(exclude_categories=["Cs"]), max_size=12)
    long = st.integers(longest - 1, longest + 1).map(lambda length: "x" * length)
    return some | long


def keys(longest: int) -> st.SearchStrategy[str]:
    return st.text("Aa0_-:. é/", max_size=12) | st.integers(longest - 1, longest + 1).map(lambda length: "x" * length)


def trimmed(longest: int) -> st.SearchStrategy[str]:
    """Where one service cuts the spaces around a text and the other does not."""
    return letters(longest).map(str.strip).filter(bool)


# None is left out: orders needs none where nothing is to be paid.
URLS = st.sampled_from(
    [
        "https://shop.example/",
        "HTTPS://shop.example/a?b=c#d",
        "http://[::1]:8080/",
        "https://shop.example/\u3000",
        "https://bühne.example/\u200d",
        "https://shop.example/a b",
        "ftp://shop.example/",
        "https://",
        "/orders",
    ]
) | st.integers(2_046, 2_049).map(lambda length: "https://shop.example/".ljust(length, "x"))
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "IDR", "XOF", "eur", "EURO", "", "XXX", "ABC", "XAU"])

FIELDS: Mapping[str, Shared] = {
    "house_id": Shared(
        keys(64),
        {
            "catalogue": key,
            "inventory": lambda value: taken(lambda: messages.check_key("house_id", value)),
            "orders": lambda value: an_order(house_id=value),
            "payments": lambda value: payment(house_id=value),
            "reporting": key,
        },
    ),
    "performance_id": Shared(
        keys(64),
        {
            "catalogue": key,
            "inventory": lambda value: taken(lambda: messages.check_key("performance_id", value)),
            "orders": lambda value: an_order(performance_id=value),
            "payments": lambda value: payment(performance_id=value),
            "reporting": key,
        },
    ),
    "order_id": Shared(
        keys(64),
        {
            "inventory": lambda value: taken(lambda: messages.check_key("order_id", value)),
            "orders": lambda value: a_check_out(order_id=value),
            "payments": lambda value: payment(order_id=value),
        },
    ),
    "hold_id": Shared(
        keys(64),
        {
            "inventory": lambda value: taken(lambda: messages.check_key("hold_id", value)),
            "orders": lambda value: an_order(hold_id=value),
        },
    ),
    "holder_id": Shared(
        keys(64),
        {
            "inventory": lambda value: taken(lambda: messages.check_key("holder_id", value)),
            "orders": lambda value: an_order(holder_id=value),
        },
    ),
    "idempotency_key": Shared(
        keys(128),
        {
            "catalogue": lambda value: refused_idempotency_key(value) is None,
            "orders": lambda value: an_order(idempotency_key=value),
            "payments": lambda value: payment(idempotency_key=value),
        },
    ),
    "seat_id": Shared(
        letters(64),
        {
            "catalogue": lambda value: a_plan(seat(value)),
            "orders": lambda value: an_order(seats=[orders_pb.SeatChoice(seat_id=value)]),
        },
    ),
    "seats": Shared(
        st.sampled_from([0, 1, MAX_SEATS_PER_HOLD, MAX_SEATS_PER_HOLD + 1, 200]),
        {
            "inventory": lambda count: seats_held(*so_many(count)),
            "orders": lambda count: an_order(seats=[orders_pb.SeatChoice(seat_id=name) for name in so_many(count)]),
            "catalogue": lambda count: bool(count) and refused_terms(replace(TERMS, seats_per_holder=count)) is None,
        },
    ),
    "ticket_type": Shared(
        letters(64).filter(bool),  # the empty one is "normal" in an order
        {
            "catalogue": lambda value: terms(ticket_type=value),
            "orders": lambda value: an_order(seats=[orders_pb.SeatChoice(seat_id="A-1", ticket_type=value)]),
        },
    ),
    "category": Shared(
        letters(100),
        {
            "the plan": lambda value: a_plan(seat("A-1", category=value)),
            "the prices": lambda value: terms(category=value),
        },
    ),
    "channel": Shared(
        st.sampled_from([0, 1, 2, 3, 4, 99]),
        {
            "inventory": lambda value: refused_channel("channel", value) is None,
            "orders": lambda value: an_order(channel=value),
        },
    ),
    "name": Shared(
        trimmed(200),
        {
            "accounts": lambda value: (
                refused_house(label="a-house", name=value, time_zone="Europe/Berlin", currency="EUR", languages=["en"])
                is None
            ),
            "orders": lambda value: an_order(name=value),
        },
    ),
    "reason": Shared(
        trimmed(200),
        {
            "inventory": lambda value: messages.refused_reason(value) is None,
            "orders": a_refund,
        },
    ),
    "return_url": Shared(
        URLS,
        {
            "orders": lambda value: a_check_out(return_url=value),
            "payments": lambda value: payment(return_url=value),
        },
    ),
    "currency": Shared(
        CURRENCIES,
        {
            "accounts": lambda value: (
                refused_house(
                    label="a-house", name="A house", time_zone="Europe/Berlin", currency=value, languages=["en"]
                )
                is None
            ),
            "orders": lambda value: total(1, value),
            "payments": lambda value: payment(currency=value),
            "the provider": lambda value: at_the_provider(currency=value),
        },
    ),
    "amount_minor": Shared(
        st.integers(1, 2 * MAX_TOTAL_MINOR) | st.sampled_from([MAX_TOTAL_MINOR, MAX_TOTAL_MINOR + 1]),
        {
            "payments": lambda value: payment(amount_minor=value),
            "the provider": lambda value: at_the_provider(amount_minor=value),
        },
    ),
    "page_size": Shared(
        st.sampled_from([0, 1, 500, 501]),
        {
            "orders": lambda size: taken(
                lambda: requests.order_filter(orders_pb.ListOrdersRequest(house_id="hse_1", page_size=size))
            ),
            "reporting": lambda size: refused_page_size(size) is None,
        },
    ),
}


def leaves(message: Descriptor, above: frozenset[str] = frozenset()) -> Iterator[str]:
    for field in message.fields:
        if field.message_type is None:
            yield field.name
        elif field.message_type.full_name not in above:
            yield from leaves(field.message_type, above | {message.full_name})


def shared_names() -> set[str]:
    readers: defaultdict[str, set[str]] = defaultdict(set)
    for service, file in SERVICES.items():
        for calls in file.services_by_name.values():
            for method in calls.methods:
                for name in leaves(method.input_type):
                    readers[name.removesuffix("_ids") + "_id" if name.endswith("_ids") else name].add(service)
    return {name for name, services in readers.items() if len(services) > 1}


def test_every_field_that_two_services_read_is_compared_here() -> None:
    assert shared_names() <= FIELDS.keys() | NOT_SHARED.keys()
    assert len(shared_names()) > 10


@pytest.mark.parametrize("field", FIELDS)
@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_what_one_service_accepts_the_others_accept(field: str, data: st.DataObject) -> None:
    shared = FIELDS[field]
    value = data.draw(shared.values)
    verdicts = {service: reads(value) for service, reads in shared.readers.items()}
    assert len(set(verdicts.values())) == 1, (field, value, verdicts)


@settings(deadline=None)
@given(price=st.integers(0, MAX_PRICE_MINOR + 1), seats=st.integers(1, MAX_SEATS_PER_HOLD))
@example(price=MAX_PRICE_MINOR, seats=MAX_SEATS_PER_HOLD)
@example(price=150_000_000, seats=10)  # IDR 1,500,000.00
def test_any_price_that_the_catalogue_takes_can_be_ordered_and_paid(price: int, seats: int) -> None:
    assert terms(amount_minor=price) == (price <= MAX_PRICE_MINOR)
    if 0 < price <= MAX_PRICE_MINOR:
        amount = price * seats
        assert total(amount)
        assert payment(amount_minor=amount)
        assert at_the_provider(amount_minor=amount)


@settings(deadline=None)
@given(seat_id=letters(64))
@example(seat_id="Saal\u3000A\u200d-1")
@example(seat_id=" A-1 ")
def test_any_seat_that_is_imported_can_be_held_and_ordered(seat_id: str) -> None:
    if a_plan(seat(seat_id)):
        assert seats_held(seat_id)
        assert an_order(seats=[orders_pb.SeatChoice(seat_id=seat_id)])


@pytest.mark.parametrize(
    "name", ["\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "क्\u200dष", "山田\u3000太郎", "José", "Nguyễn Văn A"]
)
def test_names_that_people_have_are_taken_at_check_out(name: str) -> None:
    assert an_order(name=name)


def test_where_a_buyer_is_sent_back_to_is_taken_along_the_whole_way() -> None:
    for url in ("HTTPS://shop.example/", "https://shop.example/".ljust(2_048, "x")):
        assert payment(return_url=url)
        assert at_the_provider(return_url=url)

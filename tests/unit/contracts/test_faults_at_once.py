"""A caller mends its request in one go: what is wrong in any part of it is told together, and counted truly."""

from typing import Any

import pytest
from balcon.catalogue.v1.catalogue_service_pb2 import TICKET_KIND_FREE, Price
from balcon.inventory.v1.inventory_service_pb2 import SeatGroup
from balcon.orders.v1.orders_service_pb2 import SeatChoice
from balcon.types.v1.money_pb2 import Money
from google.protobuf.timestamp_pb2 import Timestamp

from services.catalogue.domain.performance import PerformanceTerms, refused_terms
from services.catalogue.domain.performance_times import Times
from services.catalogue.domain.price import MAX_PRICES, TicketKind, refused_prices
from services.catalogue.domain.price import Price as DomainPrice
from services.runtime.errors import FAULTS_TOLD
from tests.unit.contracts.request_stages import good_requests, methods, refused_of

METHODS = {method.name: method for method in methods()}
BAD_PRICE = Price(ticket_type="\n", kind=TICKET_KIND_FREE, amount=Money(amount_minor=5, currency="EUR"))


def price(category: str, ticket_type: str = "normal", currency: str = "EUR", amount_minor: int = 1) -> DomainPrice:
    return DomainPrice(category, ticket_type, TicketKind.NORMAL, amount_minor, currency)


@pytest.mark.parametrize(
    ("name", "wrong", "told"),
    [
        (
            "CreateHouse",
            {"label": "www", "time_zone": "Mars/Olympus", "currency": "XXX", "idempotency_key": "a b"},
            ["label", "time_zone", "currency", "idempotency_key"],
        ),
        (
            "ImportSeatingPlan",
            {"house_id": "", "hall_id": "a b", "plan_json": b""},
            ["house_id", "hall_id", "plan_json"],
        ),
        (
            "CreatePerformance",
            {
                "hall_id": "?",
                "starts_at": Timestamp(seconds=5),
                "seats_per_holder": 5_000,
                "prices": [BAD_PRICE, BAD_PRICE],
            },
            ["hall_id", "starts_at", "seats_per_holder"]
            + [f"prices[{at}].{part}" for at in (0, 1) for part in ("category", "ticket_type", "amount.amount_minor")],
        ),
        ("ListPerformances", {"page_size": 5_000, "page_token": "?"}, ["page_size", "page_token"]),
        (
            "CreateOrder",
            {
                "holder_id": "?",
                "seats": [SeatChoice(seat_id="A"), SeatChoice(), SeatChoice(seat_id="A", ticket_type="\n")],
                "channel": 9,
            },
            ["holder_id", "seats[1].seat_id", "seats[2].seat_id", "seats[2].ticket_type", "channel"],
        ),
        ("CheckOut", {"order_id": "?", "return_url": "shop", "idempotency_key": "?"}, None),
        ("RefundOrder", {"order_id": "?", "reason": "x" * 201, "idempotency_key": "?"}, None),
        ("GetOrder", {"house_id": "?", "wait_ms": 60_000}, None),
        ("ListOrders", {"performance_id": "?", "states": [77], "page_size": 501, "page_token": "?"}, None),
        (
            "HoldSeats",
            {
                "hold_id": "?",
                "channel": 9,
                "ttl_seconds": 100_000,
                "seats": {"plan_version": 0, "seat_ids": ["A", "A"]},
            },
            # One ticket type for two seats.
            ["hold_id", "channel", "ttl_seconds", "seats.seat_ids", "seats.plan_version", "ticket_types"],
        ),
        (
            "HoldBestAvailable",
            {"holder_id": "?", "groups": [SeatGroup(), SeatGroup(size=2, accessible=3)]},
            ["holder_id", "groups[0].size", "groups[1].accessible"],
        ),
        ("BlockSeats", {"reason": "\n", "seats": {"plan_version": 1}}, ["reason", "seats.seat_ids"]),
        ("ClaimSeats", {"order_id": "?", "holder_id": "?", "hold_id": "?", "channel": 9}, None),
        ("MovePerformance", {"performance_id": "?", "to_endpoint": ""}, None),
        (
            "CreatePayment",
            {"order_id": "?", "amount": {"currency": "EURO"}, "return_url": "shop", "expires_at_ms": 5},
            ["order_id", "amount.amount_minor", "amount.currency", "return_url", "expires_at_ms"],
        ),
        ("RefundPayment", {"house_id": "?", "payment_id": "?", "idempotency_key": "?"}, None),
        ("GetTotals", {"house_id": "?", "performance_id": "?"}, None),
        ("ListTotals", {"house_id": "?", "page_size": 501, "page_token": "?"}, None),
        ("ReplayKey", {"topic": "", "key": ""}, None),
    ],
)
async def test_all_that_is_wrong_is_told_at_once(name: str, wrong: dict[str, Any], told: list[str] | None) -> None:
    request = next(good_requests(METHODS[name]))
    for field in wrong:
        request.ClearField(field)
    request.MergeFrom(type(request)(**wrong))
    expected = list(wrong) if told is None else told
    assert sorted(await refused_of(METHODS[name], request)) == sorted(expected)


def test_prices_are_compared_with_the_plan_all_of_them() -> None:
    prices = [price("Stalls"), price("Attic"), price("Stalls", currency="USD")]
    refusal = refused_prices(prices, ["Stalls", "Balcony"], "EUR")
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == [
        "prices[1].category",
        "prices[2].amount.currency",
        "prices[2]",
        "prices",
    ]


def test_a_thousand_faults_are_counted_and_some_of_them_told() -> None:
    prices = tuple(price("", "", amount_minor=-1) for _ in range(MAX_PRICES))
    refusal = refused_terms(PerformanceTerms(Times(starts_at_ms=5), prices=prices))
    assert refusal is not None
    assert refusal.facts()["violations"] == str(1 + 3 * MAX_PRICES)
    assert len(refusal.violations()) == FAULTS_TOLD


@pytest.mark.parametrize("count", [0, MAX_PRICES + 1])
def test_of_too_many_prices_only_their_number_is_told(count: int) -> None:
    refusal = refused_terms(PerformanceTerms(Times(starts_at_ms=1_900_000_000_000), prices=(price(""),) * count))
    assert refusal is not None
    assert (refusal.field, refusal.others) == ("prices", ())

"""What a settlement holds its figures against: a performance's orders, as orders itself tells them."""

from __future__ import annotations

from balcon.orders.v1 import orders_service_pb2 as pb
from balcon.types.v1.money_pb2 import Money

from services.reporting.adapters.grpc_shows import orders_seen
from services.reporting.ports.shows import OrdersSeen


def part(performance_id: str, *prices: int) -> pb.OrderPart:
    lines = [pb.OrderLine(price=Money(amount_minor=price, currency="EUR")) for price in prices]
    return pb.OrderPart(performance_id=performance_id, lines=lines, total=Money(amount_minor=sum(prices)))


def order(state: str, *parts: pb.OrderPart, back: int = 0, owed: bool = False) -> pb.Order:
    refunds = [pb.Refund(state=pb.REFUND_STATE_DUE)] if owed else []
    back_money = Money(amount_minor=back, currency="EUR")
    return pb.Order(
        state=pb.OrderState.Value(f"ORDER_STATE_{state}"), parts=parts, refunded=back_money, refunds=refunds
    )


def test_confirmed_orders_are_counted_by_what_they_have_of_the_performance() -> None:
    found = [
        order("CONFIRMED", part("p1", 2500, 0), back=400),
        order("CONFIRMED", part("p2", 700), part("p1", 1500)),
        order("PAYING", part("p1", 9000)),
        order("REFUND_DUE", part("p1", 9000)),
    ]
    assert orders_seen("p1", found) == OrdersSeen(under_way=2, tickets=3, left_minor=3600)


def test_money_that_is_owed_is_under_way_though_its_order_stays_confirmed() -> None:
    assert orders_seen("p1", [order("CONFIRMED", part("p1", 2500), owed=True)]) == OrdersSeen(1, 1, 2500)


def test_what_went_back_of_several_performances_leaves_the_money_of_one_unsaid() -> None:
    found = [order("CONFIRMED", part("p1", 2500), part("p2", 700), back=100), order("CONFIRMED", part("p1", 500))]
    assert orders_seen("p1", found) == OrdersSeen(under_way=0, tickets=2, left_minor=None)

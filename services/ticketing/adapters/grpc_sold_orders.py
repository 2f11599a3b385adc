"""The SoldOrders and the Readers over gRPC: orders and customers, asked on this service's own account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import grpc
from balcon.customers.v1.customers_pb2 import Buyer, GetCustomerRequest, IdentifyCustomersRequest
from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceStub
from balcon.orders.v1 import buyer_policy_pb2 as policies
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1 import refund_requests_pb2 as requests
from balcon.orders.v1.buyer_policy_pb2 import GetBuyerPolicyRequest
from balcon.orders.v1.buyer_policy_pb2_grpc import BuyerPolicyServiceStub
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from balcon.orders.v1.refund_requests_pb2_grpc import RefundRequestsServiceStub

from services.contracts.reasons import Reason
from services.runtime.call_context import own_account
from services.runtime.errors import Refusal
from services.ticketing.adapters.neighbour_answers import answer_of
from services.ticketing.domain.holder_rules import USUAL_LETTERS_A_DAY, USUAL_TRANSFERS, HolderRules
from services.ticketing.domain.refusals import CustomerNotFound, OrderNotFound
from services.ticketing.domain.sold_order import AskedBack, Reader, RefundWish, SoldLine, SoldOrder, Tax
from services.ticketing.ports.shows import NeighbourSilent

if TYPE_CHECKING:
    from balcon.customers.v1.customers_service_pb2_grpc import CustomersServiceAsyncStub
    from balcon.orders.v1.buyer_policy_pb2_grpc import BuyerPolicyServiceAsyncStub
    from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub
    from balcon.orders.v1.refund_requests_pb2_grpc import RefundRequestsServiceAsyncStub

_WISHES: Final = {policies.RefundWish.Value(f"REFUND_WISH_{wish.value}"): wish for wish in RefundWish}
# As many as there are tickets of an order.
_MOST_REQUESTS: Final = 500
_CONFIRMED: Final = wire.ORDER_STATE_CONFIRMED


class GrpcSoldOrders:
    """See SoldOrders."""

    def __init__(self, to_orders: grpc.aio.Channel) -> None:
        self._orders: OrdersServiceAsyncStub = OrdersServiceStub(to_orders)
        self._requests: RefundRequestsServiceAsyncStub = RefundRequestsServiceStub(to_orders)
        self._policies: BuyerPolicyServiceAsyncStub = BuyerPolicyServiceStub(to_orders)

    async def order(self, house_id: str, order_id: str) -> SoldOrder | Refusal:
        """See SoldOrders.order."""
        absent: Mapping[Reason, Refusal] = {Reason.ORDER_NOT_FOUND: OrderNotFound(order_id)}
        with own_account():
            asked = self._orders.GetOrder(wire.GetOrderRequest(house_id=house_id, order_id=order_id))
            found = await answer_of(asked, absent)
        if isinstance(found, Refusal):
            return found
        order = found.order
        return SoldOrder(
            order_id=order.order_id,
            customer_id=order.customer_id,
            is_confirmed=order.state == _CONFIRMED,
            lines=tuple(_line(part, line) for part in order.parts for line in part.lines),
            in_exchange={
                (line.performance_id, line.seat_id): given.order_id
                for given in order.given
                if given.state == wire.EXCHANGE_STATE_OPEN
                for line in given.lines
            },
            payment_id=order.payment_id,
        )

    async def asked_back(self, house_id: str, order_id: str) -> Mapping[tuple[str, str], str]:
        """See SoldOrders.asked_back."""
        request = requests.ListRefundRequestsRequest(
            house_id=house_id, order_id=order_id, states=[requests.REFUND_REQUEST_STATE_ASKED], page_size=_MOST_REQUESTS
        )
        with own_account():
            found = await answer_of(self._requests.ListRefundRequests(request), {})
        assert not isinstance(found, Refusal), "none is expected"
        return {
            (part.performance_id, seat_id): one.refund_request_id
            for one in found.requests
            for part in one.parts
            for seat_id in part.seat_ids
        }

    async def refund_request(self, house_id: str, refund_request_id: str) -> AskedBack | Refusal:
        """See SoldOrders.refund_request."""
        request = requests.GetRefundRequestRequest(house_id=house_id, refund_request_id=refund_request_id)
        absent: Mapping[Reason, Refusal] = {Reason.REFUND_REQUEST_NOT_FOUND: OrderNotFound(refund_request_id)}
        with own_account():
            found = await answer_of(self._requests.GetRefundRequest(request), absent)
        if isinstance(found, Refusal):
            return found
        told = found.request
        seats = tuple((part.performance_id, seat_id) for part in told.parts for seat_id in part.seat_ids)
        refund_ids = tuple(refund.refund_id for refund in told.refunds)
        wish = _WISHES.get(told.wish, RefundWish.MONEY)
        is_owed = any(refund.state != wire.REFUND_STATE_DONE for refund in told.refunds)
        return AskedBack(seats, wish, told.back.amount_minor, told.reason, refund_ids, is_owed)

    async def holder_rules(self, house_id: str, performance_id: str) -> HolderRules:
        """See SoldOrders.holder_rules."""
        with own_account():
            asked = self._policies.GetBuyerPolicy(
                GetBuyerPolicyRequest(house_id=house_id, performance_id=performance_id)
            )
            found = await answer_of(asked, {})
        assert not isinstance(found, Refusal), "none is expected"
        rules = found.policy.tickets
        return HolderRules(
            rules.may_transfer,
            rules.may_rename,
            rules.until_hours_before,
            rules.most_transfers or USUAL_TRANSFERS,
            rules.most_letters_a_day or USUAL_LETTERS_A_DAY,
        )


class GrpcReaders:
    """See Readers."""

    def __init__(self, to_customers: grpc.aio.Channel) -> None:
        self._customers: CustomersServiceAsyncStub = CustomersServiceStub(to_customers)

    async def reader(self, house_id: str, customer_id: str) -> Reader | Refusal:
        """See Readers.reader."""
        absent: Mapping[Reason, Refusal] = {Reason.CUSTOMER_NOT_FOUND: CustomerNotFound(customer_id)}
        with own_account():
            asked = self._customers.GetCustomer(GetCustomerRequest(house_id=house_id, customer_id=customer_id))
            found = await answer_of(asked, absent)
        if isinstance(found, Refusal):
            return found
        customer = found.customer
        return Reader(customer.customer_id, customer.name, customer.email, customer.language)

    async def identified(self, house_id: str, ref: str, name: str, email: str, language: str) -> str | Refusal:
        """See Readers.identified."""
        buyer = Buyer(ref=ref, name=name, email=email, language=language)
        asked = self._customers.IdentifyCustomers(IdentifyCustomersRequest(house_id=house_id, buyers=[buyer]))
        found = await answer_of(asked, {})
        if isinstance(found, Refusal):
            return found
        [one] = found.customers
        if one.refused:
            raise NeighbourSilent(service="customers", reason=one.refused)
        return one.customer_id


def _line(part: wire.OrderPart, line: wire.OrderLine) -> SoldLine:
    # The components' tax where there are any: a price may be of several classes.
    told = [component.vat for component in line.components if component.HasField("vat")]
    told = told or ([line.vat] if line.HasField("vat") else [])
    taxes = tuple(Tax(vat.rate_basis_points, vat.amount.amount_minor) for vat in told)
    return SoldLine(part.performance_id, line.seat_id, line.price.amount_minor, taxes)

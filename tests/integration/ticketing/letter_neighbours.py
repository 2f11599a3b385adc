"""Orders and customers as ticketing asks them for letters and invoices, beside the other neighbours."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

from typing import Any

import grpc
from balcon.customers.v1 import customers_pb2 as customers
from balcon.customers.v1.customers_service_pb2_grpc import (
    CustomersServiceServicer,
    add_CustomersServiceServicer_to_server,
)
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1 import refund_requests_pb2 as refunds
from balcon.orders.v1.buyer_policy_pb2 import BuyerPolicy, GetBuyerPolicyRequest, GetBuyerPolicyResponse, TicketRules
from balcon.orders.v1.buyer_policy_pb2_grpc import (
    BuyerPolicyServiceServicer,
    add_BuyerPolicyServiceServicer_to_server,
)
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceServicer, add_OrdersServiceServicer_to_server
from balcon.orders.v1.refund_requests_pb2_grpc import (
    RefundRequestsServiceServicer,
    add_RefundRequestsServiceServicer_to_server,
)
from balcon.payments.v1 import payments_service_pb2 as payments
from balcon.payments.v1 import vouchers_pb2 as vouchers
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceServicer, add_PaymentsServiceServicer_to_server
from balcon.payments.v1.vouchers_pb2_grpc import VouchersServiceServicer, add_VouchersServiceServicer_to_server
from balcon.types.v1.money_pb2 import Money

from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.errors import Refused
from services.runtime.rpc.server import RpcServer
from services.ticketing.domain.refusals import CustomerNotFound, OrderNotFound
from tests.integration.ticketing.neighbours import SEATS

Context = grpc.aio.ServicerContext[Any, Any]
ADA = customers.Customer(customer_id="cus_ada", name="Ada Lovelace", email="ada@reader.example", language="de")
PRICE, TAX = 2_500, 206


def an_order(order_id: str, *seats: str, performances: tuple[str, ...] = ("perf_1",)) -> orders.Order:
    """Confirmed, of Ada, with the seats in each performance."""
    money = Money(amount_minor=PRICE, currency="EUR")
    vat = orders.Vat(vat_class="low", rate_basis_points=900, amount=Money(amount_minor=TAX, currency="EUR"))
    lines = [
        orders.OrderLine(seat_id=seat, category="Stalls", ticket_type="normal", price=money, vat=vat) for seat in seats
    ]
    parts = [orders.OrderPart(performance_id=performance_id, lines=lines) for performance_id in performances]
    total = Money(amount_minor=PRICE * len(lines) * len(parts), currency="EUR")
    return orders.Order(
        order_id=order_id,
        customer_id="cus_ada",
        state=orders.ORDER_STATE_CONFIRMED,
        total=total,
        parts=parts,
    )


class Orders(OrdersServiceServicer):
    """`known` by their ids."""

    def __init__(self) -> None:
        self.known = {"ord_1": an_order("ord_1", *SEATS[:2])}

    async def GetOrder(self, request: orders.GetOrderRequest, context: Context) -> orders.GetOrderResponse:
        if request.order_id not in self.known:
            raise Refused(OrderNotFound(request.order_id))
        return orders.GetOrderResponse(order=self.known[request.order_id])


class Policies(BuyerPolicyServiceServicer):
    """What the house lets holders do."""

    def __init__(self) -> None:
        self.tickets = TicketRules()

    async def GetBuyerPolicy(self, request: GetBuyerPolicyRequest, context: Context) -> GetBuyerPolicyResponse:
        return GetBuyerPolicyResponse(policy=BuyerPolicy(tickets=self.tickets))


class Requests(RefundRequestsServiceServicer):
    """`known` by their ids."""

    def __init__(self) -> None:
        self.known: dict[str, refunds.RefundRequest] = {}

    async def ListRefundRequests(
        self, request: refunds.ListRefundRequestsRequest, context: Context
    ) -> refunds.ListRefundRequestsResponse:
        found = [one for one in self.known.values() if one.order_id == request.order_id and one.state in request.states]
        return refunds.ListRefundRequestsResponse(requests=found)

    async def GetRefundRequest(
        self, request: refunds.GetRefundRequestRequest, context: Context
    ) -> refunds.GetRefundRequestResponse:
        return refunds.GetRefundRequestResponse(request=self.known[request.refund_request_id])


class Payments(PaymentsServiceServicer):
    """`known` by their ids."""

    def __init__(self) -> None:
        self.known: dict[str, payments.Payment] = {}

    async def GetPayment(self, request: payments.GetPaymentRequest, context: Context) -> payments.GetPaymentResponse:
        return payments.GetPaymentResponse(payment=self.known[request.payment_id])


class Vouchers(VouchersServiceServicer):
    """`known` by their ids, with their codes. `shown`: whose code was asked for, each time."""

    def __init__(self) -> None:
        self.known: dict[str, vouchers.MadeVoucher] = {}
        self.shown: list[str] = []

    async def GetVoucher(self, request: vouchers.GetVoucherRequest, context: Context) -> vouchers.GetVoucherResponse:
        return vouchers.GetVoucherResponse(voucher=self.known[request.voucher_id].voucher)

    async def RevealVoucherCode(
        self, request: vouchers.RevealVoucherCodeRequest, context: Context
    ) -> vouchers.RevealVoucherCodeResponse:
        self.shown.append(request.voucher_id)
        return vouchers.RevealVoucherCodeResponse(code=self.known[request.voucher_id].code)


class Customers(CustomersServiceServicer):
    """`known` by their ids."""

    def __init__(self) -> None:
        self.known = {"cus_ada": customers.Customer()}
        self.known["cus_ada"].CopyFrom(ADA)

    async def GetCustomer(
        self, request: customers.GetCustomerRequest, context: Context
    ) -> customers.GetCustomerResponse:
        if request.customer_id not in self.known:
            raise Refused(CustomerNotFound(request.customer_id))
        return customers.GetCustomerResponse(customer=self.known[request.customer_id])

    async def IdentifyCustomers(
        self, request: customers.IdentifyCustomersRequest, context: Context
    ) -> customers.IdentifyCustomersResponse:
        found = []
        for buyer in request.buyers:
            customer_id = f"cus_{buyer.email.partition('@')[0]}"
            customer = customers.Customer(
                customer_id=customer_id, name=buyer.name, email=buyer.email, language=buyer.language
            )
            self.known.setdefault(customer_id, customer)
            found.append(customers.Identified(ref=buyer.ref, customer_id=customer_id))
        return customers.IdentifyCustomersResponse(customers=found)


class LetterNeighbours:
    """All on one port. start() first."""

    def __init__(self) -> None:
        self.orders, self.customers = Orders(), Customers()  # type: ignore[abstract]
        self.policies, self.requests = Policies(), Requests()  # type: ignore[abstract]
        self.payments, self.vouchers = Payments(), Vouchers()  # type: ignore[abstract]
        self._server = RpcServer(clock=SystemClock(), ids=RandomIds())
        add = self._server.add
        add(lambda server: add_OrdersServiceServicer_to_server(self.orders, server), "balcon.orders.v1.OrdersService")
        add(
            lambda server: add_BuyerPolicyServiceServicer_to_server(self.policies, server),
            "balcon.orders.v1.BuyerPolicyService",
        )
        add(
            lambda server: add_RefundRequestsServiceServicer_to_server(self.requests, server),
            "balcon.orders.v1.RefundRequestsService",
        )
        add(
            lambda server: add_PaymentsServiceServicer_to_server(self.payments, server),
            "balcon.payments.v1.PaymentsService",
        )
        add(
            lambda server: add_VouchersServiceServicer_to_server(self.vouchers, server),
            "balcon.payments.v1.VouchersService",
        )
        add(
            lambda server: add_CustomersServiceServicer_to_server(self.customers, server),
            "balcon.customers.v1.CustomersService",
        )

    @property
    def target(self) -> str:
        """host:port of all."""
        return f"127.0.0.1:{self._server.port}"

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(0.1)

"""The other services as orders sees them over gRPC: the twins, served on real ports."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable

from balcon.catalogue.v1.catalogue_service_pb2_grpc import (
    add_CatalogueServiceServicer_to_server,
)
from balcon.customers.v1.customers_service_pb2_grpc import add_CustomersServiceServicer_to_server
from balcon.inventory.v1 import inventory_service_pb2 as inventory
from balcon.inventory.v1.inventory_service_pb2_grpc import (
    InventoryServiceServicer,
    add_InventoryServiceServicer_to_server,
)
from balcon.payments.v1 import payments_events_pb2 as payment_events
from balcon.payments.v1 import payments_service_pb2 as payments
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceServicer, add_PaymentsServiceServicer_to_server
from balcon.ticketing.v1.own_tickets_pb2_grpc import add_OwnTicketsServiceServicer_to_server
from balcon.ticketing.v1.ticketing_service_pb2_grpc import (
    add_TicketingServiceServicer_to_server,
)
from balcon.types.v1.seating_pb2 import Channel, SeatRefs

from services.contracts.wire_types import wire_money
from services.orders.adapters.memory_catalogue import MemoryCatalogue
from services.orders.adapters.memory_customers import MemoryCustomers
from services.orders.adapters.memory_payments import MemoryPayment, MemoryPayments
from services.orders.adapters.memory_seat_inventory import MemorySeatInventory
from services.orders.adapters.memory_ticketing import MemoryTicketing
from services.orders.domain.commands import PaymentDisputeChanged, PaymentPartlyRefunded, PaymentReport
from services.orders.domain.order import Instrument, OrderCharge
from services.orders.ports import Answer, Declined, PaymentSeen, RefundAsked, RefundStatus
from services.runtime.bus.port import Bus, Message
from services.runtime.bus.topics import PAYMENTS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.rpc.errors import STATUS_OF_KIND, Refused
from services.runtime.rpc.server import RpcServer
from tests.integration.orders.served_catalogue import ServedCatalogue
from tests.integration.orders.served_customers import ServedCustomers
from tests.integration.orders.served_door import ServedDoor
from tests.integration.orders.served_stream import executed
from tests.integration.orders.served_ticketing import ServedTicketing
from tests.integration.orders.trouble import Context, Trouble, refused
from tests.integration.runtime.checking import Checking
from tests.unit.orders.builders import HOUSE, a_plan, an_offer, an_order

_REFUND_STATES = {
    RefundStatus.DUE: payments.REFUND_STATE_DUE,
    RefundStatus.STUCK: payments.REFUND_STATE_STUCK,
    RefundStatus.DONE: payments.REFUND_STATE_SUCCEEDED,
}


class ServedInventory(InventoryServiceServicer):
    """MemorySeatInventory on the wire."""

    def __init__(self, twin: MemorySeatInventory, trouble: Trouble) -> None:
        self.twin = twin
        self.trouble = trouble

    async def ExecuteCommands(
        self, request_iterator: AsyncIterator[inventory.ExecuteCommandsRequest], context: Context
    ) -> AsyncIterator[inventory.ExecuteCommandsResponse]:
        async for answer in executed(self, request_iterator, tuple(a_plan())):
            yield answer

    async def GetHold(self, request: inventory.GetHoldRequest, context: Context) -> inventory.GetHoldResponse:
        self.trouble.meet("GetHold")
        held = await self.twin.held_seats(request.key.house_id, request.key.performance_id, request.hold_id)
        if isinstance(held, Declined):
            raise refused(held.reason)
        hold = inventory.Hold(
            hold_id=held.hold_id,
            holder_id=held.holder_id,
            seats=SeatRefs(plan_version=held.plan_version, seat_ids=held.seat_ids),
            channel=Channel.Value(f"CHANNEL_{held.channel.value}"),
            hold_until_ms=held.hold_until_ms,
        )
        return inventory.GetHoldResponse(hold=hold, epoch=1)

    async def ReleaseHold(
        self, request: inventory.ReleaseHoldRequest, context: Context
    ) -> inventory.ReleaseHoldResponse:
        self.trouble.meet("ReleaseHold")
        order = an_order(
            house_id=request.key.house_id,
            performance_id=request.key.performance_id,
            hold_id=request.hold_id,
            holder_id=request.holder_id,
            seats=tuple(request.seats.seat_ids),
        )
        self._answer(await self.twin.release(order, order.first))
        return inventory.ReleaseHoldResponse(epoch=1)

    async def ClaimSeats(self, request: inventory.ClaimSeatsRequest, context: Context) -> inventory.ClaimSeatsResponse:
        self.trouble.meet("ClaimSeats")
        order = an_order(
            order_id=request.order_id,
            house_id=request.key.house_id,
            performance_id=request.key.performance_id,
            hold_id=request.hold_id,
            holder_id=request.holder_id,
            seats=tuple(request.seats.seat_ids),
        )
        self._answer(await self.twin.claim(order, order.first, from_hold=bool(request.hold_id)))
        return inventory.ClaimSeatsResponse(epoch=1)

    async def ConfirmClaim(
        self, request: inventory.ConfirmClaimRequest, context: Context
    ) -> inventory.ConfirmClaimResponse:
        self.trouble.meet("ConfirmClaim")
        order = an_order(order_id=request.order_id, performance_id=request.key.performance_id)
        self._answer(await self.twin.confirm_claim(order, order.first))
        return inventory.ConfirmClaimResponse(epoch=1)

    async def CancelClaim(
        self, request: inventory.CancelClaimRequest, context: Context
    ) -> inventory.CancelClaimResponse:
        self.trouble.meet("CancelClaim")
        order = an_order(order_id=request.order_id, performance_id=request.key.performance_id)
        self._answer(await self.twin.cancel_claim(order, order.first))
        return inventory.CancelClaimResponse(epoch=1)

    async def CancelSale(self, request: inventory.CancelSaleRequest, context: Context) -> inventory.CancelSaleResponse:
        self.trouble.meet("CancelSale")
        order = an_order(order_id=request.order_id, performance_id=request.key.performance_id)
        self._answer(await self.twin.cancel_sale(order, order.first))
        return inventory.CancelSaleResponse(epoch=1)

    def _answer(self, answer: Answer) -> None:
        self.trouble.meet_after()
        if isinstance(answer, Declined):
            raise refused(answer.reason)


class ServedPayments(PaymentsServiceServicer):
    """MemoryPayments on the wire."""

    def __init__(self, twin: MemoryPayments, trouble: Trouble) -> None:
        self.twin = twin
        self.trouble = trouble

    async def CreatePayment(
        self, request: payments.CreatePaymentRequest, context: Context
    ) -> payments.CreatePaymentResponse:
        self.trouble.meet("CreatePayment")
        order = an_order(
            order_id=request.order_id,
            house_id=request.house_id,
            performance_id=request.performance_id,
            price=request.amount.amount_minor,
            seats=("one",),
            return_url=request.return_url,
            pay_until_ms=request.expires_at_ms,
            charges=tuple(
                OrderCharge(Instrument.EXCHANGE, one.payment_id, "", one.amount.amount_minor)
                for one in request.instruments
                if one.payment_id
            ),
        )
        assert request.idempotency_key == order.payment_key
        return payments.CreatePaymentResponse(payment=self._told(await self.twin.create(order)))

    async def ListPaymentMethods(
        self, request: payments.ListPaymentMethodsRequest, context: Context
    ) -> payments.ListPaymentMethodsResponse:
        card = payments.PaymentMethod(method="card", name="Card")
        account = payments.PayingAccount(
            provider="sandbox",
            is_default=True,
            state=payments.PAYING_STATE_OPEN,
            methods=[card],
            methods_known=True,
        )
        return payments.ListPaymentMethodsResponse(accounts=[account])

    async def CreatePayments(
        self, request: payments.CreatePaymentsRequest, context: Context
    ) -> payments.CreatePaymentsResponse:
        answers = [await self._one_of_many(self.CreatePayment(each, context)) for each in request.payments]
        return payments.CreatePaymentsResponse(answers=answers)

    async def GetPayments(self, request: payments.GetPaymentsRequest, context: Context) -> payments.GetPaymentsResponse:
        asked = [
            payments.GetPaymentRequest(house_id=request.house_id, payment_id=payment_id)
            for payment_id in request.payment_ids
        ]
        answers = [await self._one_of_many(self.GetPayment(each, context)) for each in asked]
        return payments.GetPaymentsResponse(answers=answers)

    @staticmethod
    async def _one_of_many(
        call: Awaitable[payments.CreatePaymentResponse | payments.GetPaymentResponse | payments.RefundPaymentResponse],
    ) -> payments.PaymentAnswer:
        try:
            return payments.PaymentAnswer(payment=(await call).payment)
        except Refused as no:
            code = STATUS_OF_KIND[no.refusal.kind].value[0]
            told = payments.PaymentRefused(code=code, reason=no.refusal.reason(), message=no.refusal.message())
            return payments.PaymentAnswer(refused=told)

    async def GetPayment(self, request: payments.GetPaymentRequest, context: Context) -> payments.GetPaymentResponse:
        self.trouble.meet("GetPayment")
        order = an_order(house_id=request.house_id, payment_id=request.payment_id)
        return payments.GetPaymentResponse(payment=self._told(await self.twin.look(order)))

    async def CancelPayment(
        self, request: payments.CancelPaymentRequest, context: Context
    ) -> payments.CancelPaymentResponse:
        self.trouble.meet("CancelPayment")
        order = an_order(house_id=request.house_id, payment_id=request.payment_id)
        return payments.CancelPaymentResponse(payment=self._told(await self.twin.cancel(order)))

    async def RefundPayment(
        self, request: payments.RefundPaymentRequest, context: Context
    ) -> payments.RefundPaymentResponse:
        self.trouble.meet("RefundPayment")
        order = an_order(house_id=request.house_id, payment_id=request.payment_id)
        amount_minor = request.amount.amount_minor if request.HasField("amount") else None
        asked = RefundAsked(
            request.idempotency_key,
            amount_minor,
            request.route == payments.REFUND_ROUTE_VOUCHER,
            request.to_payment_id,
            request.nothing_taken,
        )
        return payments.RefundPaymentResponse(payment=self._told(await self.twin.refund(order, asked)))

    async def RefundPayments(
        self, request: payments.RefundPaymentsRequest, context: Context
    ) -> payments.RefundPaymentsResponse:
        answers = [await self._one_of_many(self.RefundPayment(each, context)) for each in request.refunds]
        return payments.RefundPaymentsResponse(answers=answers)

    def _told(self, seen: PaymentSeen | Declined) -> payments.Payment:
        self.trouble.meet_after()
        if isinstance(seen, Declined):
            raise refused(seen.reason)
        return payments.Payment(
            payment_id=seen.payment_id,
            state=payments.PaymentState.Value(f"PAYMENT_STATE_{seen.status.value}"),
            pay_url=seen.payment_url,
            refund_state=payments.REFUND_STATE_SUCCEEDED if seen.refunded else payments.REFUND_STATE_UNSPECIFIED,
            refunded=wire_money(seen.refunded_minor, "EUR"),
            refunds=[
                payments.PaymentRefund(
                    idempotency_key=one.key,
                    amount=wire_money(one.amount_minor, "EUR"),
                    left=wire_money(one.left_minor, "EUR"),
                    state=_REFUND_STATES[one.status] if one.left_minor else payments.REFUND_STATE_SUCCEEDED,
                    refused_for=one.refused_for,
                )
                for one in seen.refunds
            ],
        )


class Neighbours:
    """All of them on one port, and payments' events on a bus. start() first."""

    def __init__(self, bus: Bus) -> None:
        clock = SystemClock()
        self._bus = bus
        self._clock = clock
        self._ids = RandomIds()
        self._sequences: dict[str, int] = {}
        self._publishing = asyncio.Lock()
        self.unpublished: list[tuple[MemoryPayment, PaymentReport]] = []
        self.inventory = MemorySeatInventory(clock)
        self.payments = MemoryPayments(lambda payment, report: self.unpublished.append((payment, report)), clock)
        self.catalogue = MemoryCatalogue()
        self.catalogue.put(HOUSE, an_offer(), a_plan())
        self.ticketing = MemoryTicketing(self._ids)
        self.customers, self.customers_trouble = MemoryCustomers(), Trouble()
        self.inventory_trouble, self.payments_trouble, self.ticketing_trouble = Trouble(), Trouble(), Trouble()
        self._server = RpcServer(clock=clock, ids=self._ids)
        self.checking = Checking()
        self._server.intercept(self.checking)
        seats = ServedInventory(self.inventory, self.inventory_trouble)  # type: ignore[abstract]
        money = ServedPayments(self.payments, self.payments_trouble)
        self.tickets = tickets = ServedTicketing(self.ticketing, self.ticketing_trouble)  # type: ignore[abstract]
        self.door = ServedDoor(self.ticketing)  # type: ignore[abstract]
        shows = ServedCatalogue(self.catalogue)  # type: ignore[abstract]
        add = self._server.add
        add(
            lambda server: add_InventoryServiceServicer_to_server(seats, server), "balcon.inventory.v1.InventoryService"
        )
        add(
            lambda server: add_OwnTicketsServiceServicer_to_server(self.door, server),
            "balcon.ticketing.v1.OwnTicketsService",
        )
        self._server.add(
            lambda server: add_TicketingServiceServicer_to_server(tickets, server),
            "balcon.ticketing.v1.TicketingService",
        )
        self.buyers = buyers = ServedCustomers(self.customers, self.customers_trouble)  # type: ignore[abstract]
        self._server.add(
            lambda server: add_CustomersServiceServicer_to_server(buyers, server),
            "balcon.customers.v1.CustomersService",
        )
        add(lambda server: add_PaymentsServiceServicer_to_server(money, server), "balcon.payments.v1.PaymentsService")
        add(
            lambda server: add_CatalogueServiceServicer_to_server(shows, server), "balcon.catalogue.v1.CatalogueService"
        )

    async def pass_on(self, message: Message) -> None:
        """What another service tells."""
        await self._bus.publish([message])

    @property
    def target(self) -> str:
        """host:port of all."""
        return f"127.0.0.1:{self._server.port}"

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(0.1)

    async def publish(self, *, twice: bool = False) -> None:
        """Puts what payments has to tell on the bus."""
        messages = []
        for payment, report in self.unpublished:
            sequence = self._sequences[payment.performance_id] = self._sequences.get(payment.performance_id, 0) + 1
            message_type = getattr(payment_events, type(report).__name__)
            message = message_type(
                payment_id=payment.payment_id,
                house_id=payment.ref.house_id,
                order_id=payment.ref.order_id,
                performance_id=payment.performance_id,
            )
            if isinstance(report, PaymentPartlyRefunded):
                message.refunded.amount_minor = report.refunded_minor
            elif isinstance(report, PaymentDisputeChanged):
                message.dispute_state = payments.DisputeState.Value(f"DISPUTE_STATE_{report.dispute.value}")
            event = OutgoingEvent(
                PAYMENTS,
                payment.performance_id,
                message.DESCRIPTOR.full_name,
                message.SerializeToString(),
                payment.ref.house_id,
            )
            messages.append(
                to_message(
                    event,
                    event_id=self._ids.new_id("evt"),
                    source="balcon.payments",
                    time_ms=self._clock.now_ms(),
                    sequence=sequence,
                )
            )
        self.unpublished.clear()
        # In the order of their numbers, whoever else publishes: the relay it stands for does so too.
        async with self._publishing:
            await self._bus.publish([*messages, *messages] if twice else messages)


def payment_of(neighbours: Neighbours, order_id: str) -> MemoryPayment:
    """The order's payment at the provider."""
    payment = neighbours.payments.of_order(order_id)
    assert payment is not None
    return payment

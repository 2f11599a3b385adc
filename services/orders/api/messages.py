"""Orders to messages. Writes only."""

from __future__ import annotations

from collections.abc import Sequence

from balcon.catalogue.v1.catalogue_service_pb2 import TicketKind
from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.types.v1.money_pb2 import Money as WireMoney

from services.contracts.wire_prices import wire_line_component, wire_line_discount, wire_vat
from services.contracts.wire_types import wire_channel, wire_instant, wire_money, wire_principal
from services.orders.api.exchange_messages import exchange_message, given_messages
from services.orders.domain.order import (
    Dispute,
    Instrument,
    LineStatus,
    Money,
    Order,
    OrderLine,
    OrderPart,
    OrderState,
    SeatName,
    Ticket,
    Vat,
)
from services.orders.domain.pricing import vat_totals
from services.orders.domain.refund_books import LineMoney, by_line
from services.orders.domain.refunds import Refund
from services.orders.domain.uses import package_of
from services.orders.handlers.quoting import SignedQuote
from services.orders.ports import PayingAccount


def money_message(money: Money) -> WireMoney:
    """Minor units and currency."""
    return wire_money(money.amount_minor, money.currency)


def _seat_name(name: SeatName) -> wire.SeatName:
    return wire.SeatName(zone=name.zone, row=name.row, seat=name.seat)


def _line(line: OrderLine) -> wire.OrderLine:
    return wire.OrderLine(
        seat_id=line.seat_id,
        category=line.category,
        ticket_type=line.ticket_type,
        price=money_message(line.price),
        seat_name=_seat_name(line.seat_name),
        kind=TicketKind.Value(f"TICKET_KIND_{line.kind.value if line.kind else 'UNSPECIFIED'}"),
        vat=_vat(line.vat, line),
        components=[
            wire_line_component(one.kind, one.amount_minor, line.price.currency, _vat(one.vat, line))
            for one in line.components
        ],
        discount=_discount(line),
        state=wire.LineState.Value(
            f"LINE_STATE_{'UNSPECIFIED' if line.status is LineStatus.VALID else line.status.value}"
        ),
    )


def _discount(line: OrderLine) -> wire.LineDiscount | None:
    one = line.discount
    if one is None:
        return None
    return wire_line_discount(one.discount_id, one.amount_minor, line.price.currency, one.office_id)


def _vat(vat: Vat, line: OrderLine) -> wire.Vat | None:
    return wire_vat(vat.vat_class, vat.rate_basis_points, vat.amount_minor, line.price.currency)


def _part(order: Order, part: OrderPart) -> wire.OrderPart:
    names = part.seat_names
    return wire.OrderPart(
        performance_id=part.performance_id,
        hold_id=part.hold_id,
        plan_version=part.plan_version,
        lines=[_line(line) for line in part.lines],
        hold_until_ms=part.hold_until_ms,
        tickets=[
            wire.Ticket(
                ticket_id=ticket.ticket_id,
                seat_id=ticket.seat_id,
                barcode=ticket.barcode,
                seat_name=_seat_name(names[ticket.seat_id]),
                passed_on=ticket.passed_on,
            )
            for ticket in _valid_tickets(order, part)
        ],
        total=wire_money(part.total_minor, order.total.currency),
    )


def quote_message(signed: SignedQuote) -> wire.QuoteOrderResponse:
    """What was quoted, as the order will have it."""
    quote = signed.quote
    return wire.QuoteOrderResponse(
        quote=signed.text,
        expires_at=wire_instant(quote.expires_at_ms),
        parts=[
            wire.OrderPart(
                performance_id=part.performance_id,
                plan_version=part.plan_version,
                lines=[_line(line) for line in part.lines],
                total=wire_money(sum(line.price.amount_minor for line in part.lines), quote.currency),
            )
            for part in quote.parts
        ],
        total=money_message(quote.total),
        vat=[
            told
            for vat in vat_totals(quote.lines)
            if (told := wire_vat(vat.vat_class, vat.rate_basis_points, vat.amount_minor, quote.currency))
        ],
    )


def _valid_tickets(order: Order, part: OrderPart) -> list[Ticket]:
    valid = set(part.valid_seat_ids) if order.tickets_are_valid else set()
    return [ticket for ticket in part.tickets if ticket.seat_id in valid]


def refund_message(order: Order, refund: Refund) -> wire.Refund:
    """One refund of the order."""
    return wire.Refund(
        refund_id=refund.refund_id,
        amount=wire_money(refund.amount_minor, order.total.currency),
        lines=_refunded_lines(order, refund),
        reason=refund.reason,
        state=wire.RefundState.Value(f"REFUND_STATE_{refund.state.value}"),
        made_by=wire.RefundMaker.Value(f"REFUND_MAKER_{refund.made_by.value}"),
        changed_at_ms=refund.changed_at_ms,
        route=wire.RefundRoute.Value(f"REFUND_ROUTE_{refund.route.value}"),
        act_id=refund.act_id,
    )


def _refunded_lines(order: Order, refund: Refund) -> list[wire.RefundedLine]:
    """Of which lines it takes what, planned or done; only their names where nobody has worked it out."""
    if not refund.shares:
        return [wire.RefundedLine(performance_id=one.performance_id, seat_id=one.seat_id) for one in refund.lines]
    return [money_of_line(order, one) for one in by_line(order, refund.shares)]


def money_of_line(order: Order, money: LineMoney) -> wire.RefundedLine:
    """What goes back of one line."""
    currency = order.total.currency
    return wire.RefundedLine(
        performance_id=money.line.performance_id,
        seat_id=money.line.seat_id,
        amount=wire_money(money.amount_minor, currency),
        components=[
            wire_line_component(
                one.kind,
                one.amount_minor,
                currency,
                wire_vat(one.vat.vat_class, one.vat.rate_basis_points, one.vat.amount_minor, currency),
            )
            for one in money.components
        ],
    )


def order_message(order: Order) -> wire.Order:
    """What anybody may know who may see the order. Tickets while they are valid, the pay page while it is of use."""
    reason = order.cancel_reason
    parts = [_part(order, part) for part in order.parts]
    first = parts[0]
    return wire.Order(
        order_id=order.order_id,
        house_id=order.house_id,
        performance_id=first.performance_id,
        hold_id=first.hold_id,
        holder_id=order.holder_id,
        channel=wire_channel(order.channel),
        state=wire.OrderState.Value(f"ORDER_STATE_{order.state.value}"),
        lines=first.lines,
        total=money_message(order.total),
        hold_until_ms=first.hold_until_ms,
        pay_until_ms=order.pay_until_ms,
        payment_id=order.payment_id,
        payment_url=order.payment_url if order.state is OrderState.PAYING else "",
        tickets=first.tickets,
        cancel_reason=wire.CancelReason.Value(f"CANCEL_REASON_{reason.value if reason else 'UNSPECIFIED'}"),
        created_at_ms=order.created_at_ms,
        plan_version=first.plan_version,
        refunded=money_message(order.refunded),
        charges=[
            wire.VoucherCharge(
                voucher_id=one.voucher_id,
                is_gift_card=one.instrument is Instrument.GIFT_CARD,
                code_tail=one.tail,
                amount=wire_money(one.amount_minor, order.total.currency),
            )
            for one in order.charges
            if one.instrument is not Instrument.EXCHANGE
        ],
        exchange=exchange_message(order.exchange, order.total.currency) if order.exchange else None,
        given=given_messages(order.given),
        to_pay=wire_money(order.to_pay_minor, order.total.currency),
        dispute_state=wire.DisputeState.Value(
            f"DISPUTE_STATE_{'UNSPECIFIED' if order.dispute is Dispute.NONE else order.dispute.value}"
        ),
        parts=parts,
        refunds=[refund_message(order, refund) for refund in order.refunds],
        customer_id=order.customer_id,
        package_id=package_of(order.uses),
        instrument_limits=[
            wire.InstrumentLimit(performance_id=name, most=most) for name, most in order.instrument_limits
        ],
        sold_by=wire_principal(order.sold_by) if order.sold_by else None,
        confirmed_at_ms=order.confirmed_at_ms,
    )


def methods_message(order: Order, accounts: Sequence[PayingAccount]) -> wire.ListPaymentMethodsResponse:
    """What takes the order's amount, account by account."""
    currency = order.total.currency
    return wire.ListPaymentMethodsResponse(
        amount=wire_money(order.to_pay_minor, currency),
        methods=[
            wire.OfferedMethod(
                choice=wire.PaymentChoice(provider_account_id=account.account_id, method=one.method),
                provider=account.provider,
                name=one.name,
                is_default=account.is_default,
                least=wire_money(one.least_minor, currency) if one.least_minor else None,
                most=wire_money(one.most_minor, currency) if one.most_minor else None,
            )
            for account in accounts
            for one in account.ways or ()
        ],
    )

"""Orders to rows and back. Nothing else knows how an order is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from services.contracts.channels import Channel
from services.contracts.prices import ComponentKind
from services.orders.adapters.exchange_rows import exchange_column, exchange_of, given_of
from services.orders.domain.order import (
    CancelReason,
    Dispute,
    Instrument,
    LineComponent,
    LineDiscount,
    LineStatus,
    Money,
    Order,
    OrderCharge,
    OrderLine,
    OrderPart,
    OrderState,
    PaymentStatus,
    SeatName,
    SeatStatus,
    Ticket,
    TicketKind,
    Vat,
)
from services.orders.domain.payment_choice import choice_of
from services.orders.domain.refunds import (
    LineRef,
    Refund,
    RefundMaker,
    RefundRoute,
    RefundShare,
    RefundState,
    due_refund,
)
from services.orders.domain.uses import CountedUse
from services.runtime.principal import PrincipalKind, PrincipalRef

Row = Mapping[Any, Any]

_VALID = LineStatus.VALID.value


def fixed_columns(order: Order) -> dict[str, Any]:
    """What the order begins with, and what of its first part the release before reads. Its uses may become fewer."""
    first = order.first
    return {
        "order_id": order.order_id,
        "house_id": order.house_id,
        "performance_id": first.performance_id,
        "hold_id": first.hold_id,
        "holder_id": order.holder_id,
        "channel": order.channel.value,
        "plan_version": first.plan_version,
        "lines": [[line.seat_id, line.category, line.ticket_type, line.price.amount_minor] for line in first.lines],
        "seat_names": [[line.seat_name.zone, line.seat_name.row, line.seat_name.seat] for line in first.lines],
        "total_minor": order.total.amount_minor,
        "currency": order.total.currency,
        "created_at_ms": order.created_at_ms,
        "uses": _uses(order),
        "instrument_limits": order.instrument_limits or None,
        "customer_id": order.customer_id,
        "sold_by_kind": order.sold_by.kind.value if order.sold_by else "",
        "sold_by": order.sold_by.subject if order.sold_by else "",
    }


def _uses(order: Order) -> list[list[str | int]] | None:
    return [[use.counted_id, use.count, use.limit] for use in order.uses] or None


def lowered_uses(before: Order, after: Order) -> list[dict[str, Any]]:
    """A row for an order that gave tickets back, and with them uses of what is limited."""
    if after.uses == before.uses:
        return []
    return [{"house_id": after.house_id, "order_id": after.order_id, "uses": _uses(after)}]


def moving_columns(order: Order) -> dict[str, Any]:
    """What changes with the order's state. Of parts and refunds, what the release before reads."""
    due = due_refund(order.refunds)
    return {
        "hold_until_ms": order.first.hold_until_ms,
        "state": order.state.value,
        "seats": order.first.seats.value,
        "uses_hold": order.uses_hold(order.first),
        "payment": order.payment.value,
        "pay_until_ms": order.pay_until_ms,
        "return_url": order.return_url,
        "charges": [[one.instrument.value, one.voucher_id, one.tail, one.amount_minor] for one in order.charges]
        or None,
        "pays_by": order.pays_by.as_text,
        "exchange": exchange_column(order),
        "payment_id": order.payment_id,
        "payment_url": order.payment_url,
        "cancel_reason": order.cancel_reason.value if order.cancel_reason else None,
        "refund_reason": due.reason if due else next((one.reason for one in order.refunds if one.reason), ""),
        "refunded_minor": order.refunded.amount_minor,
        "dispute": order.dispute.value,
        "confirmed_at_ms": order.confirmed_at_ms,
        "state_since_ms": order.state_since_ms,
    }


def part_rows(order: Order) -> list[dict[str, Any]]:
    """A row a part."""
    return [
        {
            "order_id": order.order_id,
            "place": place,
            "house_id": order.house_id,
            "performance_id": part.performance_id,
            "hold_id": part.hold_id,
            "plan_version": part.plan_version,
            "lines": [_line_row(line) for line in part.lines],
            "total_minor": part.total_minor,
            "created_at_ms": order.created_at_ms,
            "hold_until_ms": part.hold_until_ms,
            "seats": part.seats.value,
            "uses_hold": order.uses_hold(part),
            "priced": [_priced_row(line) for line in part.lines],
            "line_states": _line_states(part),
        }
        for place, part in enumerate(order.parts)
    ]


def moved_parts(before: Order, after: Order) -> list[dict[str, Any]]:
    """What changes of parts with the state: a row for each that did change."""
    return [
        {
            "order_id": after.order_id,
            "place": place,
            "hold_until_ms": part.hold_until_ms,
            "seats": part.seats.value,
            "uses_hold": after.uses_hold(part),
            "line_states": _line_states(part),
        }
        for place, (earlier, part) in enumerate(zip(before.parts, after.parts, strict=True))
        if (earlier.hold_until_ms, earlier.seats, before.uses_hold(earlier), _line_states(earlier))
        != (part.hold_until_ms, part.seats, after.uses_hold(part), _line_states(part))
    ]


def ticket_rows(order: Order) -> list[dict[str, Any]]:
    """A row a ticket, valid while the order's are."""
    of_parts = [(part, ticket) for part in order.parts for ticket in part.tickets]
    return [
        {
            "ticket_id": ticket.ticket_id,
            "house_id": order.house_id,
            "order_id": order.order_id,
            "performance_id": part.performance_id,
            "seat_id": ticket.seat_id,
            # No door takes a ticket's id for a code.
            "barcode": ticket.barcode or ticket.ticket_id,
            "passed_on": ticket.passed_on,
            "place": place,
            "valid": order.tickets_are_valid and ticket.seat_id in part.valid_seat_ids,
        }
        for place, (part, ticket) in enumerate(of_parts)
    ]


def ended_tickets(before: Order, after: Order) -> list[dict[str, str]]:
    """A row for each ticket that ended by itself, while others of the order stay."""
    if not (before.tickets_are_valid and after.tickets_are_valid):
        return []
    return [
        {
            "house_id": after.house_id,
            "order_id": after.order_id,
            "performance_id": part.performance_id,
            "seat_id": seat_id,
        }
        for earlier, part in zip(before.parts, after.parts, strict=True)
        for seat_id in sorted(set(earlier.valid_seat_ids) - set(part.valid_seat_ids))
    ]


def refund_rows(before: Order, after: Order) -> list[dict[str, Any]]:
    """A row for each refund that is new or has changed."""
    return [
        {
            "order_id": after.order_id,
            "refund_id": refund.refund_id,
            "house_id": after.house_id,
            "place": place,
            "amount_minor": refund.amount_minor,
            "made_by": refund.made_by.value,
            "state": refund.state.value,
            "reason": refund.reason,
            "lines": [[line.performance_id, line.seat_id] for line in refund.lines],
            "changed_at_ms": refund.changed_at_ms,
            "route": refund.route.value,
            "shares": [
                [one.performance_id, one.seat_id, one.kind.value, one.amount_minor, one.vat_minor]
                for one in refund.shares
            ]
            or None,
            "act_id": refund.act_id,
        }
        for place, refund in enumerate(after.refunds)
        if refund not in before.refunds
    ]


def order_of(row: Row) -> Order:
    """The order in a row with `parts`, `tickets` and `refunds` as order_statements.ORDER selects them."""
    currency = row["currency"]
    return Order(
        order_id=row["order_id"],
        house_id=row["house_id"],
        holder_id=row["holder_id"],
        channel=Channel(row["channel"]),
        parts=_parts(row),
        total=Money(row["total_minor"], currency),
        created_at_ms=row["created_at_ms"],
        state=OrderState(row["state"]),
        payment=PaymentStatus(row["payment"]),
        pay_until_ms=row["pay_until_ms"],
        return_url=row["return_url"],
        payment_id=row["payment_id"],
        payment_url=row["payment_url"],
        cancel_reason=CancelReason(row["cancel_reason"]) if row["cancel_reason"] else None,
        refunds=tuple(_refund(refund) for refund in row["refunds"] or ()),
        dispute=Dispute(row["dispute"]),
        confirmed_at_ms=row["confirmed_at_ms"],
        state_since_ms=row["state_since_ms"],
        charges=tuple(OrderCharge(Instrument(kind), *rest) for kind, *rest in row["charges"] or ()),
        pays_by=choice_of(row["pays_by"]),
        exchange=exchange_of(row["exchange"]),
        given=given_of(row["exchange"]),
        instrument_limits=tuple((name, most) for name, most in row["instrument_limits"] or ()),
        uses=tuple(CountedUse(*use) for use in row["uses"] or ()),
        customer_id=row["customer_id"],
        sold_by=PrincipalRef(PrincipalKind(row["sold_by_kind"]), row["sold_by"]) if row["sold_by"] else None,
    )


def _parts(row: Row) -> tuple[OrderPart, ...]:
    tickets: dict[str, list[Ticket]] = defaultdict(list)
    for performance_id, ticket_id, seat_id, barcode, passed_on in row["tickets"] or ():
        ticket = Ticket(ticket_id, seat_id, "" if passed_on else barcode, passed_on)
        tickets[performance_id].append(ticket)
    return tuple(
        OrderPart(
            performance_id=performance_id,
            hold_id=hold_id,
            plan_version=plan_version,
            lines=tuple(
                _line(line, row["currency"], of_line, LineStatus(status))
                for line, of_line, status in zip(
                    lines, priced or [{}] * len(lines), states or [_VALID] * len(lines), strict=True
                )
            ),
            hold_until_ms=hold_until_ms,
            seats=SeatStatus(seats),
            tickets=tuple(tickets[performance_id]),
        )
        for performance_id, hold_id, plan_version, lines, hold_until_ms, seats, priced, states in row["parts"]
    )


def _refund(row: Sequence[Any]) -> Refund:
    refund_id, amount_minor, made_by, state, reason, lines, changed_at_ms, route, shares, act_id = row
    return Refund(
        refund_id,
        amount_minor,
        RefundMaker(made_by),
        RefundState(state),
        reason,
        tuple(LineRef(*line) for line in lines),
        changed_at_ms,
        RefundRoute(route),
        tuple(
            RefundShare(performance_id, seat_id, ComponentKind(kind), minor, vat_minor)
            for performance_id, seat_id, kind, minor, vat_minor in shares or ()
        ),
        act_id,
    )


def _line_row(line: OrderLine) -> list[str | int]:
    """As the comment at tables.order_parts says."""
    name, vat = line.seat_name, line.vat
    return [
        line.seat_id,
        line.category,
        line.ticket_type,
        line.price.amount_minor,
        name.zone,
        name.row,
        name.seat,
        line.kind.value if line.kind else "",
        vat.vat_class,
        vat.rate_basis_points,
        vat.amount_minor,
    ]


def _priced_row(line: OrderLine) -> dict[str, Any]:
    """As the comment at tables.order_parts says."""
    components = [
        [one.kind.value, one.amount_minor, one.vat.vat_class, one.vat.rate_basis_points, one.vat.amount_minor]
        for one in line.components
    ]
    priced: dict[str, Any] = {"components": components}
    if line.discount is not None:
        priced["discount"] = [line.discount.discount_id, line.discount.amount_minor, line.discount.office_id]
    return priced


def _line_states(part: OrderPart) -> list[str] | None:
    """As the comment at tables.order_parts says."""
    return None if part.is_whole else [line.status.value for line in part.lines]


def _line(row: Sequence[Any], currency: str, priced: Row, status: LineStatus) -> OrderLine:
    seat_id, category, ticket_type, amount, zone, seat_row, seat, kind, vat_class, rate, vat_minor = row
    return OrderLine(
        seat_id,
        category,
        ticket_type,
        Money(amount, currency),
        SeatName(zone, seat_row, seat),
        TicketKind(kind) if kind else None,
        Vat(vat_class, rate, vat_minor),
        tuple(
            LineComponent(ComponentKind(of_kind), minor, Vat(*vat))
            for of_kind, minor, *vat in priced.get("components", ())
        ),
        LineDiscount(*priced["discount"]) if "discount" in priced else None,
        status,
    )

"""Requests for refunds to messages, and their calls' fields, each bounded here."""

from __future__ import annotations

from collections.abc import Iterator

from balcon.orders.v1 import refund_requests_pb2 as wire
from balcon.orders.v1.orders_service_pb2 import RefundRoute

from services.contracts.bounds import MAX_SEAT_ID_CHARS, MAX_SEATS_PER_ORDER
from services.contracts.money import refused_currency
from services.contracts.texts import as_lines, refused_lines, refused_text
from services.contracts.ticket_codes import refused_ticket_code
from services.contracts.wire_types import wire_instant, wire_instant_or_none, wire_money, wire_principal
from services.orders.api.act_requests import line_refs
from services.orders.api.buyer_policy_messages import WISHES, rule_message, wish_message
from services.orders.api.messages import refund_message
from services.orders.domain.buyer_policy import RefundWish, RequestRule
from services.orders.domain.order import Money, Order
from services.orders.domain.refund_request import RequestedPart, RequestState, are_granted_at_once, promised_minor
from services.orders.handlers.refund_requests import RefundWanted, ToldRequest
from services.orders.ports import OrderRef
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept

MAX_DECLINE_CHARS = 500
STATES = {wire.RefundRequestState.Value(f"REFUND_REQUEST_STATE_{state.value}"): state for state in RequestState}

_OfCode = (
    wire.QuoteOwnRefundRequest
    | wire.AskOwnRefundRequest
    | wire.ListOwnRefundRequestsRequest
    | wire.WithdrawOwnRefundRequestRequest
)


def faults_of_code(request: _OfCode) -> Iterator[FieldInvalid | None]:
    """What opens an order."""
    yield refused_key("house_id", request.house_id)
    yield refused_key("order_id", request.order_id)
    yield refused_ticket_code("ticket_code", request.ticket_code)


def refund_wanted(
    request: wire.QuoteOwnRefundRequest | wire.AskOwnRefundRequest, *more: FieldInvalid | None
) -> RefundWanted:
    """What is asked. `more`: what else is wrong with the request."""
    expected = None
    money: FieldInvalid | None = None
    if isinstance(request, wire.AskOwnRefundRequest) and request.HasField("expected_back"):
        expected = Money(request.expected_back.amount_minor, request.expected_back.currency)
        money = refused_currency("expected_back.currency", expected.currency)
        if expected.amount_minor < 0:
            money = FieldInvalid("expected_back.amount_minor", "is negative", "0 or more minor units")
    wish = WISHES.get(request.wish)
    names = ", ".join(one.value for one in RefundWish)
    problem = f"{int(request.wish)} is no wish" if request.wish else UNSET
    accept(
        *faults_of_code(request),
        *_refused_lines(request),
        None if wish else FieldInvalid("wish", problem, names),
        money,
        *more,
    )
    assert wish is not None, "refused otherwise"
    ref = OrderRef(request.house_id, request.order_id)
    return RefundWanted(ref, request.ticket_code, wish, line_refs(request.lines), expected)


def _refused_lines(request: wire.QuoteOwnRefundRequest | wire.AskOwnRefundRequest) -> Iterator[FieldInvalid | None]:
    if len(request.lines) > MAX_SEATS_PER_ORDER:
        yield FieldInvalid("lines", f"has {len(request.lines):,}", f"at most {MAX_SEATS_PER_ORDER}")
        return
    for place, line in enumerate(request.lines):
        yield refused_key(f"lines[{place}].performance_id", line.performance_id)
        yield refused_text(f"lines[{place}].seat_id", line.seat_id, at_most=MAX_SEAT_ID_CHARS)


def decline_reason(request: wire.DeclineRefundRequestRequest) -> str:
    """Why, for the buyer."""
    reason = as_lines(request.reason).strip()
    limit = f"1 to {MAX_DECLINE_CHARS} characters of plain text"
    accept(
        refused_key("house_id", request.house_id),
        refused_key("refund_request_id", request.refund_request_id),
        refused_lines("reason", reason, at_most=MAX_DECLINE_CHARS) if reason else FieldInvalid("reason", UNSET, limit),
    )
    return reason


def quote_message(order: Order, parts: tuple[RequestedPart, ...], wish: RefundWish) -> wire.QuoteOwnRefundResponse:
    """What would come back."""
    currency = order.total.currency
    route = "VOUCHER" if wish is RefundWish.VOUCHER else "ORIGIN"
    return wire.QuoteOwnRefundResponse(
        parts=[_part(part, currency) for part in parts],
        back=wire_money(promised_minor(parts), currency),
        rule=rule_message(RequestRule.GRANTED if are_granted_at_once(parts) else RequestRule.ASKED),
        route=RefundRoute.Value(f"REFUND_ROUTE_{route}"),
    )


def request_message(told: ToldRequest) -> wire.RefundRequest:
    """A request, with the money that it has moved."""
    request = told.request
    return wire.RefundRequest(
        refund_request_id=request.refund_request_id,
        house_id=request.house_id,
        order_id=request.order_id,
        state=wire.RefundRequestState.Value(f"REFUND_REQUEST_STATE_{request.state.value}"),
        wish=wish_message(request.wish),
        parts=[_part(part, request.currency) for part in request.parts],
        back=wire_money(request.back_minor, request.currency),
        asked_at=wire_instant(request.asked_at_ms),
        ended_at=wire_instant_or_none(request.ended_at_ms),
        decided_by=wire_principal(request.decided_by) if request.decided_by else None,
        reason=request.reason,
        refunds=[refund_message(told.order, refund) for refund in request.refunds_of(told.order)],
    )


def _part(part: RequestedPart, currency: str) -> wire.QuotedRefund:
    return wire.QuotedRefund(
        performance_id=part.performance_id,
        seat_ids=part.seat_ids,
        rule=rule_message(part.rule),
        until_at=wire_instant_or_none(part.until_ms),
        basis=wire.RefundBasis.Value(f"REFUND_BASIS_{part.basis.value}"),
        policy_of=part.policy_of,
        policy_version=part.policy_version,
        back=wire_money(part.back_minor, currency),
        kept=wire_money(part.kept_minor, currency),
    )

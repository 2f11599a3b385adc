"""Reads requests of OrderActsService: every field from outside is bounded here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from balcon.orders.v1 import order_acts_pb2 as wire
from balcon.orders.v1.orders_service_pb2 import ExchangedLine
from balcon.orders.v1.orders_service_pb2 import RefundRoute as WireRoute
from balcon.types.v1.money_pb2 import Money as WireMoney

from services.contracts.bounds import MAX_REASON_CHARS, MAX_SEAT_ID_CHARS
from services.contracts.money import refused_currency
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_prices import component_kinds_of, refused_component_kinds
from services.orders.domain.commands import ActOnLines, RefundTerms
from services.orders.domain.refunds import LineRef, RefundRoute
from services.orders.ports import OrderRef
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept

MAX_LINES = 500
ROUTES = {
    WireRoute.REFUND_ROUTE_UNSPECIFIED: RefundRoute.ORIGIN,
    WireRoute.REFUND_ROUTE_ORIGIN: RefundRoute.ORIGIN,
    WireRoute.REFUND_ROUTE_VOUCHER: RefundRoute.VOUCHER,
}

_Line = wire.LineName | ExchangedLine
_Request = wire.RefundLinesRequest | wire.CancelLinesRequest | wire.ReleaseLinesRequest


def refund_act(request: wire.RefundLinesRequest) -> tuple[OrderRef, ActOnLines]:
    """Money back, and what else was asked for."""
    route = ROUTES.get(request.route)
    accept(
        *_refused(request),
        refused_component_kinds("keep", request.keep),
        *_refused_money(request),
        FieldInvalid("route", f"has {request.route}", "RefundRoute") if route is None else None,
    )
    assert route is not None, "refused otherwise"
    terms = RefundTerms(
        request.amount.amount_minor if request.HasField("amount") else None,
        component_kinds_of(request.keep),
        request.fee.amount_minor,
        route,
    )
    return _ref(request), _act(request, cancel=request.cancel_tickets, release=request.release_seats, refund=terms)


def currencies_of(request: wire.RefundLinesRequest) -> list[tuple[str, str]]:
    """Field and currency of each amount, to be the order's."""
    named = [(name, getattr(request, name)) for name in ("amount", "fee") if request.HasField(name)]
    return [(f"{name}.currency", money.currency) for name, money in named]


def cancel_act(request: wire.CancelLinesRequest) -> tuple[OrderRef, ActOnLines]:
    """Tickets end, and seats go where that was asked for too."""
    accept(*_refused(request))
    return _ref(request), _act(request, cancel=True, release=request.release_seats)


def release_act(request: wire.ReleaseLinesRequest) -> tuple[OrderRef, ActOnLines]:
    """Seats go back on sale."""
    accept(*_refused(request))
    return _ref(request), _act(request, release=True)


def _ref(request: _Request) -> OrderRef:
    return OrderRef(request.house_id, request.order_id)


def _act(
    request: _Request, *, cancel: bool = False, release: bool = False, refund: RefundTerms | None = None
) -> ActOnLines:
    return ActOnLines(
        line_refs(request.lines),
        request.performance_id,
        cancel=cancel,
        release=release,
        refund=refund,
        reason=request.reason.strip(),
    )


def line_refs(lines: Iterable[_Line]) -> tuple[LineRef, ...]:
    """As the domain has them."""
    return tuple(LineRef(line.performance_id, line.seat_id) for line in lines)


def faults_of_names(field: str, lines: Iterable[_Line]) -> Iterator[FieldInvalid | None]:
    """Each line once; how many there may be is bounded before."""
    seen: set[tuple[str, str]] = set()
    for place, line in enumerate(lines):
        named = f"{field}[{place}]."
        yield refused_key(f"{named}performance_id", line.performance_id)
        yield refused_text(f"{named}seat_id", line.seat_id, at_most=MAX_SEAT_ID_CHARS)
        name = line.performance_id, line.seat_id
        if all(name) and name in seen:
            yield FieldInvalid(f"{named}seat_id", "is named twice", "each line once")
        seen.add(name)


def _refused(request: _Request) -> Iterator[FieldInvalid | None]:
    yield refused_key("house_id", request.house_id)
    yield refused_key("order_id", request.order_id)
    if len(request.lines) > MAX_LINES:
        yield FieldInvalid("lines", f"has {len(request.lines):,}", f"at most {MAX_LINES}")
    else:
        yield from faults_of_names("lines", request.lines)
    yield refused_key("performance_id", request.performance_id) if request.performance_id else None
    yield refused_text("reason", request.reason.strip(), at_least=0, at_most=MAX_REASON_CHARS)
    yield refused_idempotency_key(request.idempotency_key)


def _refused_money(request: wire.RefundLinesRequest) -> Iterator[FieldInvalid | None]:
    if request.HasField("amount"):
        yield from refused_amount("amount", request.amount)
    elif request.HasField("fee"):
        yield from refused_amount("fee", request.fee)


def refused_amount(field: str, money: WireMoney) -> Iterator[FieldInvalid | None]:
    """Some money of a known currency."""
    yield refused_currency(f"{field}.currency", money.currency)
    problem = UNSET if money.amount_minor == 0 else f"is {money.amount_minor:,}"
    yield None if money.amount_minor > 0 else FieldInvalid(f"{field}.amount_minor", problem, "1 or more minor units")

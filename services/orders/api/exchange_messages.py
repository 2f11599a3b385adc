"""Exchanges to messages and back: which tickets are given, what they are worth, how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.orders.v1 import own_exchanges_pb2 as own

from services.contracts.bounds import MAX_SEATS_PER_ORDER
from services.contracts.ticket_codes import refused_ticket_code
from services.contracts.wire_types import wire_instant_or_none, wire_money
from services.orders.api.act_requests import faults_of_names, line_refs
from services.orders.domain.exchanges import Exchange, ExchangeStatus, GivenLines
from services.orders.domain.refunds import LineRef
from services.orders.handlers.exchanges import QuotedExchange
from services.orders.handlers.order_request import ExchangeRequest
from services.orders.ports import OrderRef
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept

# Each is asked for at the door of its own.
MAX_CODES: Final = 50


def exchange_message(exchange: Exchange, currency: str) -> wire.OrderExchange:
    """What is given for the order."""
    return wire.OrderExchange(
        order_id=exchange.order_id,
        lines=_lines(exchange.lines),
        worth=wire_money(exchange.value_minor, currency),
        pays=wire_money(exchange.pays_minor, currency),
        state=_state(exchange.status),
    )


def given_messages(given: Iterable[GivenLines]) -> Iterator[wire.GivenLines]:
    """What the order gives for others; of what came to nothing, that is nobody's business any more."""
    for one in given:
        if one.status is not ExchangeStatus.FREED:
            yield wire.GivenLines(order_id=one.order_id, lines=_lines(one.lines), state=_state(one.status))


def _lines(lines: Iterable[LineRef]) -> list[wire.ExchangedLine]:
    return [wire.ExchangedLine(performance_id=line.performance_id, seat_id=line.seat_id) for line in lines]


def _state(status: ExchangeStatus) -> wire.ExchangeState.ValueType:
    return wire.ExchangeState.Value(f"EXCHANGE_STATE_{status.value}")


def exchange_request(request: wire.CreateOrderRequest) -> ExchangeRequest | None:
    """What faults_of_exchange let through."""
    if not request.HasField("exchange"):
        return None
    asked = request.exchange
    return ExchangeRequest(asked.order_id, line_refs(asked.lines), asked.keep_prices, tuple(asked.ticket_codes))


def own_exchange(request: own.QuoteOwnExchangeRequest) -> tuple[OrderRef, str, tuple[LineRef, ...]]:
    """What a buyer asks before an exchange: the order, the code, the lines."""
    accept(
        refused_key("house_id", request.house_id),
        refused_key("order_id", request.order_id),
        refused_ticket_code("ticket_code", request.ticket_code),
        *_faults_of_lines("lines", request.lines, at_least=0),
    )
    return OrderRef(request.house_id, request.order_id), request.ticket_code, line_refs(request.lines)


def own_exchange_message(told: QuotedExchange) -> own.QuoteOwnExchangeResponse:
    """What the tickets are worth."""
    return own.QuoteOwnExchangeResponse(
        lines=_lines(told.lines),
        worth=wire_money(told.worth_minor, told.currency),
        kept=wire_money(told.kept_minor, told.currency),
        until_at=wire_instant_or_none(told.until_ms),
    )


def faults_of_exchange(request: wire.CreateOrderRequest) -> Iterator[FieldInvalid | None]:
    """All that is wrong with the tickets that are to be given, by themselves."""
    if not request.HasField("exchange"):
        return
    asked = request.exchange
    yield refused_key("exchange.order_id", asked.order_id)
    yield _refused_keeping(request)
    if len(asked.ticket_codes) > MAX_CODES:
        yield FieldInvalid("exchange.ticket_codes", f"has {len(asked.ticket_codes):,}", f"at most {MAX_CODES}")
    for place, code in enumerate(asked.ticket_codes[:MAX_CODES]):
        yield refused_ticket_code(f"exchange.ticket_codes[{place}]", code)
    yield from _faults_of_lines("exchange.lines", asked.lines, at_least=1)


def _faults_of_lines(
    field: str, lines: Sequence[wire.ExchangedLine], *, at_least: int
) -> Iterator[FieldInvalid | None]:
    if not at_least <= len(lines) <= MAX_SEATS_PER_ORDER:
        problem = f"has {len(lines):,}" if lines else UNSET
        yield FieldInvalid(field, problem, f"{at_least} to {MAX_SEATS_PER_ORDER}")
        return
    yield from faults_of_names(field, lines)


def _refused_keeping(request: wire.CreateOrderRequest) -> FieldInvalid | None:
    """What was paid is kept, or something else makes the price."""
    others = [name for name in ("promotion_code", "discount_id", "package_id", "quote") if getattr(request, name)]
    # Who shows codes acts as a buyer.
    others += ["exchange.ticket_codes"] if request.exchange.ticket_codes else []
    if not request.exchange.keep_prices or not others:
        return None
    return FieldInvalid("exchange.keep_prices", f"is set beside {', '.join(others)}", "keep_prices, or these")

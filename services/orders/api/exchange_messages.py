"""Exchanges to messages and back: which tickets are given, what they are worth, how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from balcon.orders.v1 import orders_service_pb2 as wire

from services.contracts.bounds import MAX_SEAT_ID_CHARS, MAX_SEATS_PER_ORDER
from services.contracts.texts import refused_text
from services.contracts.wire_types import wire_money
from services.orders.domain.exchanges import Exchange, ExchangeStatus, GivenLines
from services.orders.domain.refunds import LineRef
from services.orders.handlers.order_request import ExchangeRequest
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key


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
    lines = tuple(LineRef(line.performance_id, line.seat_id) for line in request.exchange.lines)
    return ExchangeRequest(request.exchange.order_id, lines, request.exchange.keep_prices)


def faults_of_exchange(request: wire.CreateOrderRequest) -> Iterator[FieldInvalid | None]:
    """All that is wrong with the tickets that are to be given, by themselves."""
    if not request.HasField("exchange"):
        return
    lines = request.exchange.lines
    yield refused_key("exchange.order_id", request.exchange.order_id)
    yield _refused_keeping(request)
    if not 1 <= len(lines) <= MAX_SEATS_PER_ORDER:
        problem = f"has {len(lines):,}" if lines else UNSET
        yield FieldInvalid("exchange.lines", problem, f"1 to {MAX_SEATS_PER_ORDER}")
        return
    seen: set[tuple[str, str]] = set()
    for place, line in enumerate(lines):
        field = f"exchange.lines[{place}]."
        yield refused_key(f"{field}performance_id", line.performance_id)
        yield refused_text(f"{field}seat_id", line.seat_id, at_most=MAX_SEAT_ID_CHARS)
        name = line.performance_id, line.seat_id
        if all(name) and name in seen:
            yield FieldInvalid(f"{field}seat_id", "is named twice", "each line once")
        seen.add(name)


def _refused_keeping(request: wire.CreateOrderRequest) -> FieldInvalid | None:
    """What was paid is kept, or something else makes the price."""
    others = [name for name in ("promotion_code", "discount_id", "package_id", "quote") if getattr(request, name)]
    if not request.exchange.keep_prices or not others:
        return None
    return FieldInvalid("exchange.keep_prices", f"is set beside {', '.join(others)}", "keep_prices, or these")

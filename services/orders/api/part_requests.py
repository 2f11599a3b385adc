"""Reads the parts of an order that is asked for: performances, the holds of their seats, and how each seat is paid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from balcon.orders.v1 import orders_service_pb2 as wire

from services.contracts.bounds import (
    MAX_PARTS_PER_ORDER,
    MAX_PASS_NUMBER_CHARS,
    MAX_SEAT_ID_CHARS,
    MAX_SEATS_PER_HOLD,
    MAX_SEATS_PER_ORDER,
    MAX_TICKET_TYPE_CHARS,
    NORMAL_TICKET_TYPE,
)
from services.contracts.promotions import code_of, refused_code
from services.contracts.texts import refused_text
from services.contracts.wire_prices import component_kinds_of, refused_component_kinds
from services.contracts.wire_types import channel_of, refused_channel
from services.orders.domain.order import of_reservation
from services.orders.domain.pricing import SeatChoice
from services.orders.handlers.order_request import PartRequest, PriceRequest
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept

P = TypeVar("P", wire.PartChoice, wire.QuotedPart)

# A quote of the largest order has less.
MAX_QUOTE_CHARS = 65_536


def parts_of(request: wire.CreateOrderRequest) -> tuple[PartRequest, ...]:
    """What refused_parts let through."""
    if not request.parts:
        return (_part(request, ""),)
    return tuple(_part(part, f"parts[{place}].") for place, part in enumerate(request.parts))


def refused_parts(request: wire.CreateOrderRequest) -> Iterator[FieldInvalid | None]:
    """All that is wrong with the parts by themselves."""
    if not request.parts:
        yield from _faults(request, "")
        return
    for name in ("performance_id", "hold_id", "reservation_id", "seats"):
        if getattr(request, name):
            yield FieldInvalid(name, "is set beside parts", "parts, or the fields of one performance")
    yield from refused_listed_parts(request.parts, _faults)


def refused_listed_parts(
    parts: Sequence[P], faults: Callable[[P, str], Iterator[FieldInvalid | None]]
) -> Iterator[FieldInvalid | None]:
    """All that is wrong with several parts, with what `faults` tells of each."""
    if len(parts) > MAX_PARTS_PER_ORDER:
        yield FieldInvalid("parts", f"has {len(parts):,}", f"at most {MAX_PARTS_PER_ORDER} performances an order")
        return
    seats = sum(len(part.seats) for part in parts)
    if seats > MAX_SEATS_PER_ORDER:
        yield FieldInvalid("parts", f"has {seats:,} seats", f"at most {MAX_SEATS_PER_ORDER} an order")
    seen: set[str] = set()
    for place, part in enumerate(parts):
        yield from faults(part, f"parts[{place}].")
        if part.performance_id and part.performance_id in seen:
            field = f"parts[{place}].performance_id"
            yield FieldInvalid(field, f"{part.performance_id[:64]} is named twice", "each performance once")
        seen.add(part.performance_id)


def _part(part: wire.CreateOrderRequest | wire.PartChoice, field: str) -> PartRequest:
    hold_id = of_reservation(part.reservation_id) if part.reservation_id else part.hold_id
    return PartRequest(part.performance_id, hold_id, tuple(map(_seat_choice, part.seats)), field)


def _faults(part: wire.CreateOrderRequest | wire.PartChoice, within: str) -> Iterator[FieldInvalid | None]:
    yield refused_key(f"{within}performance_id", part.performance_id)
    if part.reservation_id:
        yield refused_key(f"{within}reservation_id", part.reservation_id)
    else:
        yield refused_key(f"{within}hold_id", part.hold_id)
    yield from refused_seats(part.seats, within)


def refused_quote(quote: str) -> FieldInvalid | None:
    """The refusal for what is longer than any quote; whether it is one, its signature says."""
    if len(quote) <= MAX_QUOTE_CHARS:
        return None
    return FieldInvalid("quote", f"has {len(quote):,} characters", f"at most {MAX_QUOTE_CHARS:,}")


def refused_reductions(request: wire.CreateOrderRequest | wire.QuoteOrderRequest) -> FieldInvalid | None:
    """Of a package nothing else is taken off."""
    if not request.package_id:
        return None
    if request.promotion_code or request.discount_id:
        return FieldInvalid("package_id", "is set beside a promotion", "one of package_id, promotion_code, discount_id")
    return refused_key("package_id", request.package_id)


def price_request(request: wire.QuoteOrderRequest) -> PriceRequest:
    """What QuoteOrder asks for."""
    channel, code = channel_of(request.channel), code_of(request.promotion_code)
    unset = None if request.parts else FieldInvalid("parts", UNSET, "one performance or more")
    accept(
        refused_key("house_id", request.house_id),
        unset,
        *(refused_listed_parts(request.parts, _faults_of_quoted) if request.parts else ()),
        refused_channel("channel", request.channel),
        refused_code("promotion_code", code) if code else None,
        refused_key("discount_id", request.discount_id) if request.discount_id else None,
        refused_reductions(request),
    )
    assert channel is not None, "refused otherwise"
    parts = tuple(
        PartRequest(part.performance_id, "", tuple(map(_seat_choice, part.seats)), f"parts[{place}].")
        for place, part in enumerate(request.parts)
    )
    return PriceRequest(
        house_id=request.house_id,
        parts=parts,
        channel=channel,
        promotion_code=code,
        discount_id=request.discount_id,
        package_id=request.package_id,
    )


def _faults_of_quoted(part: wire.QuotedPart, within: str) -> Iterator[FieldInvalid | None]:
    yield refused_key(f"{within}performance_id", part.performance_id)
    yield from refused_seats(part.seats, within)


def refused_seats(seats: Sequence[wire.SeatChoice], within: str) -> Iterator[FieldInvalid | None]:
    """All that is wrong with the seats of a performance by themselves."""
    count = len(seats)
    if not 1 <= count <= MAX_SEATS_PER_HOLD:
        yield FieldInvalid(f"{within}seats", f"has {count} seats" if count else UNSET, f"1 to {MAX_SEATS_PER_HOLD}")
        return
    seen: set[str] = set()
    for place, choice in enumerate(seats):
        of_seat = f"{within}seats[{place}]."
        field = f"{of_seat}seat_id"
        yield refused_text(field, choice.seat_id, at_most=MAX_SEAT_ID_CHARS)
        if choice.seat_id and choice.seat_id in seen:
            problem = f"{choice.seat_id[:MAX_SEAT_ID_CHARS]} is named twice"
            yield FieldInvalid(field, problem, "each seat once")
        seen.add(choice.seat_id)
        ticket_type = choice.ticket_type or NORMAL_TICKET_TYPE
        yield refused_text(f"{of_seat}ticket_type", ticket_type, at_most=MAX_TICKET_TYPE_CHARS)
        yield refused_component_kinds(f"{of_seat}extras", choice.extras)
        number = choice.pass_number
        yield refused_text(f"{of_seat}pass_number", number, at_least=0, at_most=MAX_PASS_NUMBER_CHARS)


def _seat_choice(seat: wire.SeatChoice) -> SeatChoice:
    extras = component_kinds_of(seat.extras)
    return SeatChoice(seat.seat_id, seat.ticket_type or NORMAL_TICKET_TYPE, extras, seat.pass_number)

"""Reads requests: every field from outside is bounded here, and the refusal names the field and its limit."""

from __future__ import annotations

import hashlib
import re

from balcon.orders.v1 import orders_service_pb2 as wire
from balcon.types.v1.money_pb2 import Money as WireMoney
from balcon.types.v1.seating_pb2 import Channel as WireChannel
from google.protobuf.message import Message

from services.contracts.bounds import (
    MAX_NAME_CHARS,
    MAX_REASON_CHARS,
    MAX_SEAT_ID_CHARS,
    MAX_SEATS_PER_HOLD,
    MAX_TICKET_TYPE_CHARS,
    NORMAL_TICKET_TYPE,
)
from services.contracts.channels import Channel
from services.contracts.money import refused_currency
from services.contracts.pages import page_size_of, place_after, refused_page_size, token_after
from services.contracts.texts import refused_idempotency_key, refused_text, refused_url
from services.contracts.wire_types import channel_of, refused_channel
from services.orders.domain.order import Money, Order, OrderState
from services.orders.domain.pricing import SeatChoice
from services.orders.handlers.order_making import OrderWish
from services.orders.ports import Customer, Operation, OrderFilter, OrderRef, RequestKey
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused

MAX_EMAIL_CHARS = 254
MAX_WAIT_MS = 30_000

# RFC 5321's shape without its exotica; whether it can be reached, only a mail shows.
_EMAIL = re.compile(r"[^\s@<>\",;:\\()\[\]]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")


def _require(field: str, good: bool, problem: str, limit: str) -> None:
    if not good:
        raise Refused(FieldInvalid(field, problem, limit))


def _accept(refusal: FieldInvalid | None) -> None:
    if refusal is not None:
        raise Refused(refusal)


def _key_field(field: str, value: str) -> str:
    _accept(refused_key(field, value))
    return value


def request_key(request: Message, operation: Operation, house_id: str, key: str, busy_until_ms: int = 0) -> RequestKey:
    """The request's key with a hash over all that it asks for (RULE 27)."""
    _accept(refused_idempotency_key(key))
    content = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()
    return RequestKey(house_id, operation, key, content, busy_until_ms)


def order_ref(house_id: str, order_id: str) -> OrderRef:
    """Which order of which house."""
    return OrderRef(_key_field("house_id", house_id), _key_field("order_id", order_id))


def order_wish(request: wire.CreateOrderRequest) -> OrderWish:
    """What CreateOrder asks for."""
    return OrderWish(
        house_id=_key_field("house_id", request.house_id),
        performance_id=_key_field("performance_id", request.performance_id),
        hold_id=_key_field("hold_id", request.hold_id),
        holder_id=_key_field("holder_id", request.holder_id),
        seats=_seats(request),
        customer=_customer(request.customer),
        channel=_channel(request.channel),
    )


def _seats(request: wire.CreateOrderRequest) -> tuple[SeatChoice, ...]:
    count = len(request.seats)
    _require(
        "seats",
        1 <= count <= MAX_SEATS_PER_HOLD,
        f"has {count} seats" if count else UNSET,
        f"1 to {MAX_SEATS_PER_HOLD}",
    )
    seen: set[str] = set()
    choices = []
    for place, choice in enumerate(request.seats):
        field = f"seats[{place}].seat_id"
        _accept(refused_text(field, choice.seat_id, at_most=MAX_SEAT_ID_CHARS))
        _require(field, choice.seat_id not in seen, f"{choice.seat_id} is named twice", "each seat once")
        seen.add(choice.seat_id)
        ticket_type = choice.ticket_type or NORMAL_TICKET_TYPE
        _accept(refused_text(f"seats[{place}].ticket_type", ticket_type, at_most=MAX_TICKET_TYPE_CHARS))
        choices.append(SeatChoice(choice.seat_id, ticket_type))
    return tuple(choices)


def _customer(customer: wire.Customer) -> Customer:
    name, email = customer.name.strip(), customer.email.strip()
    _accept(refused_text("customer.name", name, at_most=MAX_NAME_CHARS))
    good = len(email) <= MAX_EMAIL_CHARS and _EMAIL.fullmatch(email) is not None
    problem = "is not an e-mail address" if email else UNSET
    _require("customer.email", good, problem, f"name@domain, at most {MAX_EMAIL_CHARS} characters")
    return Customer(name, email)


def _channel(value: WireChannel.ValueType) -> Channel:
    channel = channel_of(value)
    if channel is None:
        _accept(refused_channel("channel", value))
    assert channel is not None, "refused otherwise"
    return channel


def expected_total(money: WireMoney) -> Money:
    """What the buyer saw."""
    _accept(refused_currency("expected_total.currency", money.currency))
    _require("expected_total.amount_minor", money.amount_minor >= 0, "is negative", "0 or more minor units")
    return Money(money.amount_minor, money.currency)


def return_url(value: str) -> str:
    """Where the provider sends the buyer afterwards."""
    _accept(refused_url("return_url", value))
    return value


def refund_reason(value: str) -> str:
    """Why, for the people of the house."""
    reason = value.strip()
    _accept(refused_text("reason", reason, at_least=0, at_most=MAX_REASON_CHARS))
    return reason


def wait_seconds(wait_ms: int) -> float:
    """How long GetOrder may wait."""
    _require("wait_ms", wait_ms <= MAX_WAIT_MS, f"is {wait_ms}", f"at most {MAX_WAIT_MS}")
    return wait_ms / 1000


def order_filter(request: wire.ListOrdersRequest) -> OrderFilter:
    """Which page of which orders; asks for one more than the page, to know whether another follows."""
    house_id = _key_field("house_id", request.house_id)
    if request.performance_id:
        _key_field("performance_id", request.performance_id)
    known = {wire.OrderState.Value(f"ORDER_STATE_{state.value}"): state for state in OrderState}
    _require("states", len(request.states) <= len(known), f"has {len(request.states)}", f"at most {len(known)}")
    _require("states", all(state in known for state in request.states), "has an unknown state", "OrderState")
    _accept(refused_page_size(request.page_size))
    after = place_after(request.page_token, house_id)
    if isinstance(after, FieldInvalid):
        raise Refused(after)
    return OrderFilter(
        house_id=house_id,
        performance_id=request.performance_id,
        states=frozenset(known[state] for state in request.states),
        after=after,
        limit=page_size_of(request.page_size) + 1,
    )


def page_token(last: Order) -> str:
    """Where the next page starts."""
    return token_after(last.house_id, last.order_id, last.created_at_ms)

"""Reads requests: every field from outside is bounded here, and the refusal names the field and its limit."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from balcon.orders.v1 import orders_service_pb2 as wire
from google.protobuf.message import Message

from services.contracts.bounds import (
    MAX_NAME_CHARS,
    MAX_REASON_CHARS,
    MAX_VOUCHER_CODE_CHARS,
    MAX_VOUCHER_CODES,
)
from services.contracts.languages import LANGUAGES
from services.contracts.languages import refused_language as refused_spoken
from services.contracts.money import refused_currency
from services.contracts.pages import asked_page, token_after
from services.contracts.payment_refusals import refused_method
from services.contracts.promotions import code_of, refused_code
from services.contracts.texts import refused_email, refused_idempotency_key, refused_text, refused_url
from services.contracts.wire_types import channel_of, refused_channel
from services.orders.api.exchange_messages import exchange_request, faults_of_exchange
from services.orders.api.form_requests import answers_of, faults_of_answers
from services.orders.api.part_requests import parts_of, refused_parts, refused_quote, refused_reductions
from services.orders.domain.order import Money, Order, OrderState
from services.orders.domain.payment_choice import PaymentChoice
from services.orders.handlers.order_desk import CheckOutWish
from services.orders.handlers.order_request import OrderRequest
from services.orders.ports import Buyer, Operation, OrderFilter, OrderRef, RequestKey, Tick
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept

MAX_WAIT_MS = 30_000
MAX_TICKS = 20
# As customers gives them out.
MAX_SESSION_CHARS = 80


def _unless(good: bool, field: str, problem: str, limit: str) -> FieldInvalid | None:
    return None if good else FieldInvalid(field, problem, limit)


def _refused_ref(
    request: wire.CheckOutRequest
    | wire.CancelOrderRequest
    | wire.RefundOrderRequest
    | wire.GetOrderRequest
    | wire.ListPaymentMethodsRequest,
) -> tuple[FieldInvalid | None, FieldInvalid | None]:
    return refused_key("house_id", request.house_id), refused_key("order_id", request.order_id)


def request_key(request: Message, operation: Operation, house_id: str, key: str, busy_until_ms: int = 0) -> RequestKey:
    """The key of a request that was read here, with a hash over all that it asks for (RULE 27)."""
    return RequestKey(house_id, operation, key, content_hash(request), busy_until_ms)


def content_hash(request: Message) -> str:
    """Over all that it asks for, so that a key is known to be used for something else."""
    return hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()


def order_request(request: wire.CreateOrderRequest) -> OrderRequest:
    """What CreateOrder asks for."""
    channel = channel_of(request.channel)
    buyer = _buyer(request)
    code = code_of(request.promotion_code)
    accept(
        refused_key("house_id", request.house_id),
        *refused_parts(request),
        refused_key("holder_id", request.holder_id),
        *_refused_buyer(request, buyer),
        refused_channel("channel", request.channel),
        refused_code("promotion_code", code) if code else None,
        refused_key("discount_id", request.discount_id) if request.discount_id else None,
        refused_reductions(request),
        refused_quote(request.quote),
        *faults_of_answers(request.answers),
        *faults_of_exchange(request),
        refused_idempotency_key(request.idempotency_key),
    )
    assert channel is not None, "refused otherwise"
    return OrderRequest(
        house_id=request.house_id,
        holder_id=request.holder_id,
        parts=parts_of(request),
        buyer=buyer,
        channel=channel,
        promotion_code=code,
        discount_id=request.discount_id,
        package_id=request.package_id,
        quote=request.quote,
        answers=answers_of(request.answers),
        exchange=exchange_request(request),
    )


def _buyer(request: wire.CreateOrderRequest) -> Buyer:
    """The session goes before the customer's id, and that before name and address."""
    ticks = tuple(dict.fromkeys(Tick(one.consent_id, one.text_version) for one in request.ticks))
    buyer = Buyer(language=request.language, ticks=ticks)
    if request.customer_session:
        return replace(buyer, session=request.customer_session)
    if request.customer_id:
        return replace(buyer, customer_id=request.customer_id)
    return replace(buyer, name=request.customer.name.strip(), email=request.customer.email.strip())


def _refused_buyer(request: wire.CreateOrderRequest, buyer: Buyer) -> Iterator[FieldInvalid | None]:
    if buyer.session:
        long = len(buyer.session) > MAX_SESSION_CHARS
        yield FieldInvalid("customer_session", "is too long", "as the link told it") if long else None
    elif buyer.customer_id:
        yield refused_key("customer_id", buyer.customer_id)
    elif not request.HasField("customer") and not request.HasField("exchange"):
        yield FieldInvalid("customer", UNSET, "or customer_id, or customer_session")
    if request.HasField("customer"):
        yield refused_text("customer.name", request.customer.name.strip(), at_most=MAX_NAME_CHARS)
        yield refused_email("customer.email", request.customer.email.strip())
    yield refused_spoken("language", buyer.language) if buyer.language else None
    if len(request.ticks) > MAX_TICKS:
        yield FieldInvalid("ticks", f"has {len(request.ticks):,}", f"at most {MAX_TICKS}")
        return
    for place, one in enumerate(request.ticks):
        yield refused_key(f"ticks[{place}].consent_id", one.consent_id)
        unset = FieldInvalid(f"ticks[{place}].text_version", UNSET, "1 or more")
        yield None if one.text_version else unset


def check_out_wish(request: wire.CheckOutRequest) -> tuple[OrderRef, CheckOutWish]:
    """The order, and what the buyer wants of it. Whether a place to return to is needed, what is left to pay says."""
    total = request.expected_total
    accept(
        *_refused_ref(request),
        refused_currency("expected_total.currency", total.currency),
        _unless(total.amount_minor >= 0, "expected_total.amount_minor", "is negative", "0 or more minor units"),
        refused_url("return_url", request.return_url) if request.return_url else None,
        _refused_codes(request),
        *_refused_choice(request.payment),
        refused_idempotency_key(request.idempotency_key),
    )
    choice = PaymentChoice(request.payment.provider_account_id, request.payment.method)
    money = Money(total.amount_minor, total.currency)
    wish = CheckOutWish(money, request.return_url, tuple(request.voucher_codes), choice)
    return OrderRef(request.house_id, request.order_id), wish


def _refused_codes(request: wire.CheckOutRequest) -> FieldInvalid | None:
    """A code is money: it is never repeated in what is said about it."""
    limit = f"at most {MAX_VOUCHER_CODES}, each of 1 to {MAX_VOUCHER_CODE_CHARS} characters"
    if len(request.voucher_codes) > MAX_VOUCHER_CODES:
        return FieldInvalid("voucher_codes", f"has {len(request.voucher_codes)}", limit)
    if any(not 0 < len(code) <= MAX_VOUCHER_CODE_CHARS for code in request.voucher_codes):
        return FieldInvalid("voucher_codes", "has one that is empty or too long", limit)
    return None


def _refused_choice(choice: wire.PaymentChoice) -> Iterator[FieldInvalid | None]:
    if choice.provider_account_id:
        yield refused_key("payment.provider_account_id", choice.provider_account_id)
    yield refused_method("payment.method", choice.method)


def methods_wish(request: wire.ListPaymentMethodsRequest) -> tuple[OrderRef, str]:
    """The order, and the language of names."""
    language = request.language or LANGUAGES[0]
    accept(*_refused_ref(request), refused_spoken("language", language))
    return OrderRef(request.house_id, request.order_id), language


def cancel_wish(request: wire.CancelOrderRequest) -> OrderRef:
    """The order that is given up."""
    accept(*_refused_ref(request))
    return OrderRef(request.house_id, request.order_id)


def refund_wish(request: wire.RefundOrderRequest) -> tuple[OrderRef, str]:
    """The order, and why, for the people of the house."""
    reason = request.reason.strip()
    accept(
        *_refused_ref(request),
        refused_text("reason", reason, at_least=0, at_most=MAX_REASON_CHARS),
        refused_idempotency_key(request.idempotency_key),
    )
    return OrderRef(request.house_id, request.order_id), reason


def order_wanted(request: wire.GetOrderRequest) -> tuple[OrderRef, float]:
    """The order, and how many seconds the answer may wait."""
    wait_ms = request.wait_ms
    accept(
        *_refused_ref(request), _unless(wait_ms <= MAX_WAIT_MS, "wait_ms", f"is {wait_ms}", f"at most {MAX_WAIT_MS}")
    )
    return OrderRef(request.house_id, request.order_id), wait_ms / 1000


def order_filter(request: wire.ListOrdersRequest) -> OrderFilter:
    """Which page of which orders; asks for one more than the page, to know whether another follows."""
    known = {wire.OrderState.Value(f"ORDER_STATE_{state.value}"): state for state in OrderState}
    page = asked_page(
        request.page_size,
        request.page_token,
        request.house_id,
        refused_key("house_id", request.house_id),
        refused_key("performance_id", request.performance_id) if request.performance_id else None,
        refused_key("customer_id", request.customer_id) if request.customer_id else None,
        _refused_states(request.states, known),
    )
    if isinstance(page, FieldInvalid):
        raise Refused(page)
    return OrderFilter(
        house_id=request.house_id,
        performance_id=request.performance_id,
        states=frozenset(known[state] for state in request.states),
        customer_id=request.customer_id,
        after=page.after,
        limit=page.size + 1,
    )


def _refused_states(states: Sequence[int], known: Collection[int]) -> FieldInvalid | None:
    if len(states) > len(known):
        return FieldInvalid("states", f"has {len(states)}", f"at most {len(known)}")
    return _unless(all(state in known for state in states), "states", "has an unknown state", "OrderState")


def page_token(last: Order) -> str:
    """Where the next page starts."""
    return token_after(last.house_id, last.order_id, last.created_at_ms)

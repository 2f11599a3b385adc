"""The sandbox's REST API under /v1: idempotent, one error shape. Hangs and fails where a script or card says so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.contracts.bounds import MAX_TOTAL_MINOR, MAX_URL_CHARS
from services.contracts.money import refused_currency
from services.payments.sandbox.acquirer import AUTHORISED, DISPUTE_LOST, DISPUTE_OPEN, OPEN, SUCCEEDED, Acquirer, Wanted
from services.payments.sandbox.cards import (
    CARDS,
    ERRORS_BEFORE,
    SCRIPT_HEADER,
    CreationScript,
    fingerprint_of,
    script_of,
)
from services.payments.sandbox.ledger import Ledger, PaymentRecord, Reply
from services.runtime.clock import Clock
from services.runtime.http_server import read_body

T = TypeVar("T")

BODY_LIMIT_BYTES = 64 * 1024
PAGE_LIMIT = 100
KEY_LIMIT = 255

_Text = Annotated[str, msgspec.Meta(max_length=500)]


class Creation(msgspec.Struct, frozen=True):
    """The body of POST /v1/payments."""

    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOTAL_MINOR)]
    currency: str
    return_url: Annotated[str, msgspec.Meta(pattern="^[Hh][Tt][Tt][Pp][Ss]?://[^ ]+$", max_length=MAX_URL_CHARS)]
    expires_at_ms: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    metadata: Annotated[dict[Annotated[str, msgspec.Meta(max_length=40)], _Text], msgspec.Meta(max_length=20)] = {}
    capture: Literal["automatic", "manual"] = "automatic"
    method: Literal["", "card", "bank"] = ""

    def __post_init__(self) -> None:
        if self.method == "bank" and self.capture == "manual":
            message = "a bank transfer cannot be captured later"
            raise ValueError(message)
        refusal = refused_currency("currency", self.currency)
        if refusal is not None:
            raise ValueError(refusal.message())


class _RefundWanted(msgspec.Struct, frozen=True):
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOTAL_MINOR)]


class _DisputeWanted(msgspec.Struct, frozen=True):
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=MAX_TOTAL_MINOR)]


class _DisputeClosed(msgspec.Struct, frozen=True):
    outcome: Literal["won", "lost"]


def error(status: int, code: str, message: str) -> Reply:
    """The one error shape."""
    return Reply(status, msgspec.json.encode({"error": {"code": code, "message": message}}))


BROKEN = error(500, "internal_error", "something went wrong")
NOT_FOUND = error(404, "not_found", "there is no such payment")


class RestApi:
    """Routes of the API. `pay_url` tells where a payment is paid."""

    def __init__(
        self,
        ledger: Ledger,
        acquirer: Acquirer,
        *,
        clock: Clock,
        stall_seconds: float,
        pay_url: Callable[[str], str],
        on_change: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._acquirer = acquirer
        self._clock = clock
        self._stall_seconds = stall_seconds
        self._pay_url = pay_url
        self._on_change = on_change

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/v1/payments", self.create, methods=["POST"]),
            Route("/v1/payments", self.list_payments, methods=["GET"]),
            Route("/v1/payments/{id}", self.get, methods=["GET"]),
            Route("/v1/payments/{id}/capture", self.capture, methods=["POST"]),
            Route("/v1/payments/{id}/cancel", self.cancel, methods=["POST"]),
            Route("/v1/payments/{id}/refunds", self.refund, methods=["POST"]),
            Route("/v1/payments/{id}/dispute", self.open_dispute, methods=["POST"]),
            Route("/v1/payments/{id}/dispute/close", self.close_dispute, methods=["POST"]),
            Route("/v1/events", self.list_events, methods=["GET"]),
            Route("/v1/payment_methods", self.list_methods, methods=["GET"]),
            Route("/v1/test_cards", self.list_cards, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """POST /v1/payments."""
        body = await read_body(request, BODY_LIMIT_BYTES)
        key = request.headers.get("idempotency-key", "")
        early = self._refused_post(key, body) or self._replayed(key, request.url.path, body)
        if early is not None:
            return _respond(early)
        assert body is not None
        try:
            wanted = msgspec.json.decode(body, type=Creation)
        except msgspec.MsgspecError as problem:
            return _respond(error(422, "parameter_invalid", str(problem)))  # validation is not kept: the key stays free
        if wanted.expires_at_ms <= self._clock.now_ms():
            return _respond(error(422, "already_expired", "expires_at_ms is in the past"))
        script = script_of(request.headers.get(SCRIPT_HEADER, ""), wanted.metadata, wanted.amount_minor)
        if script is CreationScript.REFUSE:
            return _respond(error(422, "amount_refused", "the script refuses this payment"))
        with self._ledger.transaction():
            if script is CreationScript.ERROR_BEFORE and self._ledger.count_try(key) <= ERRORS_BEFORE:
                return _respond(BROKEN)
            payment = self._acquirer.create(
                Wanted(
                    wanted.amount_minor,
                    wanted.currency,
                    wanted.return_url,
                    wanted.expires_at_ms,
                    wanted.metadata,
                    wanted.capture,
                )
            )
            reply = Reply(201, msgspec.json.encode(self._document(payment)))
            if script is CreationScript.ERROR_AFTER:
                reply = BROKEN
            self._ledger.keep_reply(key, _hash(request.url.path, body), reply)
        self._on_change()
        if script is CreationScript.SILENCE_AFTER:
            await self._clock.sleep(self._stall_seconds)
        return _respond(reply)

    async def get(self, request: Request) -> Response:
        """GET /v1/payments/{id}."""
        payment = await self._payment(request)
        if isinstance(payment, Reply):
            return _respond(payment)
        return _json(self._document(payment))

    async def capture(self, request: Request) -> Response:
        """POST /v1/payments/{id}/capture. 422 tells that there is nothing to take."""
        payment = await self._payment(request)
        if isinstance(payment, Reply):
            return _respond(payment)
        with self._ledger.transaction():
            is_captured = self._acquirer.capture(payment)
        self._on_change()
        if is_captured:
            return _json(self._document(payment))
        return _respond(error(422, "not_capturable", f"the payment is {payment.status}"))

    async def cancel(self, request: Request) -> Response:
        """POST /v1/payments/{id}/cancel. 409 tells that it has ended another way."""
        payment = await self._payment(request)
        if isinstance(payment, Reply):
            return _respond(payment)
        with self._ledger.transaction():
            is_cancelled = self._acquirer.cancel(payment)
        self._on_change()
        if is_cancelled:
            return _json(self._document(payment))
        return _respond(error(422, "not_cancelable", f"the payment is {payment.status}"))

    async def refund(self, request: Request) -> Response:
        """POST /v1/payments/{id}/refunds."""
        body = await read_body(request, BODY_LIMIT_BYTES)
        key = request.headers.get("idempotency-key", "")
        early = self._refused_post(key, body) or self._replayed(key, request.url.path, body)
        if early is not None:
            return _respond(early)
        assert body is not None
        payment = await self._payment(request)
        if isinstance(payment, Reply):
            return _respond(payment)
        try:
            wanted = msgspec.json.decode(body, type=_RefundWanted)
        except msgspec.MsgspecError as problem:
            return _respond(error(422, "parameter_invalid", str(problem)))
        if payment.status != SUCCEEDED:
            return _respond(error(422, "not_captured", f"the payment is {payment.status}"))
        if payment.dispute == DISPUTE_OPEN:
            return _respond(error(422, "charge_disputed", "the dispute decides where the money goes"))
        if payment.refund_asked_minor + wanted.amount_minor > _kept_minor(payment):
            return _respond(error(422, "already_refunded", "more than was captured"))
        with self._ledger.transaction():
            replayed = self._replayed(key, request.url.path, body)
            if replayed is not None:
                return _respond(replayed)
            is_broken = payment.refund_errors_left > 0
            payment.refund_errors_left -= is_broken
            status = self._acquirer.refund(payment, wanted.amount_minor)
            content = {"payment_id": payment.id, "amount_minor": wanted.amount_minor, "status": status}
            reply = BROKEN if is_broken else Reply(201, msgspec.json.encode(content))
            self._ledger.keep_reply(key, _hash(request.url.path, body), reply)
        self._on_change()
        return _respond(reply)

    async def open_dispute(self, request: Request) -> Response:
        """POST /v1/payments/{id}/dispute: what the buyer's bank does; a real provider has no such call for shops."""
        wanted = _read(await read_body(request, BODY_LIMIT_BYTES), _DisputeWanted)
        payment = await self._payment(request)
        if isinstance(wanted, Reply):
            return _respond(wanted)
        if isinstance(payment, Reply):
            return _respond(payment)
        if payment.status != SUCCEEDED or payment.dispute:
            return _respond(error(422, "not_disputable", f"the payment is {payment.dispute or payment.status}"))
        if wanted.amount_minor > payment.amount_minor - payment.refund_asked_minor:
            return _respond(error(422, "parameter_invalid", "more than is left of the payment"))
        with self._ledger.transaction():
            self._acquirer.open_dispute(payment, wanted.amount_minor)
        self._on_change()
        return _json(self._document(payment))

    async def close_dispute(self, request: Request) -> Response:
        """POST /v1/payments/{id}/dispute/close: the bank's word on an open dispute."""
        closed = _read(await read_body(request, BODY_LIMIT_BYTES), _DisputeClosed)
        payment = await self._payment(request)
        if isinstance(closed, Reply):
            return _respond(closed)
        if isinstance(payment, Reply):
            return _respond(payment)
        if payment.dispute != DISPUTE_OPEN:
            return _respond(error(422, "not_disputed", "there is no open dispute"))
        with self._ledger.transaction():
            self._acquirer.close_dispute(payment, closed.outcome)
        self._on_change()
        return _json(self._document(payment))

    async def list_payments(self, request: Request) -> Response:
        """GET /v1/payments?reference=&status=&after=&limit=: for reconciliation."""
        query = request.query_params
        found = self._ledger.payments(
            reference=query.get("reference", ""),
            status=query.get("status", ""),
            after=query.get("after", ""),
            limit=_limit(query.get("limit", "")),
        )
        return _json({"payments": [self._document(payment) for payment in found]})

    async def list_events(self, request: Request) -> Response:
        """GET /v1/events?after=&limit=: what was missed, oldest first. `after` is the last `next_after`."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal() or len(after) > 18:
            return _respond(error(422, "parameter_invalid", "after must be a next_after of this list"))
        limit = _limit(request.query_params.get("limit", ""))
        found = self._ledger.events_after(int(after), limit)
        events = [msgspec.Raw(body) for _, body in found]
        next_after = str(found[-1][0]) if found else after
        return _json({"events": events, "next_after": next_after, "more": len(found) == limit})

    async def list_methods(self, _request: Request) -> Response:
        """GET /v1/payment_methods. Either is paid on the same page; a bank transfer is never authorised first."""
        offered = [{"id": one, "least_minor": 1, "most_minor": MAX_TOTAL_MINOR} for one in ("card", "bank")]
        return _json({"payment_methods": offered})

    async def list_cards(self, _request: Request) -> Response:
        """GET /v1/test_cards: the table of cards.py."""
        cards = [{"number": card.number, "behaviour": card.behaviour.value, "story": card.story} for card in CARDS]
        return _json({"test_cards": cards})

    async def _payment(self, request: Request) -> PaymentRecord | Reply:
        """The payment of the address, after the silence and the errors that its card brings."""
        payment_id = request.path_params["id"]
        payment = self._ledger.payment(payment_id)
        if payment is None:
            return NOT_FOUND
        silence_ms = payment.stalled_until_ms - self._clock.now_ms()
        if silence_ms > 0:
            await self._clock.sleep(silence_ms / 1000)
        with self._ledger.transaction():
            self._acquirer.run_due()
            payment = self._ledger.payment(payment_id)
            assert payment is not None, "payments are never deleted"
            if payment.errors_left > 0:
                payment.errors_left -= 1
                self._ledger.put(payment)
                return BROKEN
        return payment

    @staticmethod
    def _refused_post(key: str, body: bytes | None) -> Reply | None:
        if body is None:
            return error(413, "body_too_large", f"at most {BODY_LIMIT_BYTES} bytes")
        if not 0 < len(key) <= KEY_LIMIT:
            return error(400, "idempotency_key_missing", f"header Idempotency-Key must be 1 to {KEY_LIMIT} characters")
        return None

    def _replayed(self, key: str, path: str, body: bytes | None) -> Reply | None:
        kept = self._ledger.reply(key)
        if kept is None:
            return None
        request_hash, reply = kept
        if request_hash != _hash(path, body or b""):
            return error(422, "idempotency_key_reused", "this key was used with other parameters")
        return reply

    def _document(self, payment: PaymentRecord) -> dict[str, Any]:
        return {
            "id": payment.id,
            "status": payment.status,
            "reason": payment.reason,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "refunded_minor": payment.refunded_minor,
            "dispute": payment.dispute,
            "disputed_minor": payment.disputed_minor,
            "fingerprint": fingerprint_of(payment.behaviour),
            "pay_url": self._pay_url(payment.id),
            "return_url": payment.return_url,
            "created_at_ms": payment.created_at_ms,
            "expires_at_ms": payment.expires_at_ms,
            "is_cancelable": payment.status in {OPEN, AUTHORISED},
            "metadata": msgspec.json.decode(payment.metadata),
        }


def _read(body: bytes | None, kind: type[T]) -> T | Reply:
    try:
        return msgspec.json.decode(body or b"", type=kind)
    except msgspec.MsgspecError as problem:
        return error(422, "parameter_invalid", str(problem))


def _kept_minor(payment: PaymentRecord) -> int:
    """What the house has been paid and not lost to a bank."""
    return payment.amount_minor - (payment.disputed_minor if payment.dispute == DISPUTE_LOST else 0)


def _hash(path: str, body: bytes) -> str:
    return hashlib.sha256(path.encode() + b"\0" + body).hexdigest()


def _limit(text: str) -> int:
    return min(PAGE_LIMIT, max(1, int(text))) if text.isdecimal() and len(text) < 9 else PAGE_LIMIT


def _respond(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type="application/json")


def _json(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")

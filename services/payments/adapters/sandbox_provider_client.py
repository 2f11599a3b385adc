"""Talks to the sandbox provider over HTTP. Each call ends in time as Done, Declined or Uncertain; none raises."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from services.payments.adapters.instruments import instrument_of
from services.payments.adapters.provider_calls import MAX_CONNECTIONS, NOT_NOW, asked
from services.payments.adapters.signatures import TOLERANCE_SECONDS, SecretsAt, signature_flaw
from services.payments.domain.payment import DisputeState, Payment
from services.payments.domain.payment_methods import PaymentMethod, name_of
from services.payments.domain.refunds import RefundReport
from services.payments.ports import (
    Declined,
    Done,
    Outcome,
    ProviderIdentity,
    ProviderPayment,
    ProviderStatus,
    Uncertain,
    WebhookEvent,
    WebhookEventPage,
    WebhookFlaw,
)
from services.runtime.clock import Clock
from services.runtime.kept_lines import KeptLines, place_of
from services.runtime.plain_http import Answer, question

T = TypeVar("T")

SIGNATURE_HEADER = "balcon-signature"
PAGE_SIZE = 100
_DONE, _REFUSED = range(200, 300), range(400, 500)

# A reference becomes part of an address and of rows.
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")

_STATUSES = {
    "open": ProviderStatus.OPEN,
    "authorised": ProviderStatus.AUTHORISED,
    "succeeded": ProviderStatus.SUCCEEDED,
    "failed": ProviderStatus.FAILED,
    "expired": ProviderStatus.FAILED,
    "cancelled": ProviderStatus.CANCELLED,
}
_AUTHORISED_FIRST = frozenset({"card"})
_DISPUTES = {
    "": DisputeState.NONE,
    "open": DisputeState.OPEN,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}
_REFUNDS = {
    "succeeded": RefundReport.SUCCEEDED,
    "pending": RefundReport.ACCEPTED,
    "failed": RefundReport.FAILED,
}


class _PaymentDocument(msgspec.Struct, frozen=True):
    id: str
    status: str
    amount_minor: int
    currency: str
    refunded_minor: int
    pay_url: str
    metadata: dict[str, str]
    reason: str = ""
    dispute: str = ""
    disputed_minor: int = 0
    fingerprint: str = ""


class _Payments(msgspec.Struct, frozen=True):
    payments: list[_PaymentDocument]


class _Method(msgspec.Struct, frozen=True):
    id: str
    least_minor: int
    most_minor: int


class _Methods(msgspec.Struct, frozen=True):
    payment_methods: list[_Method]


class _Refund(msgspec.Struct, frozen=True):
    status: str


class _EventData(msgspec.Struct, frozen=True):
    payment_id: str
    payment: _PaymentDocument | None = None


class _Event(msgspec.Struct, frozen=True):
    id: str
    data: _EventData
    created_at_ms: int = 0


class _Events(msgspec.Struct, frozen=True):
    events: list[_Event]
    next_after: str
    more: bool


class _ErrorBody(msgspec.Struct, frozen=True):
    code: str


class _Error(msgspec.Struct, frozen=True):
    error: _ErrorBody


class SandboxProviderClient:
    """See PaymentProvider. Close it with `close()`."""

    name = "sandbox"

    def __init__(
        self,
        base_url: str,
        *,
        secrets: SecretsAt,
        timeout_seconds: float,
        clock: Clock,
        account: str = "sandbox",
        house_id: str = "",
        manual_capture: bool = False,
    ) -> None:
        self.account = account
        self.house_id = house_id
        # Said only where it is wanted: a creation that a process of the release before began is the same request.
        self._how: dict[str, str] = {"capture": "manual"} if manual_capture else {}
        self._secrets = secrets
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        url = httpx.URL(base_url)
        self._place = place_of(url)
        self._path = url.raw_path.rstrip(b"/")
        self._headers = [(b"host", url.netloc), (b"accept", b"application/json")]
        self._lines = KeptLines(most=MAX_CONNECTIONS)

    async def close(self) -> None:
        """Lets the connections go."""
        await self._lines.close()

    async def check(self) -> Outcome[ProviderIdentity]:
        """See PaymentProvider.check. It knows no keys: whoever finds it is let in."""
        return await self._call("check", "GET", "/v1/events", _identity_in, query={"after": "0", "limit": "1"})

    async def create(self, payment: Payment) -> Outcome[ProviderPayment]:
        wanted = {
            "amount_minor": payment.provider_minor,
            "currency": payment.currency,
            "return_url": payment.return_url,
            "expires_at_ms": payment.expires_at_ms,
            "metadata": {"house_id": payment.house_id, "payment_id": payment.payment_id},
        } | self._how_of(payment)
        return await self._call(
            "create", "POST", "/v1/payments", _payment_in, body=wanted, idempotency_key=payment.provider_key
        )

    def _how_of(self, payment: Payment) -> dict[str, str]:
        """Said only where it was chosen; what comes from a bank is never authorised first."""
        if not payment.method:
            return self._how
        return {"method": payment.method} | (self._how if payment.method in _AUTHORISED_FIRST else {})

    async def methods(self, currency: str, amount_minor: int, language: str) -> Outcome[Sequence[PaymentMethod]]:
        """See PaymentProvider.methods. Every currency is taken."""
        del currency, amount_minor

        def read(content: bytes) -> Sequence[PaymentMethod]:
            told = msgspec.json.decode(content, type=_Methods).payment_methods
            return [PaymentMethod(one.id, name_of(one.id, language), one.least_minor, one.most_minor) for one in told]

        return await self._call("methods", "GET", "/v1/payment_methods", read)

    async def find(self, payment: Payment) -> Outcome[ProviderPayment | None]:
        query = {"reference": payment.payment_id}
        return await self._call("find", "GET", "/v1/payments", _first_payment_in, query=query)

    async def fetch(self, ref: str) -> Outcome[ProviderPayment]:
        return await self._call("fetch", "GET", f"/v1/payments/{quote(ref, safe='')}", _payment_in)

    async def cancel(self, ref: str) -> Outcome[ProviderPayment]:
        """See PaymentProvider.cancel. The key is the act itself: a payment is cancelled once."""
        path = f"/v1/payments/{quote(ref, safe='')}/cancel"
        return await self._call("cancel", "POST", path, _payment_in, body={}, idempotency_key=f"cancel:{ref}")

    async def capture(self, payment: Payment) -> Outcome[ProviderPayment]:
        path = f"/v1/payments/{quote(payment.provider_ref or '', safe='')}/capture"
        return await self._call(
            "capture", "POST", path, _payment_in, body={}, idempotency_key=payment.provider_capture_key
        )

    async def refund(self, payment: Payment, amount_minor: int, key: str) -> Outcome[RefundReport]:
        path = f"/v1/payments/{quote(payment.provider_ref or '', safe='')}/refunds"
        body = {"amount_minor": amount_minor}
        return await self._call("refund", "POST", path, _refund_in, body=body, idempotency_key=key)

    async def events_after(self, cursor: str) -> Outcome[WebhookEventPage]:
        query = {"after": cursor or "0", "limit": str(PAGE_SIZE)}
        return await self._call("list", "GET", "/v1/events", _page_in, query=query)

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now_ms: int, channel: str = ""
    ) -> WebhookEvent | WebhookFlaw:
        flaw = signature_flaw(headers.get(SIGNATURE_HEADER, ""), body, self._secrets(now_ms), now_ms)
        if flaw is not None:
            return flaw
        try:
            event = msgspec.json.decode(body, type=_Event)
            told = WebhookEvent(event.id, event.data.payment_id, snapshot=_snapshot_in(event, now_ms))
        except (msgspec.MsgspecError, KeyError):
            return WebhookFlaw.MALFORMED_BODY
        return told if _is_sane(told) else WebhookFlaw.MALFORMED_BODY

    async def _call(
        self,
        operation: str,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        idempotency_key: str = "",
    ) -> Outcome[T]:
        target = self._path + (f"{path}?{urlencode(query)}" if query else path).encode()
        headers, content = self._headers, b""
        if body is not None:
            content = msgspec.json.encode(body)
            headers = [
                *headers,
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(content)),
                (b"idempotency-key", idempotency_key.encode("ascii")),
            ]
        answered = self._answered(method.encode(), target, headers, content, read)
        return await asked(operation, answered, clock=self._clock, timeout_seconds=self._timeout_seconds)

    async def _answered(
        self,
        method: bytes,
        target: bytes,
        headers: list[tuple[bytes, bytes]],
        content: bytes,
        read: Callable[[bytes], T],
    ) -> Outcome[T]:
        sent = question(method, target, headers, content)
        return _outcome_of(await self._lines.ask(self._place, method, sent), read)


def _outcome_of(answer: Answer, read: Callable[[bytes], T]) -> Outcome[T]:
    if answer.status in _DONE:
        try:
            return Done(read(answer.content))
        except (msgspec.MsgspecError, KeyError):
            return Uncertain("unreadable_answer")
    if answer.status not in _REFUSED or answer.status in NOT_NOW:
        return Uncertain(f"status_{answer.status}")
    try:
        return Declined(msgspec.json.decode(answer.content, type=_Error).error.code)
    except msgspec.MsgspecError:
        # A refusal that is not the provider's own may be a proxy's in between.
        return Uncertain(f"status_{answer.status}")


def _snapshot_in(event: _Event, now_ms: int) -> ProviderPayment | None:
    """The payment as it stood when this happened, unless that is too long ago; KeyError for a status of no sense."""
    document = event.data.payment
    is_fresh = abs(now_ms - event.created_at_ms) <= TOLERANCE_SECONDS * 1000
    return _payment_of(document) if document is not None and document.id == event.data.payment_id and is_fresh else None


def _is_sane(event: WebhookEvent) -> bool:
    return all(_ID.fullmatch(text) for text in (event.event_id, event.payment_ref))


def _payment_in(content: bytes) -> ProviderPayment:
    return _payment_of(msgspec.json.decode(content, type=_PaymentDocument))


def _first_payment_in(content: bytes) -> ProviderPayment | None:
    found = msgspec.json.decode(content, type=_Payments).payments
    return _payment_of(found[0]) if found else None


def _payment_of(document: _PaymentDocument) -> ProviderPayment:
    return ProviderPayment(
        ref=document.id,
        house_id=document.metadata.get("house_id", ""),
        payment_id=document.metadata.get("payment_id", ""),
        status=_STATUSES[document.status],
        amount_minor=document.amount_minor,
        currency=document.currency,
        refunded_minor=document.refunded_minor,
        pay_url=document.pay_url,
        reason=document.reason,
        dispute=_DISPUTES[document.dispute],
        disputed_minor=document.disputed_minor,
        # Of play money: the key keeps nothing secret.
        instrument=instrument_of(b"sandbox", document.metadata.get("house_id", ""), document.fingerprint),
    )


def _refund_in(content: bytes) -> RefundReport:
    return _REFUNDS[msgspec.json.decode(content, type=_Refund).status]


def _identity_in(content: bytes) -> ProviderIdentity:
    msgspec.json.decode(content, type=_Events)
    return ProviderIdentity("sandbox", "Sandbox", is_test=True)


def _page_in(content: bytes) -> WebhookEventPage:
    page = msgspec.json.decode(content, type=_Events)
    events = [WebhookEvent(event.id, event.data.payment_id) for event in page.events]
    return WebhookEventPage(events, page.next_after, page.more)

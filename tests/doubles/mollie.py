"""Mollie as Balcon meets it: payments, captures, refunds, chargebacks, and both kinds of webhooks.

Strict: what Mollie would refuse is refused here, unknown fields too. Its webhooks go out over HTTP.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import httpx
from starlette.responses import Response

from services.runtime.clock import Clock, SystemClock
from tests.doubles.company import Asked, Company
from tests.doubles.mollie_documents import (
    HAL,
    amount,
    hal,
    instant,
    json_of,
    links,
    listed,
    profile_document,
    refused,
    signed,
    signed_body,
)
from tests.doubles.mollie_methods import offered
from tests.doubles.mollie_spec import refused_capture, refused_payment, refused_refund

TEST_KEY = "test_" + "d" * 30
LIVE_KEY = "live_" + "d" * 30
PROFILE = "pfl_QkEhN94Ba"
WEBHOOK_SECRET = "nextgen-secret"

_ENDED = frozenset({"paid", "canceled", "expired", "failed"})


@dataclass(frozen=True)
class Profile:
    """Whose money it is."""

    id: str = PROFILE
    name: str = "Theatre"


@dataclass
class TheirRefund:
    """A refund there. Its money is on its way from `refunded` on."""

    id: str
    value: Decimal
    status: str
    description: str
    metadata: Any
    created_at: str


@dataclass
class TheirPayment:
    """A payment there."""

    id: str
    number: int
    profile: Profile
    mode: str
    body: Mapping[str, Any]
    created_ms: int
    status: str = "open"
    is_cancelable: bool = True
    refunds: list[TheirRefund] = field(default_factory=list)
    charged_back: Decimal = Decimal(0)
    captured: Decimal = Decimal(0)
    reason: str = ""
    card: str = ""

    @property
    def value(self) -> Decimal:
        """What it is about."""
        return Decimal(self.body["amount"]["value"])

    @property
    def refunded(self) -> Decimal:
        """Asked for, whether the money has moved yet or not."""
        return sum((one.value for one in self.refunds if one.status not in {"failed", "canceled"}), Decimal(0))


class Mollie(Company):
    """Between `async with` and its end. `refund_status`: how a refund stands once it was asked for."""

    def __init__(self, clock: Clock | None = None, keys: Mapping[str, Profile] | None = None) -> None:
        super().__init__()
        self.clock = clock or SystemClock()
        self.keys: dict[str, Profile] = dict(keys or {TEST_KEY: Profile(), LIVE_KEY: Profile()})
        self.payments: dict[str, TheirPayment] = {}
        self.replies: dict[tuple[str, str], tuple[str, int, bytes]] = {}
        self.refund_status = "refunded"
        self.sends_webhooks = True
        self.sends_twice = False
        # Misbehaviour: what is told of a payment is spoiled by this, until it is None again.
        self.twists: Callable[[dict[str, Any]], None] | None = None
        self.sent: deque[tuple[str, str, int]] = deque()
        self._numbers = count(1)
        self._couriers: set[asyncio.Task[None]] = set()
        self._http = httpx.AsyncClient(timeout=30, trust_env=False)

    async def __aexit__(self, *args: object) -> None:
        for courier in list(self._couriers):
            courier.cancel()
        await asyncio.gather(*self._couriers, return_exceptions=True)
        await self._http.aclose()
        await super().__aexit__(*args)

    def buyer_pays(self, payment_id: str, card: str = "") -> None:
        """Captured at once, or only authorised where the shop captures by itself."""
        payment = self.payments[payment_id]
        assert payment.status == "open", payment.status
        is_manual, payment.card = payment.body.get("captureMode") == "manual", card
        payment.captured = Decimal(0) if is_manual else payment.value
        self._become(payment, "authorized" if is_manual else "paid")

    def buyer_fails(self, payment_id: str, reason: str = "insufficient_funds") -> None:
        """The bank says no."""
        self.payments[payment_id].reason = reason
        self._become(self.payments[payment_id], "failed")

    def expire(self, payment_id: str) -> None:
        """The buyer did nothing."""
        self._become(self.payments[payment_id], "expired")

    def refund_by_hand(self, payment_id: str, value: str) -> None:
        """In Mollie's own console."""
        payment = self.payments[payment_id]
        self._refund(payment, {"amount": {"value": value}}, "refunded")
        self._tell(payment)

    def settle_refunds(self, payment_id: str, status: str = "refunded") -> None:
        """What was on its way has arrived, or has not."""
        for refund in self.payments[payment_id].refunds:
            if refund.status not in {"refunded", "failed", "canceled"}:
                refund.status = status
        self._tell(self.payments[payment_id])

    def charge_back(self, payment_id: str, value: str) -> None:
        """The buyer's bank took money back."""
        self.payments[payment_id].charged_back += Decimal(value)
        self._tell(self.payments[payment_id])

    def forget_keys(self) -> None:
        """An hour has gone by."""
        self.replies.clear()

    def revoke(self, key: str) -> None:
        """The key lets nobody in any more."""
        del self.keys[key]

    def _become(self, payment: TheirPayment, status: str) -> None:
        assert payment.status not in _ENDED, payment.status
        payment.status = status
        payment.is_cancelable = status == "open"
        self._tell(payment)

    def _tell(self, payment: TheirPayment) -> None:
        url = payment.body.get("webhookUrl")
        if url and self.sends_webhooks:
            for _ in range(2 if self.sends_twice else 1):
                self.send_classic(url, payment.id)

    def send_classic(self, url: str, payment_id: str) -> None:
        """The unsigned webhook: a form with an id. Anybody can send one."""
        self._start(self._post(url, f"id={payment_id}".encode(), {}, "application/x-www-form-urlencoded"))

    def send_signed(self, url: str, payment_id: str, *secrets: str, event_id: str = "event_1") -> None:
        """The webhook of the next generation: JSON with a signature for each secret."""
        body = signed_body(event_id, payment_id)
        self._start(self._post(url, body, {"X-Mollie-Signature": ",".join(signed(body, one) for one in secrets)}))

    def _start(self, sending: Any) -> None:
        courier = asyncio.ensure_future(sending)
        self._couriers.add(courier)
        courier.add_done_callback(self._couriers.discard)

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str], kind: str = "application/json") -> None:
        try:
            answer = await self._http.post(url, content=body, headers={"content-type": kind, **headers})
            self.sent.append((url, body.decode(), answer.status_code))
        except httpx.HTTPError as error:
            self.sent.append((url, repr(error), 0))

    async def all_sent(self) -> None:
        """Every webhook that went out was answered."""
        await asyncio.gather(*self._couriers)

    async def answer(self, asked: Asked) -> Response:
        """The company's own answer."""
        key = asked.headers.get("authorization", "").removeprefix("Bearer ")
        profile = self.keys.get(key)
        if profile is None:
            return refused(401, "Unauthorized Request", "Missing authentication, or failed to authenticate")
        idempotency_key = asked.headers.get("idempotency-key", "")
        if asked.method == "POST" and len(idempotency_key) > 255:
            return refused(400, "Bad Request", "the idempotency key is too long")
        if asked.method != "POST" or not idempotency_key:
            return self._route(asked, profile, key)
        return self._once(asked, profile, key, idempotency_key)

    def _once(self, asked: Asked, profile: Profile, key: str, idempotency_key: str) -> Response:
        """The answer of a key is kept for an hour; the same key with other content is nobody's repeat."""
        content = hashlib.sha256(asked.path.encode() + b"\0" + asked.body).hexdigest()
        kept = self.replies.get((key, idempotency_key))
        if kept is not None and kept[0] != content:
            return refused(422, "Unprocessable Entity", "the idempotency key was used for something else")
        if kept is not None:
            return Response(kept[2], kept[1], media_type=HAL)
        answer = self._route(asked, profile, key)
        if answer.status_code < 400:
            self.replies[key, idempotency_key] = (content, answer.status_code, bytes(answer.body))
        return answer

    def _route(self, asked: Asked, profile: Profile, key: str) -> Response:
        mode = key.partition("_")[0]
        match asked.method, asked.path.removeprefix("/v2/").split("/"):
            case "GET", ["profiles", "me"]:
                return hal(profile_document(profile.id, profile.name, mode))
            case "GET", ["methods"]:
                return offered(asked)
            case "POST", ["payments"]:
                return self._create(asked, profile, mode)
            case "GET", ["payments"]:
                return self._list(asked, profile, mode)
            case method, ["payments", payment_id, *rest]:
                payment = self.payments.get(payment_id)
                if payment is None or (payment.profile.id, payment.mode) != (profile.id, mode):
                    return refused(404, "Not Found", "No payment exists with this id")
                return self._of_payment(method, rest, payment, asked)
            case _:
                return refused(404, "Not Found", "there is nothing at this address")

    def _of_payment(  # noqa: PLR0911 (one return a call)
        self, method: str, rest: list[str], payment: TheirPayment, asked: Asked
    ) -> Response:
        match method, rest:
            case "GET", []:
                return hal(self.document(payment))
            case "DELETE", []:
                if not payment.is_cancelable:
                    return refused(422, "Unprocessable Entity", "The payment cannot be canceled")
                self._become(payment, "canceled")
                return hal(self.document(payment))
            case "POST", ["release-authorization"]:
                if payment.status != "authorized":
                    return refused(422, "Unprocessable Entity", "The payment is not authorized")
                self._become(payment, "canceled")
                return Response(b"", 202)
            case "POST", ["captures"]:
                return self._capture(payment, asked)
            case "GET", ["refunds"]:
                return listed("refunds", [_refund(payment, one) for one in reversed(payment.refunds)], "")
            case "POST", ["refunds"]:
                return self._asked_refund(payment, asked)
            case _:
                return refused(405, "Method Not Allowed", "not here")

    def _create(self, asked: Asked, profile: Profile, mode: str) -> Response:
        body = json_of(asked)
        if problem := refused_payment(body):
            return refused(422, "Unprocessable Entity", problem[1], problem[0])
        assert body is not None
        number = next(self._numbers)
        payment = TheirPayment(f"tr_{number:012d}", number, profile, mode, body, self.clock.now_ms())
        self.payments[payment.id] = payment
        return hal(self.document(payment), 201)

    def _list(self, asked: Asked, profile: Profile, mode: str) -> Response:
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        if unknown := set(query) - {"from", "limit", "sort"}:
            return refused(400, "Bad Request", f"unknown parameters {unknown}")
        limit = int(query.get("limit", "50"))
        if not 1 <= limit <= 250:
            return refused(400, "Bad Request", "limit must be 1 to 250")
        mine = [one for one in self.payments.values() if (one.profile.id, one.mode) == (profile.id, mode)]
        mine.sort(key=lambda one: one.number, reverse=query.get("sort", "desc") == "desc")
        if "from" in query:
            places = [place for place, one in enumerate(mine) if one.id == query["from"]]
            if not places:
                return refused(400, "Bad Request", "from is no payment")
            mine = mine[places[0] :]
        following = f"{self.url}/v2/payments?from={mine[limit].id}&limit={limit}" if len(mine) > limit else ""
        return listed("payments", [self.document(one) for one in mine[:limit]], following)

    def _capture(self, payment: TheirPayment, asked: Asked) -> Response:
        body = json_of(asked) if asked.body else {}
        if problem := refused_capture(body):
            return refused(422, "Unprocessable Entity", problem[1], problem[0])
        if payment.status != "authorized":
            return refused(422, "Unprocessable Entity", "The payment is not authorized")
        payment.captured = payment.value
        self._become(payment, "paid")
        there = links("captures/cpt_1")
        return hal(
            {
                "resource": "capture",
                "id": f"cpt_{payment.number}",
                "mode": payment.mode,
                "amount": dict(payment.body["amount"]),
                "status": "succeeded",
                "paymentId": payment.id,
                "createdAt": instant(self.clock.now_ms()),
                "_links": there | {"payment": there["self"]},
            },
            201,
        )

    def _asked_refund(self, payment: TheirPayment, asked: Asked) -> Response:
        body = json_of(asked)
        if problem := refused_refund(body, payment.body["amount"]["currency"]):
            return refused(422, "Unprocessable Entity", problem[1], problem[0])
        assert body is not None
        if payment.status != "paid":
            return refused(422, "Unprocessable Entity", "The payment is not paid", "paymentId")
        left = payment.value - payment.refunded - payment.charged_back
        if Decimal(body["amount"]["value"]) > left:
            return refused(422, "Unprocessable Entity", "The amount is higher than the maximum", "amount")
        refund = self._refund(payment, body, self.refund_status)
        if refund.status == "refunded":
            self._tell(payment)
        return hal(_refund(payment, refund), 201)

    def _refund(self, payment: TheirPayment, body: Mapping[str, Any], status: str) -> TheirRefund:
        refund = TheirRefund(
            f"re_{payment.number}{len(payment.refunds)}",
            Decimal(body["amount"]["value"]),
            status,
            body.get("description", ""),
            body.get("metadata"),
            instant(self.clock.now_ms()),
        )
        payment.refunds.append(refund)
        return refund

    def document(self, payment: TheirPayment) -> dict[str, Any]:
        """As the API tells it."""
        currency = payment.body["amount"]["currency"]
        told = {
            "resource": "payment",
            "id": payment.id,
            "mode": payment.mode,
            "description": payment.body["description"],
            "amount": dict(payment.body["amount"]),
            "sequenceType": "oneoff",
            "profileId": payment.profile.id,
            "status": payment.status,
            "isCancelable": payment.is_cancelable,
            "createdAt": instant(payment.created_ms),
            "redirectUrl": payment.body["redirectUrl"],
            "webhookUrl": payment.body.get("webhookUrl"),
            "metadata": payment.body.get("metadata"),
            "method": payment.body.get("method"),
            "captureMode": payment.body.get("captureMode", "automatic"),
            "_links": links(f"payments/{payment.id}"),
        }
        if payment.status in {"open", "pending"}:
            told["_links"]["checkout"] = {"href": f"{self.url}/checkout/{payment.id}", "type": "text/html"}
        if payment.status == "paid":
            told["amountRefunded"] = amount(payment.refunded, currency)
            told["amountRemaining"] = amount(payment.value - payment.refunded, currency)
            told["amountCaptured"] = amount(payment.captured, currency)
        if payment.charged_back:
            told["amountChargedBack"] = amount(payment.charged_back, currency)
        if payment.reason:
            told["details"] = {"failureReason": payment.reason}
        elif payment.card:
            told["details"] = {"cardFingerprint": payment.card, "cardNumber": "4242"}
        if self.twists is not None:
            self.twists(told)
        return told


def _refund(payment: TheirPayment, refund: TheirRefund) -> dict[str, Any]:
    there = links(f"payments/{payment.id}/refunds/{refund.id}")
    return {
        "resource": "refund",
        "id": refund.id,
        "mode": payment.mode,
        "description": refund.description,
        "amount": amount(refund.value, payment.body["amount"]["currency"]),
        "metadata": refund.metadata,
        "paymentId": payment.id,
        "status": refund.status,
        "createdAt": refund.created_at,
        "_links": there | {"payment": there["self"]},
    }

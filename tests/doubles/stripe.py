"""Stripe as Balcon meets it: sessions, what is authorised, captured, refunded and disputed, events and webhooks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal

import httpx
from starlette.responses import JSONResponse, Response, StreamingResponse

from services.runtime.clock import Clock
from tests.doubles.company import Asked, Company
from tests.doubles.stripe_forms import (
    CAPTURED_AT_ONCE,
    CONFIGURATION,
    KNOWN,
    Refused,
    check_amount,
    listed,
    needed,
    read_form,
    route_of,
    whole,
)

KEY: Final = "sk_test_ofthehouse0001"
ACCOUNT: Final = "acct_ofthehouse01"
SECRET: Final = "whsec_stripe"
VERSION: Final = "2026-10-28.endive"
_DAY_SECONDS: Final = 86_400
_KEY_SECONDS: Final = _DAY_SECONDS

Thing = dict[str, Any]


@dataclass
class Books:
    """All that one account has. Things are kept as they are told, with ids instead of what can be expanded."""

    name: str
    sessions: dict[str, Thing] = field(default_factory=dict)
    intents: dict[str, Thing] = field(default_factory=dict)
    charges: dict[str, Thing] = field(default_factory=dict)
    refunds: dict[str, Thing] = field(default_factory=dict)
    disputes: dict[str, Thing] = field(default_factory=dict)
    events: list[Thing] = field(default_factory=list)
    # Of each key: when, what was asked, status and body.
    kept: dict[str, tuple[float, str, int, bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Broken:
    """The next request to a path that has `part` in it fails with a 500, which its key keeps; `after`: it is done."""

    part: str
    after: bool


class StripeDouble(Company):
    """`clock` is its own. Webhooks go to `webhook_url` as they happen, unless `webhooks` says otherwise."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._now_ms = clock.now_ms
        self._numbers = count(1)
        self.accounts: dict[str, Books] = {ACCOUNT: Books("The House")}
        # Which accounts a key opens; the first is its own.
        self.keys: dict[str, list[str]] = {KEY: [ACCOUNT]}
        self.webhook_url = ""
        self.webhooks: Literal["sent", "held", "lost"] = "sent"
        self.held: list[Thing] = []
        self.broken: deque[Broken] = deque()
        # Answers come byte by byte, and never to an end.
        self.drips = False
        self.refund_status = "succeeded"
        self._sending: set[asyncio.Task[None]] = set()
        self._http = httpx.AsyncClient(timeout=30, trust_env=False)

    async def __aexit__(self, *_: object) -> None:
        self.drips = False
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._http.aclose()
        await super().__aexit__()

    @property
    def books(self) -> Books:
        """Those of the one house."""
        return self.accounts[ACCOUNT]

    async def answer(self, asked: Asked) -> Response:
        self.expire_due()
        if self.drips:
            return StreamingResponse(self._dripping(), 200, media_type="application/json")
        try:
            books = self._books_of(asked)
            return self._answered(asked, books)
        except Refused as refused:
            return JSONResponse({"error": refused.error}, refused.status, {"Request-Id": "req_1"})

    async def _dripping(self) -> AsyncIterator[bytes]:
        while self.drips:
            yield b" "
            await self._clock.sleep(0.01)

    def _books_of(self, asked: Asked) -> Books:
        scheme, _, key = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or key not in self.keys:
            raise Refused(401, f"Invalid API Key provided: {key[:8]}****")
        if asked.headers.get("stripe-version") != VERSION:
            raise Refused(400, "Invalid Stripe API version")
        account = asked.headers.get("stripe-account", self.keys[key][0])
        if account not in self.keys[key] or account not in self.accounts:
            raise Refused(403, f"The provided key does not have access to account '{account}'", code="account_invalid")
        return self.accounts[account]

    def _answered(self, asked: Asked, books: Books) -> Response:
        (method, path), ref = route_of(asked.method, asked.path)
        if method == "GET":
            told = read_form(asked.query, KNOWN[method, path])
            return JSONResponse(self._do(books, method, path, ref, told))
        form = "application/x-www-form-urlencoded"
        if asked.body and asked.headers.get("content-type", "").partition(";")[0] != form:
            raise Refused(400, "The body of a request must be a form")
        key, said = asked.headers.get("idempotency-key", ""), f"{asked.path}?{asked.body.decode()}"
        if len(key) > 255:
            raise Refused(400, "Idempotency keys are at most 255 characters")
        known = books.kept.get(key)
        if known is not None and self._now_ms() / 1000 < known[0] + _KEY_SECONDS:
            if known[1] != said:
                reused = Refused(400, "Keys for idempotent requests can only be used with the same parameters")
                reused.error["type"] = "idempotency_error"
                raise reused
            return _told(known[2], known[3], "true")
        told = read_form(asked.body.decode(), KNOWN[method, path])
        status, body = self._worked(asked, books, (method, path), ref, told)
        if key:
            books.kept[key] = (self._now_ms() / 1000, said, status, body)
        return _told(status, body)

    def _worked(self, asked: Asked, books: Books, route: tuple[str, str], ref: str, told: Thing) -> tuple[int, bytes]:
        broken = self.broken.popleft() if self.broken and self.broken[0].part in asked.path else None
        if broken is not None and not broken.after:
            return 500, b'{"error": {"type": "api_error", "message": "An unknown error occurred"}}'
        try:
            done = self._do(books, *route, ref, told)
        except Refused as refused:
            if not refused.is_kept:
                raise
            return refused.status, json.dumps({"error": refused.error}).encode()
        if broken is not None:
            return 500, b'{"error": {"type": "api_error", "message": "An unknown error occurred"}}'
        return 200, json.dumps(done).encode()

    def _do(  # noqa: PLR0911 (one return a route)
        self, books: Books, method: str, path: str, ref: str, told: Thing
    ) -> Thing:
        expand = listed(told, "expand")
        match method, path:
            case "GET", "/v1/account":
                own = next(name for name, known in self.accounts.items() if known is books)
                return {"id": own, "object": "account", "settings": {"dashboard": {"display_name": books.name}}}
            case "GET", "/v1/payment_method_configurations":
                return _page([dict(CONFIGURATION)], told)
            case "POST", "/v1/checkout/sessions":
                return self._shown(books, self._open(books, told), expand)
            case "GET", "/v1/checkout/sessions/{}":
                return self._shown(books, _found(books.sessions, ref, "checkout.session"), expand)
            case "GET", "/v1/checkout/sessions":
                return self._sessions(books, told, expand)
            case "POST", "/v1/checkout/sessions/{}/expire":
                return self._shown(books, self._expire(books, _found(books.sessions, ref, "checkout.session")), expand)
            case "POST", "/v1/payment_intents/{}/capture":
                return _intent_shown(books, self._capture(books, _found(books.intents, ref, "payment_intent")), expand)
            case "POST", "/v1/payment_intents/{}/cancel":
                return _intent_shown(books, self._cancel(books, _found(books.intents, ref, "payment_intent")), expand)
            case "POST", "/v1/refunds":
                return self._refund(books, told)
            case "GET", "/v1/refunds":
                mine = [one for one in books.refunds.values() if one["payment_intent"] == told["payment_intent"]]
                return _page(mine[::-1], told)
            case "GET", "/v1/disputes":
                return _page([one for one in books.disputes.values() if one["charge"] == told["charge"]][::-1], told)
            case _:
                types = set(listed(told, "types"))
                return _page([one for one in books.events if not types or one["type"] in types][::-1], told)

    def _open(self, books: Books, told: Thing) -> Thing:
        if needed(told, "mode") != "payment":
            raise Refused(400, "Only payments are tried here", param="mode")
        amount = whole(needed(told, "line_items", "0", "price_data", "unit_amount"), "line_items[0]")
        amount *= whole(needed(told, "line_items", "0", "quantity"), "line_items[0][quantity]")
        currency = needed(told, "line_items", "0", "price_data", "currency")
        needed(told, "line_items", "0", "price_data", "product_data", "name")
        check_amount(amount, currency)
        ends, now = whole(needed(told, "expires_at"), "expires_at"), self._now_ms() / 1000
        if not 30 * 60 <= ends - now <= _DAY_SECONDS:
            raise Refused(400, "The `expires_at` timestamp must be 30 minutes to 24 hours ahead", param="expires_at")
        for name in ("success_url", "cancel_url"):
            if not needed(told, name).startswith(("http://", "https://")):
                raise Refused(400, "Not a valid URL", code="url_invalid", param=name)
        intent_data, types = told.get("payment_intent_data", {}), listed(told, "payment_method_types")
        if CAPTURED_AT_ONCE & set(types) and intent_data.get("capture_method") == "manual":
            raise Refused(400, f"{types} cannot be captured manually", param="payment_intent_data[capture_method]")
        if any(not CONFIGURATION.get(one, {}).get("available") for one in types):
            raise Refused(400, f"{types} are not activated for your account", param="payment_method_types")
        number = next(self._numbers)
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "created": int(now),
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": amount,
            "currency": currency,
            "metadata": told.get("metadata", {}),
            "client_reference_id": told.get("client_reference_id"),
            "expires_at": ends,
            "url": f"{self.url}/c/pay/cs_test_{number}",
            "payment_intent": None,
            "_intent_data": intent_data,
        }
        books.sessions[session["id"]] = session
        return session

    def _sessions(self, books: Books, told: Thing, expand: Sequence[str]) -> Thing:
        since = int(told.get("created", {}).get("gte", "0"))
        intent = told.get("payment_intent")
        mine = [
            one
            for one in books.sessions.values()
            if one["created"] >= since and (intent is None or one["payment_intent"] == intent)
        ]
        page = _page(mine[::-1], told)
        inner = [one.removeprefix("data.") for one in expand]
        return page | {"data": [self._shown(books, one, inner) for one in page["data"]]}

    def _expire(self, books: Books, session: Thing) -> Thing:
        if session["status"] != "open":
            status = session["status"]
            raise Refused(
                400, f'Only Checkout Sessions with a status in ["open"] can be expired. This one has `{status}`.'
            )
        session |= {"status": "expired", "url": None}
        self.tell(books, "checkout.session.expired", session)
        return session

    def _capture(self, books: Books, intent: Thing) -> Thing:
        if intent["status"] != "requires_capture":
            raise _unexpected(intent, "captured")
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "amount_capturable": 0}
        books.charges[intent["latest_charge"]] |= {"captured": True}
        self.tell(books, "payment_intent.succeeded", intent)
        return intent

    def _cancel(self, books: Books, intent: Thing) -> Thing:
        if intent["status"] != "requires_capture":
            raise _unexpected(intent, "canceled")
        intent |= {"status": "canceled", "amount_capturable": 0}
        self.tell(books, "payment_intent.canceled", intent)
        return intent

    def _refund(self, books: Books, told: Thing) -> Thing:
        intent = _found(books.intents, needed(told, "payment_intent"), "payment_intent")
        charge = books.charges.get(intent["latest_charge"] or "")
        if charge is None or not charge["captured"]:
            raise Refused(400, "This PaymentIntent does not have a successful charge to refund.", is_kept=True)
        left = charge["amount"] - charge["amount_refunded"]
        amount = whole(told.get("amount", str(left)), "amount")
        check_amount(amount, charge["currency"])
        if any(one["charge"] == charge["id"] and one["status"] == "needs_response" for one in books.disputes.values()):
            raise Refused(400, "Charge has been charged back.", code="charge_disputed", is_kept=True)
        if amount > left:
            code = "charge_already_refunded" if not left else "amount_too_large"
            raise Refused(
                400, "Refund amount is greater than unrefunded amount", code=code, param="amount", is_kept=True
            )
        refund = {
            "id": f"re_{next(self._numbers)}",
            "object": "refund",
            "amount": amount,
            "currency": charge["currency"],
            "charge": charge["id"],
            "payment_intent": intent["id"],
            "status": self.refund_status,
            "metadata": told.get("metadata", {}),
        }
        books.refunds[refund["id"]] = refund
        charge["amount_refunded"] += amount
        self.tell(books, "refund.created", refund)
        self.tell(books, "charge.refunded", charge)
        return refund

    def _shown(self, books: Books, session: Thing, expand: Sequence[str]) -> Thing:
        shown = {name: value for name, value in session.items() if not name.startswith("_")}
        intent = books.intents.get(session["payment_intent"] or "")
        if intent is not None and any(one.startswith("payment_intent") for one in expand):
            inner = [one.removeprefix("payment_intent").removeprefix(".") for one in expand]
            shown["payment_intent"] = _intent_shown(books, intent, inner)
        return shown

    def expire_due(self) -> None:
        """What ends by itself, ends."""
        for books in self.accounts.values():
            for session in books.sessions.values():
                if session["status"] == "open" and session["expires_at"] * 1000 <= self._now_ms():
                    self._expire(books, session)

    def tell(self, books: Books, kind: str, thing: Thing) -> None:
        """An event, listed from now on, and a webhook."""
        event = {
            "id": f"evt_{next(self._numbers)}",
            "object": "event",
            "type": kind,
            "created": self._now_ms() // 1000,
            "livemode": False,
            "data": {"object": {name: value for name, value in thing.items() if not name.startswith("_")}},
        }
        books.events.append(event)
        if self.webhooks == "held":
            self.held.append(event)
        elif self.webhooks == "sent" and self.webhook_url:
            task = asyncio.get_running_loop().create_task(self._sent(event))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _sent(self, event: Thing) -> None:
        await self.send(event)

    async def send(self, event: Thing, *, secrets: Sequence[str] = (SECRET,), seconds_old: float = 0) -> httpx.Response:
        """One delivery: signed with these secrets, as old as that."""
        body = json.dumps(event).encode()
        return await self.deliver(body, signature(body, self._now_ms() / 1000 - seconds_old, secrets))

    async def deliver(self, body: bytes, header: str) -> httpx.Response:
        """Any bytes with any signature."""
        headers = {"Stripe-Signature": header, "Content-Type": "application/json"}
        return await self._http.post(self.webhook_url, content=body, headers=headers)


def signature(body: bytes, at: float, secrets: Sequence[str]) -> str:
    """`t=…,v1=…`, with one v1 a secret: a roll has two."""
    signed = f"{int(at)}.".encode() + body
    digests = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={int(at)}", *(f"v1={digest}" for digest in digests)])


def _unexpected(intent: Thing, what: str) -> Refused:
    message = f"This PaymentIntent could not be {what} because it has a status of {intent['status']}."
    return Refused(400, message, code="payment_intent_unexpected_state", is_kept=True)


def _found(things: Mapping[str, Thing], ref: str, kind: str) -> Thing:
    if ref not in things:
        raise Refused(404, f"No such {kind}: '{ref}'", code="resource_missing", param=kind)
    return things[ref]


def _intent_shown(books: Books, intent: Thing, expand: Sequence[str]) -> Thing:
    shown = dict(intent)
    charge = books.charges.get(intent["latest_charge"] or "")
    if charge is not None and any(one.startswith("latest_charge") for one in expand):
        shown["latest_charge"] = dict(charge)
        if "latest_charge.refunds" in expand:
            mine = [one for one in books.refunds.values() if one["charge"] == charge["id"]]
            shown["latest_charge"]["refunds"] = _page(mine[::-1], {})
    return shown


def _page(things: Sequence[Thing], told: Thing) -> Thing:
    """`things` are the newest first. What comes before a cursor is what is nearest to it."""
    limit = whole(told.get("limit", "10"), "limit")
    ids = [one["id"] for one in things]
    for name in ("starting_after", "ending_before"):
        if name in told and told[name] not in ids:
            raise Refused(404, f"No such object: '{told[name]}'", code="resource_missing", param=name)
    if "ending_before" in told:
        newer = things[: ids.index(told["ending_before"])]
        return {"object": "list", "data": list(newer[-limit:]), "has_more": len(newer) > limit}
    older = things[ids.index(told["starting_after"]) + 1 :] if "starting_after" in told else things
    return {"object": "list", "data": list(older[:limit]), "has_more": len(older) > limit}


def _told(status: int, body: bytes, replayed: str = "") -> Response:
    headers = {"Request-Id": "req_1"} | ({"Idempotent-Replayed": replayed} if replayed else {})
    return Response(body, status, headers, media_type="application/json")

"""Stripe: Checkout Sessions on its own page, authorised there and captured by us. Speaks through Stripe's library."""

# Looked up: a session ends 30 minutes to 24 hours after its creation, or when it is expired by a call; only an open one
# can be; the PaymentIntent of a session can be cancelled only once it is authorised. A key's first answer is kept for
# 24 hours, 500s included. A retry under a new key may leave a second session: nobody was shown its address, so nobody
# can pay it, and it ends by itself. Not looked up, but from general knowledge: the header that marks a kept answer;
# without it the same key is asked until Stripe has forgotten it.

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from services.payments.adapters import stripe_documents as documents
from services.payments.adapters.signatures import signature_flaw
from services.payments.adapters.stripe_calls import KEPT_ERROR, PAGE_SIZE, StripeCalls, StripeKeys, is_session
from services.payments.adapters.stripe_money import to_stripe
from services.payments.domain.payment import Payment
from services.payments.domain.payment_methods import PaymentMethod, name_of
from services.payments.domain.refunds import RefundReport
from services.payments.ports import (
    NOT_FOUND,
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

SIGNATURE_HEADER: Final = "stripe-signature"
# So many sessions are looked through for one that may have been made; see the head of this module for a missed one.
MOST_PAGES: Final = 5
# Kept errors of so many keys are stepped over in one visit.
MOST_KEYS: Final = 5

_MINUTE_MS: Final = 60_000
# Of the bounds of 30 minutes and 24 hours, with room for a retry of the same request and for clocks.
_SHORTEST_MS: Final = 60 * _MINUTE_MS
_LONGEST_MS: Final = 23 * 60 * _MINUTE_MS

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


class StripeProviderClient:
    """See PaymentProvider. Close it with `close()`."""

    name = "stripe"

    def __init__(
        self,
        base_url: str,
        keys: StripeKeys,
        *,
        timeout_seconds: float,
        clock: Clock,
        account: str = "stripe",
        house_id: str = "",
        manual_capture: bool = True,
    ) -> None:
        self.account = account
        self.house_id = house_id
        self._keys = keys
        self._clock = clock
        self._capture_method = "manual" if manual_capture else "automatic"
        self._calls = StripeCalls(base_url, keys, timeout_seconds=timeout_seconds, clock=clock)
        self._stripe = self._calls.client

    async def close(self) -> None:
        """See PaymentProvider.close."""
        await self._calls.close()

    async def check(self) -> Outcome[ProviderIdentity]:
        """See PaymentProvider.check."""
        outcome = await self._calls.ask("check", self._stripe.v1.accounts.retrieve_current_async, documents.Account)
        if not isinstance(outcome, Done):
            return outcome
        return Done(ProviderIdentity(outcome.value.id, outcome.value.title, self._keys.is_test))

    async def methods(self, currency: str, amount_minor: int, language: str) -> Outcome[Sequence[PaymentMethod]]:
        """See PaymentProvider.methods: what the account's default configuration offers. Stripe tells no limits."""
        if to_stripe(amount_minor, currency) is None:
            return Done([])
        outcome = await self._calls.ask(
            "methods",
            lambda: self._stripe.v1.payment_method_configurations.list_async({"limit": PAGE_SIZE}),
            documents.MethodConfigurations,
        )
        if not isinstance(outcome, Done):
            return outcome
        return Done([PaymentMethod(one, name_of(one, language)) for one in outcome.value.offered])

    async def create(self, payment: Payment) -> Outcome[ProviderPayment]:
        """See PaymentProvider.create. What was tried before gets a key of its own: a kept 500 would be heard again."""
        amount = to_stripe(payment.provider_minor, payment.currency)
        if amount is None:
            return Declined("amount_not_chargeable")
        tried = f":{payment.attempts}" if payment.attempts else ""
        return await self._told(
            await self._calls.ask(
                "create",
                lambda: self._stripe.v1.checkout.sessions.create_async(
                    self._wanted(payment, amount),  # type: ignore[arg-type]
                    {"idempotency_key": payment.provider_key + tried},
                ),
                documents.Session,
            )
        )

    def _wanted(self, payment: Payment, amount: int) -> Mapping[str, Any]:
        """The same for the same payment and number of attempts: a key goes with one request."""
        ids = {
            documents.HOUSE: payment.house_id,
            documents.ORDER: payment.order_id,
            documents.PAYMENT: payment.payment_id,
        }
        from_ms = self._clock.now_ms() if payment.attempts else payment.created_at_ms
        ends_ms = min(max(payment.expires_at_ms, from_ms + _SHORTEST_MS), from_ms + _LONGEST_MS)
        back = _back_to(payment)
        chosen: dict[str, Any] = {"payment_method_types": [payment.method]} if payment.method else {}
        at_once = payment.method and payment.method not in documents.AUTHORISED_FIRST
        capture = "automatic" if at_once else self._capture_method
        return chosen | {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": payment.currency.lower(),
                        "unit_amount": amount,
                        "product_data": {"name": f"Order {payment.order_id}"},
                    },
                }
            ],
            "payment_intent_data": {"capture_method": capture, "metadata": ids},
            "client_reference_id": payment.payment_id,
            "metadata": ids,
            "success_url": back,
            "cancel_url": back,
            "expires_at": ends_ms // 1000,
            "expand": [documents.EXPAND],
        }

    async def find(self, payment: Payment) -> Outcome[ProviderPayment | None]:
        """See PaymentProvider.find. Sessions cannot be searched; they are listed from when the payment was recorded."""
        since = {"gte": payment.created_at_ms // 1000 - 60}
        asked: dict[str, Any] = {"created": since, "limit": PAGE_SIZE, "expand": [f"data.{documents.EXPAND}"]}
        for _ in range(MOST_PAGES):
            page = await self._calls.sessions("find", asked)
            if not isinstance(page, Done):
                return page
            for session in page.value.data:
                if session.metadata.get(documents.PAYMENT) == payment.payment_id:
                    return _maybe(await self._told(Done(session)))
            if not page.value.has_more:
                break
            asked = {**asked, "starting_after": page.value.data[-1].id}
        return Done(None)

    async def fetch(self, ref: str) -> Outcome[ProviderPayment]:
        """See PaymentProvider.fetch. `ref`: a session, or the PaymentIntent that an event named."""
        return await self._told(await self._calls.session(ref))

    async def capture(self, payment: Payment) -> Outcome[ProviderPayment]:
        """See PaymentProvider.capture."""
        found = await self._calls.session(payment.provider_ref or "")
        if not isinstance(found, Done) or documents.status_of(found.value) is not ProviderStatus.AUTHORISED:
            return await self._told(found)
        return await self._moved(
            found.value,
            "capture",
            lambda intent: self._stripe.v1.payment_intents.capture_async(
                intent, {"expand": ["latest_charge"]}, {"idempotency_key": payment.provider_capture_key}
            ),
        )

    async def cancel(self, ref: str) -> Outcome[ProviderPayment]:
        """See PaymentProvider.cancel. An open session is expired; an authorised one's money is let go."""
        if not is_session(ref):
            return Declined(NOT_FOUND)
        expired = await self._calls.ask(
            "cancel",
            lambda: self._stripe.v1.checkout.sessions.expire_async(ref, {"expand": [documents.EXPAND]}),
            documents.Session,
        )
        if not isinstance(expired, Declined):
            return await self._told(expired)
        found = await self._calls.session(ref)
        if isinstance(found, Done) and documents.status_of(found.value) is ProviderStatus.AUTHORISED:
            return await self._moved(
                found.value,
                "cancel",
                lambda intent: self._stripe.v1.payment_intents.cancel_async(intent, {"expand": ["latest_charge"]}),
            )
        told = await self._told(found)
        if isinstance(told, Done) and told.value.status not in {ProviderStatus.CANCELLED, ProviderStatus.FAILED}:
            return Declined("not_cancelable")
        return told

    async def refund(self, payment: Payment, amount_minor: int, key: str) -> Outcome[RefundReport]:
        """See PaymentProvider.refund. Looked for first: Stripe keeps a key for a day, the refund has it for good."""
        found = await self._calls.session(payment.provider_ref or "")
        if not isinstance(found, Done):
            return found
        intent, amount = found.value.payment_intent, to_stripe(amount_minor, payment.currency)
        if intent is None or documents.status_of(found.value) is not ProviderStatus.SUCCEEDED:
            return Declined("not_captured")
        if amount is None:
            return Declined("amount_not_chargeable")
        made = await self._made_refund(intent, key)
        if not isinstance(made, Done) or made.value is not None:
            return _reported(made)
        params: dict[str, Any] = {
            "payment_intent": intent.id,
            "amount": amount,
            "metadata": {documents.REFUND_KEY: key, documents.PAYMENT: payment.payment_id},
        }
        outcome = await self._new_refund(params, key)
        for number in range(1, MOST_KEYS):
            if outcome != KEPT_ERROR:
                break
            # It ended long before we looked, and made nothing.
            outcome = await self._new_refund(params, f"{key}:{number}")
        return _reported(outcome)

    async def _new_refund(self, params: Mapping[str, Any], key: str) -> Outcome[documents.Refund]:
        return await self._calls.ask(
            "refund",
            lambda: self._stripe.v1.refunds.create_async(params, {"idempotency_key": key}),  # type: ignore[arg-type]
            documents.Refund,
        )

    async def events_after(self, cursor: str) -> Outcome[WebhookEventPage]:
        """See PaymentProvider.events_after. Stripe lists thirty days, the newest first."""
        asked: dict[str, Any] = {"limit": PAGE_SIZE, "types": list(documents.EVENT_TYPES)}
        since = {**asked, "ending_before": cursor} if cursor else asked
        outcome = await self._calls.events(since)
        if cursor and isinstance(outcome, Declined) and outcome.code == NOT_FOUND:
            # The event of the cursor is older than what Stripe keeps.
            since, outcome = asked, await self._calls.events(asked)
        if not isinstance(outcome, Done):
            return outcome
        page = outcome.value
        events = [documents.webhook_event_of(event) for event in reversed(page.data)]
        newest = page.data[0].id if page.data else cursor
        return Done(WebhookEventPage(events, newest, more=page.has_more and "ending_before" in since))

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now_ms: int, channel: str = ""
    ) -> WebhookEvent | WebhookFlaw:
        """See PaymentProvider.read_webhook."""
        del channel
        secrets = self._keys.webhook_secrets(now_ms)
        flaw = signature_flaw(headers.get(SIGNATURE_HEADER, ""), body, secrets, now_ms)
        if flaw is not None:
            return flaw
        try:
            told = documents.webhook_event_of(msgspec.json.decode(body, type=documents.Event))
        except msgspec.MsgspecError:
            return WebhookFlaw.MALFORMED_BODY
        sane = _ID.fullmatch(told.event_id) and _ID.fullmatch(told.payment_ref)
        return told if sane else WebhookFlaw.MALFORMED_BODY

    async def _moved(
        self, session: documents.Session, operation: str, act: Callable[[str], Awaitable[Any]]
    ) -> Outcome[ProviderPayment]:
        """How the payment stands after an act on its PaymentIntent."""
        intent = session.payment_intent
        assert intent is not None, "authorised"
        outcome = await self._calls.ask(operation, lambda: act(intent.id), documents.Intent)
        if not isinstance(outcome, Done):
            return outcome
        return await self._told(Done(msgspec.structs.replace(session, payment_intent=outcome.value)))

    async def _told(self, found: Outcome[documents.Session]) -> Outcome[ProviderPayment]:
        """A session as payments understands it, with its disputes, which Stripe tells apart."""
        if not isinstance(found, Done):
            return found
        session, disputes = found.value, documents.Disputes([])
        if session.charge is not None and session.charge.disputed:
            charge = session.charge.id
            listed = await self._calls.ask(
                "fetch",
                lambda: self._stripe.v1.disputes.list_async({"charge": charge, "limit": PAGE_SIZE}),
                documents.Disputes,
            )
            if not isinstance(listed, Done):
                return listed if isinstance(listed, Uncertain) else Uncertain(listed.code)
            disputes = listed.value
        try:
            return Done(documents.payment_of(session, disputes.data, self._keys.instrument_key))
        except (ValueError, KeyError):
            return Uncertain("unreadable_answer")

    async def _made_refund(self, intent: documents.Intent, key: str) -> Outcome[documents.Refund | None]:
        refunds = intent.latest_charge.refunds if intent.latest_charge else None
        last = ""
        for _ in range(MOST_PAGES):
            if refunds is None:
                listed = await self._calls.refunds(intent.id, last)
                if not isinstance(listed, Done):
                    return listed if isinstance(listed, Uncertain) else Uncertain(listed.code)
                refunds = listed.value
            for refund in refunds.data:
                if (refund.metadata or {}).get(documents.REFUND_KEY) == key:
                    return Done(refund)
            if not refunds.has_more or not refunds.data:
                return Done(None)
            last, refunds = refunds.data[-1].id, None
        return Uncertain("too_many_refunds")


def _maybe(outcome: Outcome[ProviderPayment]) -> Outcome[ProviderPayment | None]:
    return Done(outcome.value) if isinstance(outcome, Done) else outcome


def _reported(outcome: Outcome[documents.Refund] | Outcome[documents.Refund | None]) -> Outcome[RefundReport]:
    match outcome:
        case Done(refund) if refund is not None:
            report = documents.REFUND_REPORTS.get(refund.status)
            return Uncertain("unreadable_answer") if report is None else Done(report)
        case Declined() | Uncertain():
            return outcome
        case _:
            return Uncertain("unreadable_answer")


def _back_to(payment: Payment) -> str:
    """Where the buyer comes back to, told which payment it was."""
    parts = urlsplit(payment.return_url)
    query = "&".join(filter(None, [parts.query, urlencode({"payment_id": payment.payment_id})]))
    return urlunsplit(parts._replace(query=query))

"""Speaks with Mollie through its own library. Each call ends in time as Done, Declined or Uncertain; none raises.

What Mollie tells is doubted: an amount with other decimals, another profile or the other mode is no answer of ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import httpx
import msgspec
from mollie import ClientSDK, models

from services.payments.adapters.mollie_answers import (
    AUTHORISED_FIRST,
    OtherAccount,
    Owner,
    declined_or_uncertain,
    locale_of,
    methods_told,
    minor_of,
    payment_told,
    refund_report,
    value_of,
    with_refunded,
    word,
)
from services.payments.adapters.mollie_signatures import mollie_signature_flaw
from services.payments.adapters.provider_calls import asked, pooled_client
from services.payments.adapters.signatures import SecretsAt
from services.payments.domain.payment import Payment
from services.payments.domain.payment_methods import PaymentMethod
from services.payments.domain.provider_account import SIGNED_CHANNEL
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
from services.runtime.telemetry.metrics import PAYMENT_CONTRADICTIONS

T = TypeVar("T")

_PAGE_SIZE: Final = 250
# A creation whose answer was lost is looked for in so many pages at most.
_MOST_PAGES: Final = 8
_SKEW_MS: Final = 300_000
_REF: Final = re.compile(r"tr_[0-9A-Za-z]{4,64}")
_MAX_IDEMPOTENCY_CHARS: Final = 255
_BODY: Final = re.compile(rb"[!-~]{1,2000}")


@dataclass(frozen=True, slots=True)
class MollieLimits:
    """Of one call, and what Mollie is known to do. Idempotency keys are kept there for `key_seconds`."""

    timeout_seconds: float = 10.0
    key_seconds: float = 3_000.0
    # A listing looks at payments again that were made so long before the last one: their state may have changed.
    look_back_seconds: float = 3_600.0
    manual_capture: bool = False


@dataclass(frozen=True, slots=True)
class MollieAccount:
    """Whose it is and what lets us in."""

    account: str
    house_id: str
    key: str
    profile: str
    is_test: bool
    created_at_ms: int
    webhook_url: str
    webhook_secrets: SecretsAt
    # For hashes of what was paid with; without it nothing is told of that.
    instrument_key: bytes = field(default=b"", repr=False)


class _SignedEvent(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    entity_id: str


class _NoBlockingCalls:
    """What the library would ask with, in a thread that waits. Nothing here does."""

    def send(self, *_: Any, **__: Any) -> httpx.Response:
        raise NotImplementedError

    def build_request(self, *_: Any, **__: Any) -> httpx.Request:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing was opened."""


class _Cursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """`until`: everything before was listed. While a listing goes on: when it began, and where it goes on."""

    until: int
    began: int = 0
    at: str = ""


class MollieProvider:
    """See PaymentProvider. One profile of one house's, in one mode. Close it with `close()`."""

    name = "mollie"

    def __init__(self, account: MollieAccount, base_url: str, *, clock: Clock, limits: MollieLimits) -> None:
        self.account = account.account
        self.house_id = account.house_id
        self._mine = account
        self._owner = Owner(account.profile, account.is_test, account.instrument_key)
        self._clock = clock
        self._limits = limits
        self._http = pooled_client(limits.timeout_seconds)
        self._mollie = ClientSDK(
            security=models.Security(api_key=account.key),
            server_url=base_url.rstrip("/"),
            client=_NoBlockingCalls(),
            async_client=self._http,
            # When to try again is decided by the reconciler: the library asks once.
            retry_config=None,
            timeout_ms=int(limits.timeout_seconds * 1000),
        )

    async def close(self) -> None:
        """Lets the connections go."""
        await self._http.aclose()

    async def check(self) -> Outcome[ProviderIdentity]:
        """See PaymentProvider.check: the profile that the key is of."""

        def read(profile: models.ProfileResponse) -> ProviderIdentity:
            return ProviderIdentity(profile.id, profile.name, is_test=word(profile.mode) == "test")

        return await self._call("check", self._mollie.profiles.get_current_async(), read)

    async def methods(self, currency: str, amount_minor: int, language: str) -> Outcome[Sequence[PaymentMethod]]:
        """See PaymentProvider.methods: those that take the amount, as Mollie calls them in that language."""
        amount = models.Amount(currency=currency, value=value_of(amount_minor, currency))
        call = self._mollie.methods.list_async(amount=amount, locale=locale_of(language))
        return await self._call("methods", call, lambda told: methods_told(told, currency))

    async def create(self, payment: Payment) -> Outcome[ProviderPayment]:
        """See PaymentProvider.create. Mollie keeps its keys for an hour: later the driver looks first."""
        wanted: dict[str, Any] = {
            "description": f"{payment.order_id}",
            "amount": {"currency": payment.currency, "value": value_of(payment.provider_minor, payment.currency)},
            "redirect_url": payment.return_url,
            "webhook_url": self._mine.webhook_url,
            "metadata": {"house_id": payment.house_id, "payment_id": payment.payment_id, "order_id": payment.order_id},
        }
        if payment.method:
            wanted["method"] = payment.method
        if self._limits.manual_capture and (not payment.method or payment.method in AUTHORISED_FIRST):
            wanted["capture_mode"] = "manual"
        call = self._mollie.payments.create_async(
            idempotency_key=_short(payment.provider_key), payment_request=models.PaymentRequest(**wanted)
        )
        return await self._call("create", call, self._told)

    async def find(self, payment: Payment) -> Outcome[ProviderPayment | None]:
        """See PaymentProvider.find. Mollie searches nothing: its list is read back to when the payment was recorded.

        A list that is too long to read is no proof, except while a creation under the same key makes no second one.
        """
        after_ms = payment.created_at_ms - _SKEW_MS
        at = ""
        for _ in range(_MOST_PAGES):
            page = await self._page(at)
            if not isinstance(page, Done):
                return page
            payments, following = page.value
            for told in payments:
                metadata = told.metadata if isinstance(told.metadata, dict) else {}
                if metadata.get("payment_id") == payment.payment_id:
                    found = await self.fetch(told.id)
                    return Done(found.value) if isinstance(found, Done) else found
            if not following or (payments and instant_ms(payments[-1].created_at) < after_ms):
                return Done(None)
            at = following
        is_key_kept = self._clock.now_ms() < payment.created_at_ms + self._limits.key_seconds * 1000
        return Done(None) if is_key_kept else Uncertain("list_too_long")

    async def fetch(self, ref: str) -> Outcome[ProviderPayment]:
        """See PaymentProvider.fetch. Of refunds only those count whose money has left."""
        if not _REF.fullmatch(ref):
            return Declined(NOT_FOUND)
        outcome = await self._call("fetch", self._mollie.payments.get_async(payment_id=ref), self._told)
        if not isinstance(outcome, Done) or not outcome.value.refunded_minor:
            return outcome
        refunds = await self._refunds(ref)
        if not isinstance(refunds, Done):
            return refunds
        told = outcome.value
        gone = [one for one in refunds.value if word(one.status) == "refunded"]
        try:
            back_minor = sum(minor_of(one.amount.value, told.currency) for one in gone)
        except ValueError as error:
            return Uncertain(str(error))
        return Done(with_refunded(told, back_minor))

    async def cancel(self, ref: str) -> Outcome[ProviderPayment]:
        """See PaymentProvider.cancel. What cannot be cancelled any more ends by itself there."""
        before = await self.fetch(ref)
        if not isinstance(before, Done):
            return before
        match before.value.status:
            case ProviderStatus.CANCELLED:
                return before
            case ProviderStatus.AUTHORISED:
                call: Awaitable[Any] = self._mollie.payments.release_authorization_async(
                    payment_id=ref, idempotency_key=f"release:{ref}"
                )
            case _:
                call = self._mollie.payments.cancel_async(payment_id=ref, idempotency_key=f"cancel:{ref}")
        done = await self._call("cancel", call, lambda _: None)
        return await self.fetch(ref) if isinstance(done, Done) else done

    async def capture(self, payment: Payment) -> Outcome[ProviderPayment]:
        """See PaymentProvider.capture: all of it."""
        ref = payment.provider_ref or ""
        call = self._mollie.captures.create_async(payment_id=ref, idempotency_key=f"capture:{ref}", entity_capture={})
        done = await self._call("capture", call, lambda _: None)
        return await self.fetch(ref) if isinstance(done, Done) else done

    async def refund(self, payment: Payment, amount_minor: int, key: str) -> Outcome[RefundReport]:
        """See PaymentProvider.refund. Ours outlive Mollie's keys: a refund that carries the key is the same refund."""
        ref = payment.provider_ref or ""
        made = await self._refunds(ref)
        if not isinstance(made, Done):
            return made
        for one in made.value:
            if isinstance(one.metadata, dict) and one.metadata.get("refund_key") == key:
                return Done(refund_report(word(one.status)))
        wanted = models.RefundRequest(
            amount=models.Amount(currency=payment.currency, value=value_of(amount_minor, payment.currency)),
            description=payment.order_id,
            metadata={"refund_key": key, "payment_id": payment.payment_id},
        )
        call = self._mollie.refunds.create_async(payment_id=ref, idempotency_key=_short(key), refund_request=wanted)
        return await self._call("refund", call, lambda one: refund_report(word(one.status)))

    async def events_after(self, cursor: str) -> Outcome[WebhookEventPage]:
        """See PaymentProvider.events_after. Mollie lists payments, the newest first: each with how it stands is one."""
        now_ms = self._clock.now_ms()
        at = msgspec.json.decode(cursor, type=_Cursor) if cursor else _Cursor(self._mine.created_at_ms)
        began = at.began or now_ms
        page = await self._page(at.at)
        if not isinstance(page, Done):
            return page
        payments, following = page.value
        since_ms = at.until - int(self._limits.look_back_seconds * 1000)
        recent = [told for told in payments if instant_ms(told.created_at) >= since_ms]
        events = [WebhookEvent(_event_id(told), told.id) for told in recent if _REF.fullmatch(told.id)]
        if following and len(recent) == len(payments):
            further = _Cursor(at.until, began, following)
            return Done(WebhookEventPage(events, msgspec.json.encode(further).decode(), more=True))
        return Done(WebhookEventPage(events, msgspec.json.encode(_Cursor(began)).decode(), more=False))

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now_ms: int, channel: str = ""
    ) -> WebhookEvent | WebhookFlaw:
        """See PaymentProvider.read_webhook. The classic webhook is a form with an id that anybody may send."""
        if channel == SIGNED_CHANNEL:
            return self._read_signed(headers, body, now_ms)
        if channel or not _BODY.fullmatch(body):
            return WebhookFlaw.MALFORMED_BODY
        found = parse_qs(body.decode("ascii"), max_num_fields=10).get("id", [])
        if len(found) != 1 or not _REF.fullmatch(found[0]):
            return WebhookFlaw.MALFORMED_BODY
        return WebhookEvent(found[0], found[0], is_signed=False)

    def _read_signed(self, headers: Mapping[str, str], body: bytes, now_ms: int) -> WebhookEvent | WebhookFlaw:
        secrets = self._mine.webhook_secrets(now_ms)
        flaw = mollie_signature_flaw(headers.get("x-mollie-signature", ""), body, secrets)
        if flaw is not None:
            return flaw
        try:
            told = msgspec.json.decode(body, type=_SignedEvent)
        except msgspec.MsgspecError:
            return WebhookFlaw.MALFORMED_BODY
        if not _REF.fullmatch(told.entity_id) or not 1 <= len(told.id) <= 64:
            return WebhookFlaw.MALFORMED_BODY
        return WebhookEvent(told.id, told.entity_id)

    def _told(self, payment: models.PaymentResponse) -> ProviderPayment:
        return payment_told(payment, self._owner)

    async def _page(self, at: str) -> Outcome[tuple[Sequence[models.ListPaymentResponse], str]]:
        """The newest payments from there on, and where the next page begins, "" where there is none."""

        def read(
            response: models.ListPaymentsResponse | None,
        ) -> tuple[Sequence[models.ListPaymentResponse], str]:
            assert response is not None, "only an empty URL has no answer"
            result = response.result
            following = result.links.next
            href = (following.href or "") if following else ""
            start = parse_qs(httpx.URL(href).query.decode()).get("from", [""])[0]
            return result.embedded.payments or [], start

        call = self._mollie.payments.list_async(limit=_PAGE_SIZE, from_=at or None)
        return await self._call("list", call, read)

    async def _refunds(self, ref: str) -> Outcome[Sequence[models.ListEntityRefund]]:
        def read(response: models.ListRefundsResponse | None) -> Sequence[models.ListEntityRefund]:
            assert response is not None, "only an empty URL has no answer"
            return response.result.embedded.refunds or []

        return await self._call("refunds", self._mollie.refunds.list_async(payment_id=ref, limit=_PAGE_SIZE), read)

    async def _call(self, operation: str, call: Awaitable[Any], read: Callable[[Any], T]) -> Outcome[T]:
        return await asked(
            operation, _answered(call, read), clock=self._clock, timeout_seconds=self._limits.timeout_seconds
        )


async def _answered(call: Awaitable[Any], read: Callable[[Any], T]) -> Outcome[T]:
    try:
        return Done(read(await call))
    except OtherAccount as error:
        PAYMENT_CONTRADICTIONS.labels("account").inc()
        return Uncertain(str(error))
    except models.ResponseValidationError:
        return Uncertain("unreadable_answer")
    except models.ClientError as error:
        return declined_or_uncertain(error)
    except models.NoResponseError as error:
        return Uncertain(type(error).__name__)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Uncertain("unreadable_answer")


def _short(key: str) -> str:
    """As many characters as the header may have: ours are longer only where ids are."""
    return key if len(key) <= _MAX_IDEMPOTENCY_CHARS else hashlib.sha256(key.encode()).hexdigest()


def _event_id(told: models.ListPaymentResponse) -> str:
    """Changes with what changes of a payment, so that it is asked about once for each."""
    moved = [getattr(one, "value", "0") for one in (told.amount_refunded, told.amount_charged_back)]
    return ":".join((told.id, word(told.status), *moved))[:255]


def instant_ms(text: str) -> int:
    """Unix milliseconds of what Mollie writes; ValueError."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)

"""Questions to Stripe through its library, and what an answer comes to: done, declined, or uncertain."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec
import stripe

from services.payments.adapters import stripe_documents as documents
from services.payments.adapters.provider_calls import asked
from services.payments.adapters.signatures import SecretsAt
from services.payments.adapters.stripe_http import BoundedHttp
from services.payments.ports import KEY_REFUSED, NOT_FOUND, Declined, Done, Outcome, Uncertain
from services.runtime.clock import Clock

D = TypeVar("D")

PAGE_SIZE: Final = 100
# A 500 that was given before and kept under the key: what was asked for then has ended.
KEPT_ERROR: Final = Uncertain("status_500_kept")

_SESSION = re.compile(r"cs_[A-Za-z0-9_]{1,200}")
_INTENT = re.compile(r"pi_[A-Za-z0-9_]{1,200}")


@dataclass(frozen=True, slots=True)
class StripeKeys:
    """An account's credentials. `connected_account`: the key is a platform's, the money goes to this one (R2.6)."""

    api_key: str = field(repr=False)
    webhook_secrets: SecretsAt = field(repr=False)
    connected_account: str = ""
    # For hashes of what was paid with; without it nothing is told of that.
    instrument_key: bytes = field(default=b"", repr=False)

    @property
    def is_test(self) -> bool:
        """Whether it opens Stripe's test mode."""
        return "_test_" in self.api_key


def is_session(ref: str) -> bool:
    """Whether it can be the id of a Checkout Session: it becomes part of an address."""
    return _SESSION.fullmatch(ref) is not None


class StripeCalls:
    """One account's. Close it with `close()`."""

    def __init__(self, base_url: str, keys: StripeKeys, *, timeout_seconds: float, clock: Clock) -> None:
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._http = BoundedHttp(timeout_seconds)
        self.client = stripe.StripeClient(
            keys.api_key,
            stripe_account=keys.connected_account or None,
            base_addresses={"api": base_url.rstrip("/")},
            max_network_retries=0,
            http_client=self._http,
        )

    async def close(self) -> None:
        """Lets the connections go."""
        await self._http.close_async()

    async def session(self, ref: str) -> Outcome[documents.Session]:
        """By its id, or by that of its PaymentIntent."""
        if _INTENT.fullmatch(ref):
            asked = {"payment_intent": ref, "limit": 1, "expand": [f"data.{documents.EXPAND}"]}
            page = await self.sessions("fetch", asked)
            if not isinstance(page, Done):
                return page
            return Done(page.value.data[0]) if page.value.data else Declined(NOT_FOUND)
        if not is_session(ref):
            return Declined(NOT_FOUND)
        return await self.ask(
            "fetch",
            lambda: self.client.v1.checkout.sessions.retrieve_async(ref, {"expand": [documents.EXPAND]}),
            documents.Session,
        )

    async def sessions(self, operation: str, asked: Mapping[str, Any]) -> Outcome[documents.Sessions]:
        """A page of sessions."""
        return await self.ask(
            operation,
            lambda: self.client.v1.checkout.sessions.list_async(asked),  # type: ignore[arg-type]
            documents.Sessions,
        )

    async def events(self, asked: Mapping[str, Any]) -> Outcome[documents.Events]:
        """A page of events."""
        return await self.ask(
            "list",
            lambda: self.client.v1.events.list_async(asked),  # type: ignore[arg-type]
            documents.Events,
        )

    async def refunds(self, intent: str, after: str) -> Outcome[documents.Refunds]:
        """A page of the refunds of a PaymentIntent, after the one with this id."""
        asked: dict[str, Any] = {"payment_intent": intent, "limit": PAGE_SIZE}
        asked |= {"starting_after": after} if after else {}
        return await self.ask(
            "fetch",
            lambda: self.client.v1.refunds.list_async(asked),  # type: ignore[arg-type]
            documents.Refunds,
        )

    async def ask(self, operation: str, call: Callable[[], Awaitable[Any]], kind: type[D]) -> Outcome[D]:
        """Asks once; the answer is read as `kind`."""
        return await asked(operation, _answered(call, kind), clock=self._clock, timeout_seconds=self._timeout_seconds)


async def _answered(call: Callable[[], Awaitable[Any]], kind: type[D]) -> Outcome[D]:
    try:
        answer = await call()
        return Done(msgspec.json.decode(answer.last_response.body, type=kind))
    except stripe.StripeError as error:
        return _outcome_of(error)
    except (msgspec.MsgspecError, AttributeError, KeyError, TypeError, ValueError):
        # The library reads answers before we do, and trips over what is no object of Stripe's.
        return Uncertain("unreadable_answer")


def _outcome_of(error: stripe.StripeError) -> Declined | Uncertain:
    """Only an answer in Stripe's own shape is a no. 409 is the same key in flight, 429 is not now."""
    status = error.http_status
    match error:
        case stripe.AuthenticationError() | stripe.PermissionError():
            return Declined(KEY_REFUSED)
        case stripe.IdempotencyError() if status == 400:
            return Declined("idempotency_key_reused")
        case stripe.InvalidRequestError() if status == 404 or error.code == "resource_missing":
            return Declined(NOT_FOUND)
        case stripe.InvalidRequestError() | stripe.CardError():
            return Declined(error.code or "invalid_request")
        case _:
            headers: Mapping[str, str] = error.headers or {}
            is_kept = status == 500 and headers.get("idempotent-replayed") == "true"
            return KEPT_ERROR if is_kept else Uncertain(f"status_{status}")

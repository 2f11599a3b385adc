"""A house's account behind bounds: so many questions at once, a rest after silence, none while its key is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from services.payments.domain.payment import Payment
from services.payments.domain.payment_methods import PaymentMethod
from services.payments.domain.refunds import RefundReport
from services.payments.ports import (
    KEY_REFUSED,
    Declined,
    Done,
    Outcome,
    PaymentProvider,
    ProviderIdentity,
    ProviderPayment,
    Uncertain,
    WebhookEvent,
    WebhookEventPage,
    WebhookFlaw,
)
from services.runtime.clock import Clock

T = TypeVar("T")

MOST_AT_ONCE = 16
# After so many unanswered questions in a row the account rests; one question then tries it.
SILENCES_BEFORE_REST = 5
FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 30.0
# What a provider may ask for at most.
LONGEST_PAUSE_SECONDS = 120.0
RESTING = "provider_rests"
LOCKED = "account_locked"


class GuardedProvider:
    """See PaymentProvider. One account that is slow or down takes nothing from the others, and is not hammered."""

    def __init__(
        self, inner: PaymentProvider, clock: Clock, *, is_locked: bool, on_key_refused: Callable[[], None]
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._is_locked = is_locked
        self._on_key_refused = on_key_refused
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._silences = 0
        self._rests_until = 0.0
        self._asked = 0

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def account(self) -> str:
        return self._inner.account

    @property
    def house_id(self) -> str:
        return self._inner.house_id

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return self._asked > 0

    @property
    def is_silent(self) -> bool:
        """Whether it was not answered the last times that it asked."""
        return self._silences >= SILENCES_BEFORE_REST

    @property
    def is_resting(self) -> bool:
        """Whether nobody is asked now. Once that is over whoever comes next tries it."""
        return self.is_silent and self._clock.monotonic() < self._rests_until

    async def check(self) -> Outcome[ProviderIdentity]:
        """See PaymentProvider.check; a locked account may be asked this."""
        return await self._inner.check()

    async def methods(self, currency: str, amount_minor: int, language: str) -> Outcome[Sequence[PaymentMethod]]:
        return await self._ask(lambda: self._inner.methods(currency, amount_minor, language))

    async def create(self, payment: Payment) -> Outcome[ProviderPayment]:
        # Only a first try that lets nobody in is proof: an earlier one may have made the payment.
        return await self._ask(lambda: self._inner.create(payment), is_proof=payment.attempts == 0)

    async def find(self, payment: Payment) -> Outcome[ProviderPayment | None]:
        return await self._ask(lambda: self._inner.find(payment))

    async def fetch(self, ref: str) -> Outcome[ProviderPayment]:
        return await self._ask(lambda: self._inner.fetch(ref))

    async def cancel(self, ref: str) -> Outcome[ProviderPayment]:
        return await self._ask(lambda: self._inner.cancel(ref))

    async def capture(self, payment: Payment) -> Outcome[ProviderPayment]:
        return await self._ask(lambda: self._inner.capture(payment))

    async def refund(self, payment: Payment, amount_minor: int, key: str) -> Outcome[RefundReport]:
        return await self._ask(lambda: self._inner.refund(payment, amount_minor, key))

    async def events_after(self, cursor: str) -> Outcome[WebhookEventPage]:
        return await self._ask(lambda: self._inner.events_after(cursor))

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now_ms: int, channel: str = ""
    ) -> WebhookEvent | WebhookFlaw:
        return self._inner.read_webhook(headers, body, now_ms, channel)

    async def close(self) -> None:
        await self._inner.close()

    async def _ask(
        self, question: Callable[[], Coroutine[Any, Any, Outcome[T]]], *, is_proof: bool = False
    ) -> Outcome[T]:
        if self._is_locked:
            return Uncertain(LOCKED)
        self._asked += 1
        try:
            async with self._room:
                if self._rests():
                    return Uncertain(RESTING)
                outcome = await question()
        finally:
            self._asked -= 1
        self._learn(outcome)
        if outcome == Declined(KEY_REFUSED) and not is_proof:
            return Uncertain(KEY_REFUSED)
        return outcome

    def _rests(self) -> bool:
        """Also takes the turn to try it: whoever comes next waits for how that ends, or for the next rest."""
        now = self._clock.monotonic()
        if self._silences < SILENCES_BEFORE_REST:
            return False
        if now < self._rests_until:
            return True
        self._silences += 1
        self._rest(now)
        return False

    def _learn(self, outcome: Outcome[T]) -> None:
        match outcome:
            case Done() | Declined():
                self._silences = 0
            # Too much was asked at once: nobody asks before it is time.
            case Uncertain(retry_after_ms=pause_ms) if pause_ms:
                self._silences = max(self._silences, SILENCES_BEFORE_REST)
                self._rests_until = self._clock.monotonic() + min(LONGEST_PAUSE_SECONDS, pause_ms / 1000)
            # More of them while it rests are of questions that were asked before.
            case Uncertain() if self._silences < SILENCES_BEFORE_REST:
                self._silences += 1
                self._rest(self._clock.monotonic())
            case Uncertain():
                pass
        if outcome == Declined(KEY_REFUSED):
            self._on_key_refused()

    def _rest(self, now: float) -> None:
        doublings = min(16, max(0, self._silences - SILENCES_BEFORE_REST))
        self._rests_until = now + min(LONGEST_REST_SECONDS, FIRST_REST_SECONDS * 2**doublings)


class ClosedProvider:
    """See PaymentProvider: an account that cannot be opened is UNCERTAIN about everything, and hears nothing."""

    house_id = ""

    def __init__(self, account: str, why: str) -> None:
        self.name = account
        self.account = account
        self._why = Uncertain(why)

    async def check(self) -> Outcome[ProviderIdentity]:
        return self._why

    async def methods(self, currency: str, amount_minor: int, language: str) -> Outcome[Sequence[PaymentMethod]]:
        del currency, amount_minor, language
        return self._why

    async def create(self, payment: Payment) -> Outcome[ProviderPayment]:
        del payment
        return self._why

    async def find(self, payment: Payment) -> Outcome[ProviderPayment | None]:
        del payment
        return self._why

    async def fetch(self, ref: str) -> Outcome[ProviderPayment]:
        del ref
        return self._why

    async def cancel(self, ref: str) -> Outcome[ProviderPayment]:
        del ref
        return self._why

    async def capture(self, payment: Payment) -> Outcome[ProviderPayment]:
        del payment
        return self._why

    async def refund(self, payment: Payment, amount_minor: int, key: str) -> Outcome[RefundReport]:
        del payment, amount_minor, key
        return self._why

    async def events_after(self, cursor: str) -> Outcome[WebhookEventPage]:
        del cursor
        return self._why

    def read_webhook(
        self, headers: Mapping[str, str], body: bytes, now_ms: int, channel: str = ""
    ) -> WebhookEvent | WebhookFlaw:
        del headers, body, now_ms, channel
        return WebhookFlaw.UNSIGNED

    async def close(self) -> None:
        """Nothing was opened."""

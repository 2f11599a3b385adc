"""Answers the four commands other services give. Records first, then asks the provider; says only what is proven."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import nullcontext
from dataclasses import replace

import msgspec

from services.payments.domain.charges import Charge, InstrumentKind
from services.payments.domain.payment import CancelAsked, Payment, PaymentState
from services.payments.domain.refund_transitions import refund_asked
from services.payments.domain.refunds import RefundRoute, RefundWanted
from services.payments.domain.refusals import (
    PaymentUnknown,
    PaymentWanted,
    refused_end,
    refused_refund,
    refused_wanted,
)
from services.payments.domain.transitions import Decision, Verdict
from services.payments.handlers.new_vouchers import NewVouchers
from services.payments.handlers.payment_driver import PaymentDriver, is_final
from services.payments.ports import PaymentStore
from services.payments.ports.tills import Till, Tills
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused, Refusal, refused_fields
from services.runtime.ids import Ids

# More at once would only share the same processor, until the provider's answers seem late. The rest waits unrecorded.
MOST_CREATIONS_AT_ONCE = 32
_CANCELABLE = frozenset({PaymentState.PENDING, PaymentState.AUTHORISED})


def request_hash(wanted: PaymentWanted) -> str:
    """SHA-256 over every field of the request, so that a reused key is told from a repeated request (RULE 27)."""
    fields = (
        wanted.order_id,
        wanted.performance_id,
        wanted.amount_minor,
        wanted.currency,
        wanted.return_url,
        wanted.expires_at_ms,
        # Where there are none, the hash is that of releases which knew none.
        *((one.source_id, one.amount_minor) for one in wanted.instruments),
        *((wanted.provider_account_id, wanted.method) if wanted.provider_account_id or wanted.method else ()),
        *((one.performance_id, one.seats, one.most) for one in wanted.limits),
    )
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


class PaymentDesk:
    """Create, get, cancel, refund. `first_look_seconds`: when a creation that crashed is taken up."""

    def __init__(
        self,
        *,
        driver: PaymentDriver,
        store: PaymentStore,
        new_vouchers: NewVouchers,
        tills: Tills,
        clock: Clock,
        ids: Ids,
        first_look_seconds: float,
    ) -> None:
        self._driver = driver
        self._store = store
        self._new_vouchers = new_vouchers
        self._tills = tills
        self._clock = clock
        self._ids = ids
        self._first_look_ms = int(first_look_seconds * 1000)
        self._creating = asyncio.Semaphore(MOST_CREATIONS_AT_ONCE)
        self._refunding = asyncio.Semaphore(MOST_CREATIONS_AT_ONCE)

    async def create(self, wanted: PaymentWanted) -> Payment | Refusal:
        """The payment, CREATING when the provider did not answer. A repeat is told from a reused key (RULE 24, 27).

        A wrong field is a no, and proof to the caller, only where the key has made nothing: a release before this one
        may have taken what is wrong today.
        """
        content = request_hash(wanted)
        refusal = refused_fields((refused_wanted(wanted), refused_end(wanted, self._clock.now_ms())))
        if refusal is not None:
            recorded = await self._recorded(wanted)
            if recorded is None:
                return refusal
        else:
            till = await self._till(wanted)
            if isinstance(till, Refusal):
                # The house's accounts may have changed since the key made a payment.
                recorded = await self._recorded(wanted)
                if recorded is None:
                    return till
            else:
                # Houses' accounts have bounds of their own: one that is slow keeps nobody else waiting.
                async with nullcontext() if till.account_id else self._creating:
                    minted = self._minted(wanted, content, till)
                    recorded = await self._record(minted)
                    if recorded.payment_id == minted.payment_id:
                        # Vouchers have paid it already, or could not: no provider is asked.
                        return recorded if is_final(recorded) else await self._driver.create(recorded)
        if recorded.request_hash != content:
            return IdempotencyKeyReused("idempotency_key", wanted.idempotency_key)
        return await self._driver.step(recorded) if recorded.state is PaymentState.CREATING else recorded

    async def _till(self, wanted: PaymentWanted) -> Till | Refusal:
        """Where vouchers pay all of it no provider is asked, whether the house has an account or not."""
        if wanted.provider_minor == 0:
            return Till("", "")
        return await self._tills.till(wanted.house_id, wanted.currency, wanted.provider_account_id)

    async def _record(self, minted: Payment) -> Payment:
        return await (self._store.record_charged(minted) if minted.charges else self._store.record(minted))

    async def _recorded(self, wanted: PaymentWanted) -> Payment | None:
        """No text with a NUL has ever been recorded: PostgreSQL has none."""
        if "\0" in wanted.house_id + wanted.idempotency_key:
            return None
        return await self._store.find_by_key(wanted.house_id, wanted.idempotency_key)

    def _minted(self, wanted: PaymentWanted, content: str, till: Till) -> Payment:
        now_ms = self._clock.now_ms()
        return Payment(
            payment_id=self._ids.new_id("pay"),
            house_id=wanted.house_id,
            idempotency_key=wanted.idempotency_key,
            request_hash=content,
            order_id=wanted.order_id,
            performance_id=wanted.performance_id,
            amount_minor=wanted.amount_minor,
            currency=wanted.currency,
            return_url=wanted.return_url,
            expires_at_ms=wanted.expires_at_ms,
            provider=till.provider,
            provider_account_id=till.account_id,
            method=wanted.method,
            limits=wanted.limits,
            created_at_ms=now_ms,
            next_attempt_at_ms=now_ms + self._first_look_ms,
            charges=tuple(
                Charge(
                    InstrumentKind.EXCHANGE if one.payment_id else InstrumentKind.VOUCHER,
                    one.source_id,
                    "",
                    one.amount_minor,
                )
                for one in wanted.instruments
            ),
        )

    async def get(self, house_id: str, payment_id: str) -> Payment | Refusal:
        """The payment as recorded; asks nobody."""
        return await self._store.find(house_id, payment_id) or PaymentUnknown(payment_id)

    async def cancel(self, house_id: str, payment_id: str) -> Payment | Refusal:
        """Asks the provider to cancel; only its confirmation makes the payment CANCELLED (RULE 25).

        The wish is recorded first: when the provider does not answer now, the reconciler goes on asking.
        """
        changed = await self._store.change(house_id, payment_id, self._cancel_asked)
        if changed is None:
            return PaymentUnknown(payment_id)
        payment = changed[0]
        if payment.state is PaymentState.CREATING:
            # Somewhere a creation may be under way: have it first, then cancel it.
            payment = await self._driver.step(payment)
        return await self._driver.step(payment) if payment.state in _CANCELABLE else payment

    def _cancel_asked(self, payment: Payment) -> Decision:
        if is_final(payment) or payment.cancel_asked_at_ms is not None:
            return Decision(Verdict.STALE)
        return Decision(Verdict.STAY, (CancelAsked(self._clock.now_ms()),))

    async def refund(self, house_id: str, payment_id: str, wanted: RefundWanted) -> Payment | Refusal:
        """Owes back what is asked for and tries at once. Never more than is left, whatever the keys.

        Without an amount a refund that is stuck is asked for anew under another key: the same key is the same request.
        """
        refusal = refused_refund(wanted)
        if refusal is not None:
            return refusal
        other = await self._store.payment_refunded_under(house_id, wanted.key)
        if other not in (None, payment_id):
            return IdempotencyKeyReused("idempotency_key", wanted.key)
        if wanted.route is RefundRoute.EXCHANGE:
            return await self._exchange(house_id, payment_id, wanted)
        new = await self._new_vouchers.of(await self._store.find(house_id, payment_id), wanted.route)
        wanted = replace(wanted, new_vouchers=new)
        return await self._driver.owe(
            house_id, payment_id, lambda current: refund_asked(current, wanted, self._clock.now_ms()), self._refunding
        )

    async def _exchange(self, house_id: str, payment_id: str, wanted: RefundWanted) -> Payment | Refusal:
        """It pays the payment that names it. What has gone back of that one by now is owed here at once."""
        paid = await self._store.find(house_id, wanted.to_payment_id)
        if paid is None:
            return PaymentUnknown(wanted.to_payment_id)
        if paid.exchanged_from != payment_id or paid.state is not PaymentState.SUCCEEDED:
            return FieldInvalid("to_payment_id", "is not paid with this payment", "one that names it and succeeded")
        moved = await self._driver.owe(
            house_id, payment_id, lambda current: refund_asked(current, wanted, self._clock.now_ms())
        )
        if isinstance(moved, Refusal) or not paid.passes_on:
            return moved
        await self._driver.step(paid)
        return await self.get(house_id, payment_id)

"""Drives one payment by one step: asks the provider, applies what it says. All of it may be repeated at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import assert_never

from services.payments.domain.next_attempt import NextAct, next_act
from services.payments.domain.payment import Change, Payment, PaymentState
from services.payments.domain.refund_changes import RefundPassedOn, RefundStuck
from services.payments.domain.refund_transitions import (
    RefundAnswer,
    given_back_elsewhere,
    is_passed_on,
    refund_answered,
)
from services.payments.domain.refusals import PaymentUnknown
from services.payments.domain.transitions import (
    NEVER_CREATED_AFTER_MS,
    Decision,
    Report,
    ReportKind,
    Verdict,
    decide,
)
from services.payments.handlers.new_vouchers import NewVouchers
from services.payments.handlers.reports import (
    MISSING,
    UNCERTAIN,
    report_of,
    report_of_creation,
    report_of_fetch,
    report_of_refund,
    report_of_snapshot,
)
from services.payments.ports import (
    Declined,
    Done,
    PaymentProvider,
    PaymentStore,
    ProviderPayment,
    Providers,
    Uncertain,
    WebhookEvent,
)
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import PAYMENT_CONTRADICTIONS, PAYMENTS_LATE

_log = get_logger("payments")


class _NoProof(Exception):
    """What a webhook told does not say how the payment stands now."""


class PaymentDriver:
    """Drives each payment at its own account. Twice at once for the same one is fine: the store decides by a lock."""

    def __init__(self, providers: Providers, store: PaymentStore, clock: Clock, new_vouchers: NewVouchers) -> None:
        self._providers = providers
        self._store = store
        self._clock = clock
        self._new_vouchers = new_vouchers

    async def create(self, payment: Payment) -> Payment:
        """The first try, right after the record was made: most likely nobody has touched it since."""
        provider = await self._providers.of(payment.account)
        report = report_of_creation(payment, await provider.create(payment))
        changed = await self._change(payment.house_id, payment.payment_id, lambda _: report, known=payment)
        assert changed is not None, "payments are never deleted"
        return changed

    async def step(self, payment: Payment) -> Payment:
        """Makes the call that may teach us something, and answers the payment as it then stands."""
        return await self._on_with_authorised(await self._step(payment))

    async def _on_with_authorised(self, payment: Payment) -> Payment:
        """What was just authorised is captured, or voided, at once; where that goes wrong the reconciler goes on."""
        is_fresh = payment.state is PaymentState.AUTHORISED and payment.attempts == 0
        return await self._step(payment) if is_fresh else payment

    async def _step(self, payment: Payment) -> Payment:
        if next_act(payment) is NextAct.TELL_PAYER:
            return await self._pass_on(payment)
        provider = await self._providers.of(payment.account)
        match next_act(payment):
            case NextAct.CREATE:
                return await self.apply_report(payment, await self._find_or_create(provider, payment))
            case NextAct.FETCH | NextAct.WATCH:
                assert payment.provider_ref is not None, "a payment in these states has the provider's reference"
                outcome = await provider.fetch(payment.provider_ref)
                return await self.apply_report(payment, report_of_fetch(payment, outcome))
            case NextAct.CAPTURE:
                return await self.apply_report(payment, await self._capture(provider, payment))
            case NextAct.CANCEL:
                return await self.apply_report(payment, await self._cancel(provider, payment))
            case NextAct.REFUND:
                return await self._refund(provider, payment)
            case NextAct.NOTHING | NextAct.TELL_PAYER:
                return payment
            case act:
                assert_never(act)

    async def apply_report(self, payment: Payment, report: Report) -> Payment:
        """Applies a report to the payment as it stands in the store."""
        changed = await self._change(payment.house_id, payment.payment_id, lambda _: report)
        assert changed is not None, "payments are never deleted"
        return changed

    async def apply_provider_payment(
        self, provider: PaymentProvider, told: ProviderPayment, settles: Sequence[WebhookEvent]
    ) -> Payment | None:
        """Applies how the provider says a payment stands, and marks the events as worked off; None: it is not ours.

        Whose payment it is, is the word of whoever has the account: it counts for the own payments of that house only.
        """
        if provider.house_id not in ("", told.house_id):
            return None
        changed = await self._change(
            told.house_id,
            told.payment_id,
            lambda current: report_of(current, told, provider.account),
            settles,
        )
        return None if changed is None else await self._on_with_authorised(changed)

    async def apply_snapshot(
        self, provider: PaymentProvider, told: ProviderPayment, settles: Sequence[WebhookEvent]
    ) -> Payment | None:
        """Applies a success that a signed webhook told by itself; None where that proves nothing: ask the provider.

        Then nothing is changed, and the events are not worked off.
        """
        if provider.house_id not in ("", told.house_id):
            return None

        def proof(current: Payment) -> Report:
            report = report_of_snapshot(current, told, provider.account)
            if report is None:
                raise _NoProof
            return report

        try:
            return await self._change(told.house_id, told.payment_id, proof, settles)
        except _NoProof:
            return None

    async def _change(
        self,
        house_id: str,
        payment_id: str,
        report: Callable[[Payment], Report],
        settles: Sequence[WebhookEvent] = (),
        known: Payment | None = None,
    ) -> Payment | None:
        changed = await self._store.change(
            house_id,
            payment_id,
            lambda current: decide(current, report(current), self._clock.now_ms()),
            visited=True,
            settles=settles,
            known=known,
        )
        if changed is None:
            return None
        self._count(*changed)
        return changed[0]

    @staticmethod
    def _count(payment: Payment, decision: Decision) -> None:
        if decision.verdict is Verdict.CONTRADICTION:
            PAYMENT_CONTRADICTIONS.labels("state").inc()
            _log.warning("report_contradicts", payment_id=payment.payment_id, state=payment.state.value)
        elif decision.verdict is Verdict.SUCCEED_LATE:
            PAYMENTS_LATE.inc()
            _log.warning("payment_succeeded_late", payment_id=payment.payment_id)

    async def _find_or_create(self, provider: PaymentProvider, payment: Payment) -> Report:
        """Looks first: providers forget idempotency keys after a day, and replay their own errors until then."""
        found = await provider.find(payment)
        match found:
            case Done(None) if self._clock.now_ms() >= payment.expires_at_ms + NEVER_CREATED_AFTER_MS:
                return MISSING
            case Done(None):
                return report_of_creation(payment, await provider.create(payment))
            case Done(told) if told is not None:
                return report_of(payment, told)
            case _:
                return UNCERTAIN

    async def _capture(self, provider: PaymentProvider, payment: Payment) -> Report:
        assert payment.provider_ref is not None, "an authorised payment has the provider's reference"
        if payment.attempts > 0:
            # An earlier try may have taken the money, whatever its answer was.
            report = report_of_fetch(payment, await provider.fetch(payment.provider_ref))
            if report.kind is not ReportKind.AUTHORISED:
                return report
        outcome = await provider.capture(payment)
        if isinstance(outcome, Declined):
            outcome = await provider.fetch(payment.provider_ref)
        return report_of_fetch(payment, outcome)

    async def _cancel(self, provider: PaymentProvider, payment: Payment) -> Report:
        assert payment.provider_ref is not None, "what is cancelled at the provider has its reference"
        outcome = await provider.cancel(payment.provider_ref)
        if isinstance(outcome, Declined):
            outcome = await provider.fetch(payment.provider_ref)
        return report_of_fetch(payment, outcome)

    async def _refund(self, provider: PaymentProvider, payment: Payment) -> Payment:
        assert payment.provider_ref is not None, "a captured payment has the provider's reference"
        refund = payment.due_refund
        assert refund is not None, "only what is owed is asked for"
        if payment.attempts > 0 or refund.attempt > 0:
            # An earlier try may have moved the money, whatever its answer was.
            seen = await provider.fetch(payment.provider_ref)
            if isinstance(seen, Uncertain):
                return await self.apply_report(payment, UNCERTAIN)
            payment = await self.apply_report(payment, report_of_fetch(payment, seen))
            refund = payment.due_refund
            if next_act(payment) is not NextAct.REFUND or refund is None:
                return payment
        asked_minor = min(refund.left_minor, payment.left_minor)
        outcome = await provider.refund(payment, asked_minor, payment.provider_refund_key(refund))
        refused_for = outcome.code if isinstance(outcome, Declined) else ""
        answer = RefundAnswer(refund.key, refund.attempt, asked_minor, report_of_refund(outcome), refused_for)
        return await self._refund_answered(payment, answer)

    async def _pass_on(self, payment: Payment) -> Payment:
        """What went back of an exchange is owed by the payment that had paid it. Told twice it counts once."""
        # A voucher that had paid then may take nothing any more by now.
        new = await self._new_vouchers.of(await self._store.find(payment.house_id, payment.exchanged_from))
        told = await self.owe(
            payment.house_id,
            payment.exchanged_from,
            lambda old: given_back_elsewhere(old, payment, self._clock.now_ms(), new),
        )
        heard = not isinstance(told, Refusal) and is_passed_on(told, payment)
        keys = [refund.key for refund in payment.passes_on] if heard else []
        passed = Decision(Verdict.STAY, tuple(RefundPassedOn(key) for key in keys))
        changed = await self._store.change(payment.house_id, payment.payment_id, lambda _: passed, visited=True)
        assert changed is not None, "payments are never deleted"
        return await self.step(changed[0]) if heard and changed[0].due_refund is not None else changed[0]

    async def owe(
        self,
        house_id: str,
        payment_id: str,
        changes: Callable[[Payment], tuple[Change, ...] | Refusal],
        room: asyncio.Semaphore | None = None,
    ) -> Payment | Refusal:
        """Changes what is owed back and asks for it at once. Refusals: PaymentUnknown, and those of `changes`.

        `room`: who asks the deployment's own provider takes turns in it; what waits is recorded already.
        """
        refused: list[Refusal] = []

        def decided(current: Payment) -> Decision:
            found = changes(current)
            refused[:] = [found] if isinstance(found, Refusal) else []
            return Decision(Verdict.STALE) if isinstance(found, Refusal) else Decision(Verdict.STAY, found)

        changed = await self._store.change(house_id, payment_id, decided)
        if changed is None:
            return PaymentUnknown(payment_id)
        if refused:
            return refused[0]
        payment = changed[0]
        if payment.due_refund is None and not payment.passes_on:
            return payment
        async with nullcontext() if room is None or payment.provider_account_id else room:
            return await self.step(payment)

    async def _refund_answered(self, payment: Payment, answer: RefundAnswer) -> Payment:
        def decided(current: Payment) -> Decision:
            changes = refund_answered(current, answer, self._clock.now_ms())
            return Decision(Verdict.STALE) if changes is None else Decision(Verdict.STAY, changes)

        changed = await self._store.change(payment.house_id, payment.payment_id, decided, visited=True)
        assert changed is not None, "payments are never deleted"
        after, decision = changed
        if any(isinstance(change, RefundStuck) for change in decision.changes):
            _log.error("refund_stuck", payment_id=payment.payment_id, refused_for=answer.refused_for)
        return after


def is_final(payment: Payment) -> bool:
    """Whether the payment's outcome is proven."""
    return payment.state in {PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.CANCELLED}

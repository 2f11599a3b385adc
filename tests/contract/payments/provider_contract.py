"""What every PaymentProvider must do. An adapter's suite subclasses this and brings the provider."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import pytest

from services.payments.domain.charges import Charge, InstrumentKind
from services.payments.domain.payment import DisputeState, Payment
from services.payments.domain.refunds import Refund, RefundReport
from services.payments.ports import (
    Declined,
    Done,
    Outcome,
    PaymentProvider,
    ProviderPayment,
    ProviderStatus,
)
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds

_clock, _ids = SystemClock(), RandomIds()


def fresh_payment() -> Payment:
    """A payment no provider has seen."""
    now_ms = _clock.now_ms()
    order_id = _ids.new_id("ord")
    return Payment(
        payment_id=_ids.new_id("pay"),
        house_id="house_1",
        idempotency_key=f"{order_id}:1",
        request_hash="",
        order_id=order_id,
        performance_id="perf_1",
        amount_minor=1_250,
        currency="EUR",
        return_url="https://shop.example/done",
        expires_at_ms=now_ms + 3_600_000,
        provider="",
        created_at_ms=now_ms,
    )


def done(outcome: Outcome[ProviderPayment]) -> ProviderPayment:
    """The payment in an outcome that must be Done."""
    assert isinstance(outcome, Done), outcome
    return outcome.value


async def refund(provider: PaymentProvider, payment: Payment, attempt: int = 0) -> Outcome[RefundReport]:
    """What the driver asks for: all that is left, under the refund's own key."""
    left_minor = payment.left_minor
    owed = Refund("ref_1", left_minor, left_minor, due_at_ms=1, is_whole=True, attempt=attempt)
    return await provider.refund(payment, left_minor, replace(payment, refunds=(owed,)).provider_refund_key(owed))


class ProviderContract(ABC):
    """`provider` is a fixture; the abstract methods do what buyers, banks and people of the house do there."""

    # Two ways to pay that are open there: one that can be authorised first, and one that cannot.
    ways: ClassVar[set[str]]

    @abstractmethod
    async def buyer_pays(self, told: ProviderPayment) -> None:
        """The money is captured when this returns."""

    @abstractmethod
    async def buyer_is_declined(self, told: ProviderPayment) -> None:
        """The payment has failed when this returns."""

    @abstractmethod
    async def house_gives_back(self, told: ProviderPayment, amount_minor: int) -> None:
        """So much is refunded in the provider's own console when this returns."""

    @abstractmethod
    async def buyer_disputes(self, told: ProviderPayment, amount_minor: int) -> None:
        """The buyer's bank has opened a dispute when this returns."""

    @abstractmethod
    async def bank_decides(self, told: ProviderPayment, outcome: DisputeState) -> None:
        """The dispute is won or lost when this returns."""

    async def test_a_created_payment_is_open_and_tells_our_ids(self, provider: PaymentProvider) -> None:
        payment = fresh_payment()
        told = done(await provider.create(payment))
        assert told.status is ProviderStatus.OPEN
        assert (told.house_id, told.payment_id) == (payment.house_id, payment.payment_id)
        assert (told.amount_minor, told.currency, told.refunded_minor) == (1_250, "EUR", 0)
        assert told.pay_url.startswith("http")
        assert done(await provider.fetch(told.ref)) == told

    async def test_what_the_account_offers_for_an_amount_can_be_chosen(self, provider: PaymentProvider) -> None:
        offered = await provider.methods("EUR", 1_250, "nl")
        assert isinstance(offered, Done), offered
        assert {one.method for one in offered.value} >= self.ways, "in the provider's own words"
        assert all(one.name and one.takes(1_250) for one in offered.value)
        for one in self.ways:
            told = done(await provider.create(replace(fresh_payment(), method=one)))
            assert told.status is ProviderStatus.OPEN

    async def test_what_vouchers_pay_is_not_asked_for(self, provider: PaymentProvider) -> None:
        payment = fresh_payment()
        charge = Charge(InstrumentKind.VOUCHER, "vou_1", "", 250)
        told = done(await provider.create(replace(payment, charges=(charge,))))
        assert told.amount_minor == payment.amount_minor - 250

    async def test_the_same_key_gives_the_same_payment(self, provider: PaymentProvider) -> None:
        payment = fresh_payment()
        first = done(await provider.create(payment))
        assert done(await provider.create(payment)).ref == first.ref

    async def test_the_same_key_with_another_amount_is_declined(self, provider: PaymentProvider) -> None:
        payment = fresh_payment()
        done(await provider.create(payment))
        assert isinstance(await provider.create(replace(payment, amount_minor=1_251)), Declined)

    async def test_a_payment_is_found_by_our_id(self, provider: PaymentProvider) -> None:
        payment = fresh_payment()
        assert await provider.find(payment) == Done(None)
        told = done(await provider.create(payment))
        assert await provider.find(payment) == Done(told)

    async def test_an_unknown_payment_is_declined_as_not_found(self, provider: PaymentProvider) -> None:
        assert await provider.fetch("nobodys/../payment") == Declined("not_found")

    async def test_a_paid_payment_has_succeeded_and_cannot_be_cancelled(self, provider: PaymentProvider) -> None:
        told = done(await provider.create(fresh_payment()))
        await self.buyer_pays(told)
        assert done(await provider.fetch(told.ref)).status is ProviderStatus.SUCCEEDED
        assert isinstance(await provider.cancel(told.ref), Declined)
        assert done(await provider.fetch(told.ref)).status is ProviderStatus.SUCCEEDED

    async def test_a_declined_payment_has_failed_with_a_reason(self, provider: PaymentProvider) -> None:
        told = done(await provider.create(fresh_payment()))
        await self.buyer_is_declined(told)
        failed = done(await provider.fetch(told.ref))
        assert failed.status is ProviderStatus.FAILED
        assert failed.reason

    async def test_cancelling_is_confirmed_and_may_be_repeated(self, provider: PaymentProvider) -> None:
        told = done(await provider.create(fresh_payment()))
        for _ in range(2):
            assert done(await provider.cancel(told.ref)).status is ProviderStatus.CANCELLED

    async def test_a_refund_moves_the_whole_amount_once_per_key(self, provider: PaymentProvider) -> None:
        payment = fresh_payment()
        told = done(await provider.create(payment))
        await self.buyer_pays(told)
        paid = replace(payment, provider_ref=told.ref)
        assert await refund(provider, paid) == Done(RefundReport.SUCCEEDED)
        assert await refund(provider, paid) == Done(RefundReport.SUCCEEDED)
        assert done(await provider.fetch(told.ref)).refunded_minor == payment.amount_minor
        assert isinstance(await refund(provider, paid, attempt=1), Declined)

    async def test_a_part_that_people_gave_back_is_told_and_the_rest_is_what_we_ask_for(
        self, provider: PaymentProvider
    ) -> None:
        payment = fresh_payment()
        told = done(await provider.create(payment))
        await self.buyer_pays(told)
        await self.house_gives_back(told, 250)
        assert done(await provider.fetch(told.ref)).refunded_minor == 250
        paid = replace(payment, provider_ref=told.ref)
        assert isinstance(await refund(provider, paid), Declined), "more than is left"
        assert await refund(provider, replace(paid, refunded_minor=250), attempt=1) == Done(RefundReport.SUCCEEDED)
        assert done(await provider.fetch(told.ref)).refunded_minor == payment.amount_minor

    @pytest.mark.parametrize("outcome", [DisputeState.WON, DisputeState.LOST])
    async def test_a_dispute_is_told_from_its_opening_to_its_end(
        self, provider: PaymentProvider, outcome: DisputeState
    ) -> None:
        payment = fresh_payment()
        told = done(await provider.create(payment))
        assert (told.dispute, told.disputed_minor) == (DisputeState.NONE, 0)
        await self.buyer_pays(told)
        await self.buyer_disputes(told, 1_000)
        opened = done(await provider.fetch(told.ref))
        assert (opened.status, opened.dispute, opened.disputed_minor) == (
            ProviderStatus.SUCCEEDED,
            DisputeState.OPEN,
            1_000,
        )
        assert isinstance(await refund(provider, replace(payment, provider_ref=told.ref)), Declined)
        await self.bank_decides(told, outcome)
        closed = done(await provider.fetch(told.ref))
        assert (closed.dispute, closed.disputed_minor, closed.refunded_minor) == (outcome, 1_000, 0)

    async def test_what_is_not_captured_cannot_be_refunded(self, provider: PaymentProvider) -> None:
        payment = fresh_payment()
        told = done(await provider.create(payment))
        assert isinstance(await refund(provider, replace(payment, provider_ref=told.ref)), Declined)

    async def test_what_happened_is_listed_in_order_after_a_cursor(self, provider: PaymentProvider) -> None:
        first = done(await provider.create(fresh_payment()))
        await self.buyer_pays(first)
        before = await provider.events_after("")
        assert isinstance(before, Done)
        assert [event.payment_ref for event in before.value.events] == [first.ref]
        second = done(await provider.create(fresh_payment()))
        await self.buyer_pays(second)
        after = await provider.events_after(before.value.cursor)
        assert isinstance(after, Done)
        assert [event.payment_ref for event in after.value.events] == [second.ref]
        assert not after.value.more

"""The Stripe adapter keeps the provider contract over the double's strict HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.payments.adapters.stripe_provider_client import StripeProviderClient
from services.payments.domain.payment import DisputeState
from services.payments.ports import Done, PaymentProvider, ProviderPayment
from tests.contract.payments.provider_contract import ProviderContract, done, fresh_payment
from tests.contract.payments.stripe_stage import StripeStage, stripe_stage


@pytest.fixture
async def stage() -> AsyncIterator[StripeStage]:
    async with stripe_stage(manual_capture=False) as running:
        yield running


@pytest.fixture
def provider(stage: StripeStage) -> StripeProviderClient:
    return stage.provider


class TestStripeProvider(ProviderContract):
    """See ProviderContract. Captured at once, as the contract's buyers pay; authorising: test_stripe_acts.py."""

    ways = {"card", "ideal"}  # noqa: RUF012

    @pytest.fixture(autouse=True)
    def _with_people(self, stage: StripeStage) -> None:
        self.people = stage.people

    async def buyer_pays(self, told: ProviderPayment) -> None:
        assert self.people.pay(told.ref)

    async def buyer_is_declined(self, told: ProviderPayment) -> None:
        self.people.is_declined(told.ref)
        self.people.leave(told.ref)

    async def house_gives_back(self, told: ProviderPayment, amount_minor: int) -> None:
        self.people.give_back(told.ref, amount_minor)

    async def buyer_disputes(self, told: ProviderPayment, amount_minor: int) -> None:
        self.people.dispute(told.ref, amount_minor)

    async def bank_decides(self, told: ProviderPayment, outcome: DisputeState) -> None:
        self.people.decide(told.ref, outcome.value.lower())

    async def test_what_happened_is_listed_in_order_after_a_cursor(self, provider: PaymentProvider) -> None:
        """Stripe tells one happening by several events, some of which name what lies behind the session."""
        first, second = [done(await provider.create(fresh_payment())) for _ in range(2)]
        await self.buyer_pays(first)
        before = await provider.events_after("")
        assert isinstance(before, Done)
        await self.buyer_pays(second)
        after = await provider.events_after(before.value.cursor)
        assert isinstance(after, Done)
        for page, ref in ((before.value, first.ref), (after.value, second.ref)):
            assert not page.more
            assert [done(await provider.fetch(event.payment_ref)).ref for event in page.events] == [ref, ref]

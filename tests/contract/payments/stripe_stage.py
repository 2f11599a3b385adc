"""Stripe's double, the people there, and a client of ours, for the files that try Stripe alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from services.payments.adapters.stripe_calls import StripeKeys
from services.payments.adapters.stripe_provider_client import StripeProviderClient
from services.runtime.testing.clocks import ShiftedClock
from tests.doubles.stripe import KEY, SECRET, StripeDouble
from tests.doubles.stripe_people import StripePeople

KEYS = StripeKeys(KEY, lambda _: (SECRET,), instrument_key=b"a key of the deployment")


@dataclass(frozen=True, slots=True)
class StripeStage:
    """All of one clock."""

    clock: ShiftedClock
    double: StripeDouble
    people: StripePeople
    provider: StripeProviderClient


@asynccontextmanager
async def stripe_stage(keys: StripeKeys = KEYS, **turned: Any) -> AsyncIterator[StripeStage]:
    """`turned`: what the client is built with."""
    clock = ShiftedClock()
    async with StripeDouble(clock) as double:
        client = StripeProviderClient(double.url, keys, clock=clock, **{"timeout_seconds": 60.0, **turned})
        yield StripeStage(clock, double, StripePeople(double), client)
        await client.close()

"""Mollie's double and an account that is open there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from services.payments.adapters.mollie_provider import MollieAccount, MollieLimits, MollieProvider
from services.runtime.clock import SystemClock
from tests.doubles.mollie import PROFILE, TEST_KEY, WEBHOOK_SECRET, Mollie

CLOCK = SystemClock()


@dataclass(slots=True)
class MollieStage:
    """`provider` speaks with `mollie`."""

    mollie: Mollie
    provider: MollieProvider


@asynccontextmanager
async def mollie_stage(*, key: str = TEST_KEY, profile: str = PROFILE, **limits: Any) -> AsyncIterator[MollieStage]:
    """`limits`: those of MollieLimits; calls have a minute, for machines that are slow."""
    async with Mollie() as mollie:
        account = MollieAccount(
            instrument_key=b"a key of the deployment",
            account="pac_1",
            house_id="house_1",
            key=key,
            profile=profile,
            is_test=key.startswith("test_"),
            created_at_ms=CLOCK.now_ms(),
            webhook_url="https://tickets.example/webhooks/mollie/pac_1",
            webhook_secrets=lambda _now_ms: (WEBHOOK_SECRET, "the one before"),
        )
        turned = MollieLimits(**{"timeout_seconds": 60.0, **limits})
        provider = MollieProvider(account, mollie.url, clock=CLOCK, limits=turned)
        try:
            yield MollieStage(mollie, provider)
        finally:
            await provider.close()

"""A provider on its worst day: whatever goes wrong with calls and webhooks, each payment ends as the money did."""

from __future__ import annotations

import asyncio

from services.payments.sandbox.chaos import CallTrouble, Chaos, WebhookTrouble
from services.runtime.clock import SystemClock
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import DECLINES, FAILED, PAYS, PENDING, SUCCEEDED


async def test_every_payment_ends_as_the_money_did_and_is_told_once(start_rig: StartRig) -> None:
    rig = await start_rig(
        chaos=0.5,
        stall_seconds=1.0,
        settings={"provider_timeout_seconds": 0.5, "listing_interval_seconds": 0.3, "pending_seconds": 0.5},
    )
    payments = await asyncio.gather(*(rig.create(f"ord_{number}") for number in range(16)))
    payments = await asyncio.gather(*(rig.reaches(payment, PENDING) for payment in payments))
    ends = [FAILED if number % 4 == 0 else SUCCEEDED for number in range(16)]
    await asyncio.gather(
        *(rig.pay(one, DECLINES if end is FAILED else PAYS) for one, end in zip(payments, ends, strict=True))
    )
    await asyncio.gather(*(rig.reaches(one, end) for one, end in zip(payments, ends, strict=True)))
    told = [type(event).__name__ for event in await rig.events()]
    assert sorted(told) == ["PaymentFailed"] * 4 + ["PaymentSucceeded"] * 12
    assert len({event.payment_id for event in await rig.events()}) == 16


def test_the_same_seed_brings_the_same_troubles_and_another_one_others() -> None:
    def drawn(seed: int) -> list[object]:
        chaos = Chaos(0.5, seed=seed, clock=SystemClock(), stall_seconds=1.0)
        return [trouble for _ in range(60) for trouble in (chaos.of_call(), chaos.of_webhook())]

    assert drawn(1) == drawn(1) != drawn(2)
    assert set(drawn(1)) == {None, *CallTrouble, *WebhookTrouble}


def test_a_good_day_has_no_trouble() -> None:
    chaos = Chaos(0.0, seed=1, clock=SystemClock(), stall_seconds=1.0)
    assert {chaos.of_call() for _ in range(99)} | {chaos.of_webhook() for _ in range(99)} == {None}

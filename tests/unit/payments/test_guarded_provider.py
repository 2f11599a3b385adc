"""One account behind bounds: it rests after silence, is not asked while it is locked, and pauses when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.payments.handlers.guarded_provider import (
    LOCKED,
    LONGEST_REST_SECONDS,
    MOST_AT_ONCE,
    RESTING,
    SILENCES_BEFORE_REST,
    ClosedProvider,
    GuardedProvider,
)
from services.payments.ports import KEY_REFUSED, Declined, Outcome, ProviderPayment, Uncertain
from services.runtime.clock import SystemClock
from tests.unit.payments.builders import payment

SILENCE = Uncertain("silence")


class Turned(SystemClock):
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Told(ClosedProvider):
    """Answers as the test says, and counts how often it is asked."""

    def __init__(self, answer: Outcome[ProviderPayment]) -> None:
        super().__init__("pac_1", "told")
        self.answer = answer
        self.asked = 0
        self.at_once = self.most_at_once = 0

    async def fetch(self, ref: str) -> Outcome[ProviderPayment]:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await SystemClock().sleep(0)
        self.at_once -= 1
        return self.answer

    async def create(self, payment: object) -> Outcome[ProviderPayment]:
        return self.answer


def guarded(
    told: Told, clock: Turned, *, is_locked: bool = False, on_key_refused: Callable[[], None] = lambda: None
) -> GuardedProvider:
    return GuardedProvider(told, clock, is_locked=is_locked, on_key_refused=on_key_refused)


async def test_after_silence_it_rests_longer_each_time_and_one_question_tries_it() -> None:
    told, clock = Told(SILENCE), Turned()
    provider = guarded(told, clock)
    for _ in range(SILENCES_BEFORE_REST):
        assert await provider.fetch("x") == SILENCE
    waits = []
    for _ in range(8):
        began = clock.now
        while await provider.fetch("x") == Uncertain(RESTING):
            clock.now += 0.5
        waits.append(clock.now - began)
    assert waits == sorted(waits)
    assert waits[0] == 1.0
    assert waits[-1] == LONGEST_REST_SECONDS
    assert told.asked == SILENCES_BEFORE_REST + len(waits)
    assert provider.is_silent
    told.answer = Declined("not_found")
    clock.now += LONGEST_REST_SECONDS
    assert await provider.fetch("x") == told.answer
    assert not provider.is_silent
    assert await provider.fetch("x") == told.answer, "an answer ends the rest"


async def test_it_pauses_as_long_as_the_provider_asks() -> None:
    told, clock = Told(Uncertain("status_429", retry_after_ms=7_000)), Turned()
    provider = guarded(told, clock)
    await provider.fetch("x")
    clock.now = 6.9
    assert await provider.fetch("x") == Uncertain(RESTING)
    clock.now = 7.0
    await provider.fetch("x")
    assert told.asked == 2


async def test_only_so_many_questions_are_under_way() -> None:
    told = Told(Declined("not_found"))
    provider = guarded(told, Turned())
    await asyncio.gather(*(provider.fetch("x") for _ in range(3 * MOST_AT_ONCE)))
    assert told.most_at_once == MOST_AT_ONCE
    assert not provider.is_busy


async def test_a_locked_account_is_not_asked() -> None:
    told = Told(SILENCE)
    assert await guarded(told, Turned(), is_locked=True).fetch("x") == Uncertain(LOCKED)
    assert told.asked == 0


async def test_a_refused_key_is_told_and_proves_nothing_but_for_a_first_creation() -> None:
    refused: list[str] = []
    provider = guarded(Told(Declined(KEY_REFUSED)), Turned(), on_key_refused=lambda: refused.append("told"))
    assert await provider.fetch("x") == Uncertain(KEY_REFUSED)
    assert await provider.create(payment()) == Declined(KEY_REFUSED)
    assert await provider.create(payment(attempts=1)) == Uncertain(KEY_REFUSED)
    assert refused == ["told"] * 3

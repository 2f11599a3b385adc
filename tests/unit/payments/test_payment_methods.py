"""Where buyers can pay now: an account whose provider is silent is told so, and tried again by whoever comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.payments.domain.payment_methods import PaymentMethod
from services.payments.domain.provider_account import Credentials, ProviderAccount
from services.payments.handlers.guarded_provider import FIRST_REST_SECONDS, SILENCES_BEFORE_REST
from services.payments.handlers.payment_methods import UNKNOWN_SECONDS, MethodDesk, PayingState
from services.payments.ports import Done, Outcome, Uncertain
from tests.unit.payments.test_open_accounts import Behind, Opened, Turned, opened
from tests.unit.payments.test_provider_account import account

ONE = replace(account("pac_one", "EUR", default=True), house_id="house_1")
CARD = PaymentMethod("creditcard", "Card")


class Clock(Turned):
    """Both of its times are turned together."""

    def monotonic(self) -> float:
        return self.at_ms / 1_000


class Asked(Opened):
    """Answers as the test says, and counts how often it is asked."""

    answer: Outcome[Sequence[PaymentMethod]] = Uncertain("silence")
    asked = 0

    async def methods(self, currency: str, amount_minor: int, language: str) -> Outcome[Sequence[PaymentMethod]]:
        self.asked += 1
        return self.answer


class OneBehind(Behind):
    """Opens one account."""

    def __init__(self) -> None:
        super().__init__(ONE)
        self.provider = Asked(ONE)

    def open(self, wanted: ProviderAccount, credentials: Credentials) -> Opened:
        return self.provider


async def test_an_account_that_was_silent_takes_payments_as_soon_as_its_provider_answers_again() -> None:
    """Where nobody can pay nobody would ask it: the rest ends by its time, and who wants to pay then tries it."""
    behind, clock = OneBehind(), Clock()
    desk = MethodDesk(opened(behind, clock), clock)

    async def told() -> tuple[PayingState, int | None]:
        (one,) = await desk.accounts("house_1", "EUR", 2_500, "en")
        return one.state, None if one.methods is None else len(one.methods)

    for _ in range(SILENCES_BEFORE_REST):
        assert await told() == (PayingState.OPEN, None)
        clock.at_ms += int(UNKNOWN_SECONDS * 1_000)
    clock.at_ms -= int(UNKNOWN_SECONDS * 1_000)
    assert await told() == (PayingState.SILENT, None)
    assert behind.provider.asked == SILENCES_BEFORE_REST, "it rests"
    behind.provider.answer = Done([CARD])
    # Nothing is known of it for longer than it rests.
    assert FIRST_REST_SECONDS < UNKNOWN_SECONDS
    clock.at_ms += int(UNKNOWN_SECONDS * 1_000)
    assert await told() == (PayingState.OPEN, 1)
    assert await told() == (PayingState.OPEN, 1)


async def test_while_it_stays_silent_one_question_tries_it_and_everybody_else_is_told() -> None:
    behind, clock = OneBehind(), Clock()
    desk = MethodDesk(opened(behind, clock), clock)
    for amount in range(1, 1 + SILENCES_BEFORE_REST):
        await desk.accounts("house_1", "EUR", amount, "en")
    clock.at_ms += int(FIRST_REST_SECONDS * 1_000)
    states = [(await desk.accounts("house_1", "EUR", amount, "en"))[0].state for amount in range(100, 110)]
    assert states == [PayingState.OPEN, *[PayingState.SILENT] * 9]
    assert behind.provider.asked == SILENCES_BEFORE_REST + 1

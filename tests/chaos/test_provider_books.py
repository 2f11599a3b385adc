"""When the provider's books and the payments service's may be compared, and what is found then."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from services.console.audit.facts import Facts, PaymentFact
from services.payments.sandbox.acquirer import Acquirer, Wanted
from services.payments.sandbox.cards import CARDS, Behaviour
from services.payments.sandbox.ledger import Ledger
from services.runtime.clock import LoopClock
from services.runtime.ids import SeededIds
from services.runtime.testing import run_virtual
from tests.chaos.provider_books import agree_in_time, money_under_way, provider_disagrees

LATE_SECONDS, WEBHOOK_SECONDS, PATIENCE_SECONDS = 6.0, 2.0, 60.0
PAYS_LATE = next(card for card in CARDS if card.behaviour is Behaviour.PAYS_LATE)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Path]:
    """A provider that captured 10.00 twice and gave one of them back."""
    path = tmp_path / "sandbox.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE payments (reference TEXT, status TEXT, amount_minor INT, refunded_minor INT)")
        rows = [("pay_1", "succeeded", 1000, 0), ("pay_2", "succeeded", 1000, 1000), ("pay_3", "failed", 1000, 0)]
        connection.executemany("INSERT INTO payments VALUES (?, ?, ?, ?)", rows)
        connection.commit()
    yield path


def paid(payment_id: str, state: str = "SUCCEEDED", *, refunded: bool = False) -> PaymentFact:
    return PaymentFact("perf_1", "order_1", payment_id, state, refunded, 1000)


def test_a_provider_that_agrees_payment_by_payment_is_no_finding(ledger: Path) -> None:
    facts = Facts(payments=[paid("pay_1"), paid("pay_2", refunded=True), paid("pay_3", "FAILED")])
    assert provider_disagrees(ledger, facts) == []


@pytest.mark.parametrize(
    "payments",
    [
        [],
        [paid("pay_1", refunded=True)],
        [paid("pay_1", "CANCELLED")],
        [paid("pay_1"), paid("pay_2")],
        [paid("pay_1"), paid("pay_9")],
    ],
)
def test_money_that_only_one_side_knows_of_is_found(ledger: Path, payments: list[PaymentFact]) -> None:
    assert len(provider_disagrees(ledger, Facts(payments=payments))) == 1


def acquirer_of(ledger: Ledger, clock: LoopClock) -> Acquirer:
    return Acquirer(
        ledger, clock=clock, ids=SeededIds(1), pay_late_seconds=LATE_SECONDS, stall_seconds=0, webhooks=False
    )


def wanted(clock: LoopClock) -> Wanted:
    return Wanted(1000, "EUR", "https://shop.example/", clock.now_ms() + 5_000, {"payment_id": "pay_1"})


class LateMoney:
    """One payment, cancelled on both sides, whose money comes all the same; payments hears of that a while later."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = "CANCELLED"

    async def payments_say(self) -> Facts:
        """What an audit would be told at this moment."""
        return Facts(payments=[paid("pay_1", self._state)])

    @asynccontextmanager
    async def coming(self) -> AsyncIterator[None]:
        """The provider itself, in the loop's time."""
        clock = LoopClock()
        with closing(Ledger(str(self.path))) as ledger:
            acquirer = acquirer_of(ledger, clock)
            with ledger.transaction():
                payment = acquirer.create(wanted(clock))
                acquirer.pay(payment, PAYS_LATE)
                assert acquirer.cancel(payment)
            capturing = asyncio.create_task(self._capture(ledger, acquirer, clock))
            yield
            capturing.cancel()
            await asyncio.gather(capturing, return_exceptions=True)

    async def _capture(self, ledger: Ledger, acquirer: Acquirer, clock: LoopClock) -> None:
        await clock.sleep(LATE_SECONDS)
        with ledger.transaction():
            acquirer.run_due()
        await clock.sleep(WEBHOOK_SECONDS)
        self._state = "SUCCEEDED"


def test_books_are_not_compared_while_money_is_to_move(tmp_path: Path) -> None:
    late = LateMoney(tmp_path / "sandbox.sqlite")

    async def scenario() -> None:
        async with late.coming():
            # Both say that there is no money, and both are about to be wrong.
            asked_at_once = await late.payments_say()
            assert provider_disagrees(late.path, asked_at_once) == []
            assert money_under_way(late.path) == ["pay_1"]

            assert await agree_in_time(late.path, late.payments_say, PATIENCE_SECONDS)

            assert LoopClock().monotonic() >= LATE_SECONDS + WEBHOOK_SECONDS
            assert money_under_way(late.path) == []
            assert provider_disagrees(late.path, await late.payments_say()) == []
            # What a storm found wrong that had asked payments first and read the provider's book a moment later.
            found = provider_disagrees(late.path, asked_at_once)
            assert found == ["payment pay_1: the provider keeps 1000, payments says 0"]

    run_virtual(scenario())


@pytest.mark.parametrize("patience_seconds", [LATE_SECONDS - 1, LATE_SECONDS + WEBHOOK_SECONDS - 1])
def test_money_that_does_not_come_in_time_or_is_not_heard_of_is_told(tmp_path: Path, patience_seconds: float) -> None:
    late = LateMoney(tmp_path / "sandbox.sqlite")

    async def scenario() -> None:
        async with late.coming():
            assert not await agree_in_time(late.path, late.payments_say, patience_seconds)

    run_virtual(scenario())


def test_the_end_of_a_payment_that_nobody_pays_moves_no_money(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.sqlite"

    async def scenario() -> None:
        clock = LoopClock()
        with closing(Ledger(str(path))) as ledger, ledger.transaction():
            acquirer_of(ledger, clock).create(wanted(clock))
        assert money_under_way(path) == []

    run_virtual(scenario())

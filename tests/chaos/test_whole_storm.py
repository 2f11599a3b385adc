"""A short storm on every service at once, with a schedule that is the same every time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.console.audit.facts import Facts, PaymentFact
from services.console.commands.demo import FAST
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from tests.chaos.whole_faults import schedule
from tests.chaos.whole_storm import WholeStorm, provider_disagrees, run_whole_storm

KINDS = ("valkey_failover", "bus_cut", "kill_orders", "postgres_restart")
# In so short a storm a fault may fall between two calls. `make chaos STACK=whole` is void without it.
MATTERS_OF_LUCK = {"no buyer had to send anything again"}


@pytest.mark.slow
async def test_with_a_store_the_bus_a_service_and_the_record_gone_in_turn_money_and_seats_agree(
    own_server_folder: Path,
) -> None:
    storm = WholeStorm(seed=6, seconds=18.0, kinds=KINDS, performances=1, tempo=FAST, warm_seconds=4.0)
    planned = schedule(storm.seed, KINDS)
    # While buyers come: only then have the two something to lose and to hold back.
    assert {next(planned).kind, next(planned).kind} == {"valkey_failover", "bus_cut"}
    outcome = await run_whole_storm(storm, SystemClock(), RandomIds(), own_server_folder, print)
    assert outcome.wrong == []
    assert [why for why in outcome.void if why not in MATTERS_OF_LUCK] == []
    assert outcome.holds_lost > 0
    assert outcome.restarts["orders"] > 0


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

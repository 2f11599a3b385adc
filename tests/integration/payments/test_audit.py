"""The audit of payments: clean after a lively sale, and each check bites when its rule is broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest, Check, PaymentInRecord
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from sqlalchemy import insert, text

from services.payments.adapters.overdue_refunds import OverdueRefunds, RefundPatience
from services.payments.adapters.payment_rows import row_of
from services.payments.adapters.tables import PAYMENTS
from services.payments.domain.refunds import RefundState
from services.runtime.clock import SystemClock
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing import eventually
from services.runtime.testing.plans import read_through, statements_of
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import DECLINES, FAILED, PAYS, SENDS_TWICE, SUCCEEDED, Rig
from tests.unit.payments.builders import refund_of, refunding


async def audit(rig: Rig, performance_id: str = "") -> tuple[list[Check], list[PaymentInRecord]]:
    checks: list[Check] = []
    facts: list[PaymentInRecord] = []
    async for page in AuditServiceStub(rig.channel).Audit(AuditRequest(performance_id=performance_id)):
        checks.extend(page.checks)
        facts.extend(fact.payment for fact in page.facts)
    return checks, facts


async def broken(rig: Rig) -> list[str]:
    checks, _ = await audit(rig)
    return [violation for check in checks for violation in check.violations]


NOTHING_THERE = {
    "what a provider has of ours is in the record",
    "vouchers and refunds come to no more than was paid",
    "what is on a voucher is what its ledger says",
    "what is reserved of vouchers is of payments under way",
    "what cards have paid for is what their payments say",
}


async def test_a_lively_sale_leaves_a_clean_audit_and_tells_every_payment(start_rig: StartRig) -> None:
    rig = await start_rig()
    paid, twice, declined = [await rig.create(f"ord_{number}") for number in range(3)]
    elsewhere = await rig.create("ord_9", performance_id="perf_2")
    for payment, card in ((paid, PAYS), (twice, SENDS_TWICE), (declined, DECLINES), (elsewhere, PAYS)):
        await rig.pay(payment, card)
    for payment in (paid, twice, elsewhere):
        await rig.reaches(payment, SUCCEEDED)
    await rig.reaches(declined, FAILED)
    await rig.refund(twice)
    await rig.is_refunded(twice)

    async def clean() -> None:
        checks, facts = await audit(rig)
        assert {check.invariant for check in checks} == {"INV-3", "INV-7", "INV-8"}
        of_payments = [check for check in checks if check.invariant != "INV-8"]
        assert len(of_payments) == 12
        # Nothing is paid by vouchers here, nothing waits for people: those checks have nothing to look at.
        assert {check.name for check in of_payments if not check.examined} <= NOTHING_THERE, checks
        assert await broken(rig) == []
        told = {fact.payment_id: (fact.state, fact.refunded, fact.amount.amount_minor) for fact in facts}
        assert told == {
            paid.payment_id: ("SUCCEEDED", False, 2_500),
            twice.payment_id: ("SUCCEEDED", True, 2_500),
            declined.payment_id: ("FAILED", False, 2_500),
            elsewhere.payment_id: ("SUCCEEDED", False, 2_500),
        }

    await eventually(clean)
    assert {fact.payment_id for fact in (await audit(rig, "perf_2"))[1]} == {elsewhere.payment_id}


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE payments SET order_id = 'ord_0'", "house house_1 order ord_0: "),
        (
            "UPDATE payments SET refund_state = 'DUE', refund_due_at_ms = 1, next_attempt_at_ms = 9e15::bigint",
            "due since 1",
        ),
        (
            "UPDATE payments SET refund_state = 'STUCK', refund_refusals = 10, next_attempt_at_ms = 9e15::bigint",
            "was refused 10 times",
        ),
        (
            "INSERT INTO instrument_uses VALUES ('house_1', 'a card', 'perf_1', 3)",
            "house house_1 performance perf_1: a card has 3 tickets, its payments come to 0",
        ),
        (
            """UPDATE payments SET instrument = 'a card',
               limits = '[{"performance_id": "perf_1", "seats": 2, "most": 9}]',
               refunds = '[{"key": "k", "seats_back": [["perf_1", 1]]}]'""",
            "house house_1 performance perf_1: a card has 0 tickets, its payments come to 3",
        ),
        ("UPDATE payments SET state = 'PENDING', next_attempt_at_ms = NULL", "is PENDING"),
        ("UPDATE payments SET state = 'AUTHORISED', authorised_at_ms = 1", "is AUTHORISED, authorised since 1"),
        (
            "INSERT INTO provider_notices VALUES ('sandbox', 'evt_x', 'sbx_x', NULL, 1, 0, 9e15::bigint)",
            "event evt_x of sbx_x",
        ),
        ("DELETE FROM outbox WHERE sequence = 2", "key perf_1: last 3, kept 2 from 1 to 3"),
        ("DELETE FROM outbox WHERE sequence = 3", "key perf_1: last 3, kept 2 from 1 to 2"),
    ],
)
async def test_each_check_finds_its_harm(start_rig: StartRig, harm: str, said: str) -> None:
    rig = await start_rig()
    for number in range(3):
        payment = await rig.create(f"ord_{number}")
        await rig.pay(payment, PAYS)
        await rig.reaches(payment, SUCCEEDED)

    async def published() -> None:
        async with rig.engine.connect() as connection:
            last = await connection.execute(text("SELECT last_sequence FROM outbox_sequence"))
            assert last.scalar_one() == 3

    await eventually(published)
    async with rig.engine.begin() as connection:
        await connection.execute(text(harm))
    assert any(said in violation for violation in await broken(rig))


PATIENCE = RefundPatience(3_600.0, 5.0, 10.0)
HOUR, DAY = 3_600_000, 86_400_000
# The provider, how long the first and the second refund are owed, and what else is known of each.
_OWED: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any] | None, bool]] = [
    ("mollie", {"ago": 2 * DAY, "accepted_at_ms": 1}, None, False),
    ("mollie", {"ago": 6 * DAY, "accepted_at_ms": 1}, None, True),
    ("stripe", {"ago": 6 * DAY, "accepted_at_ms": 1}, None, False),
    ("stripe", {"ago": 11 * DAY, "accepted_at_ms": 1}, None, True),
    # Nobody has taken it on: an hour is long. A provider that takes no days has none.
    ("mollie", {"ago": HOUR // 2}, None, False),
    ("mollie", {"ago": 2 * HOUR}, None, True),
    ("sandbox", {"ago": 2 * HOUR, "accepted_at_ms": 1}, None, True),
    ("mollie", {"ago": 2 * HOUR, "accepted_at_ms": 1, "state": RefundState.STUCK}, None, True),
    # It waits for the one before, and its own time begins with that one's end.
    ("mollie", {"ago": 2 * DAY, "accepted_at_ms": 1}, {"ago": DAY}, False),
    ("mollie", {"ago": 2 * DAY, "ended": 60_000, "state": RefundState.SUCCEEDED}, {"ago": DAY}, False),
    ("mollie", {"ago": 2 * DAY, "ended": 2 * HOUR, "state": RefundState.SUCCEEDED}, {"ago": DAY}, True),
    ("mollie", {"ago": 9 * DAY, "ended": 8 * DAY, "state": RefundState.SUCCEEDED}, None, False),
]


async def test_a_refund_on_its_way_is_overdue_after_its_providers_days_and_any_other_after_an_hour(
    database_url: DatabaseUrl,
) -> None:
    now_ms, url = SystemClock().now_ms(), database_url("payments")
    owner, engine = as_owner(url), create_engine(url, application="test", by_key=True)
    overdue = OverdueRefunds(engine, SystemClock(), PATIENCE)
    told = []
    for provider, *owed, _ in _OWED:
        subject = refunding(RefundState.DUE, provider=provider)
        refunds = []
        for number, known in enumerate(filter(None, owed)):
            facts = dict(known)
            facts["due_at_ms"] = now_ms - facts.pop("ago")
            if ended := facts.pop("ended", 0):
                facts["ended_at_ms"] = now_ms - ended
            refunds.append(refund_of(subject, key=f"ref_{number}", amount_minor=1_000, provider_minor=1_000, **facts))
        async with owner.begin() as connection:
            await connection.execute(text("DELETE FROM payments"))
            await connection.execute(insert(PAYMENTS), [row_of(replace(subject, refunds=tuple(refunds)))])
        told.append(await overdue.count())
    with statements_of(engine) as statements:
        await overdue.count()
    read = await read_through(engine, statements, AllHouses("the test asks how statements are run"))
    await engine.dispose()
    await owner.dispose()
    assert read
    assert all("of all of ix_payments_refunds_open in" in one for one in read), "of nothing but what is owed"
    assert [bool(count) for count in told] == [is_overdue for *_, is_overdue in _OWED]

"""A card pays for no more tickets than the house allows: authorised money is let go, and two at once are kept apart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.payments.v1.payments_service_pb2 import InstrumentLimit as Limit
from balcon.payments.v1.payments_service_pb2 import SeatsBack
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payments.adapters import postgres_payment_store
from services.payments.adapters.postgres_payment_store import PostgresPaymentStore
from services.payments.adapters.voucher_rows import VoucherRows
from services.payments.domain.next_attempt import RetryPolicy
from services.payments.domain.payment import InstrumentLimit, OverLimit, Payment, PaymentState
from services.payments.domain.transitions import Report, ReportKind, decide
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.seal import Seal
from services.runtime.sql.engine import create_engine
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import CANCELLED, PAYS, SENDS_TWICE, SUCCEEDED
from tests.unit.payments.builders import NOW_MS, payment

MANUAL = {"sandbox_manual_capture": True}
AT_ONCE, MOST = 6, 2


def limits(seats: int) -> list[Limit]:
    return [Limit(performance_id="perf_1", count=seats, most=3)]


async def test_over_its_limit_a_card_is_never_charged_and_what_goes_back_may_be_paid_for_again(
    start_rig: StartRig,
) -> None:
    rig = await start_rig(settings=MANUAL)
    first, second = await rig.create("ord_1", limits=limits(2)), await rig.create("ord_2", limits=limits(2))
    await rig.pay(first, PAYS)
    await rig.reaches(first, SUCCEEDED)
    await rig.pay(second, PAYS)
    await rig.reaches(second, CANCELLED)
    told = await rig.get(second)
    assert (told.over_limit.most, told.over_limit.has, told.over_limit.wanted) == (3, 2, 2)
    states = {one["metadata"]["payment_id"]: one["status"] for one in await rig.at_provider()}
    assert states == {first.payment_id: "succeeded", second.payment_id: "cancelled"}
    (event,) = await rig.events(second)
    assert event.over_limit == told.over_limit
    other = await rig.create("ord_3", limits=limits(3))
    await rig.pay(other, SENDS_TWICE)
    await rig.reaches(other, SUCCEEDED)
    await rig.refund(first, amount_minor=1_000, seats_back=[SeatsBack(performance_id="perf_1", count=1)])
    third = await rig.create("ord_4", limits=limits(2))
    await rig.pay(third, PAYS)
    await rig.reaches(third, SUCCEEDED)
    assert not (await rig.get(third)).HasField("over_limit")
    rows = await _uses(rig.engine)
    assert sorted(rows) == [3, 3]
    checks = [check async for page in AuditServiceStub(rig.channel).Audit(AuditRequest()) for check in page.checks]
    (of_cards,) = [check for check in checks if check.name == "what cards have paid for is what their payments say"]
    assert (of_cards.examined, list(of_cards.violations)) == (2, [])


async def test_money_that_came_at_once_is_told_as_over_the_limit(start_rig: StartRig) -> None:
    rig = await start_rig()
    first, second = await rig.create("ord_1", limits=limits(3)), await rig.create("ord_2", limits=limits(1))
    for one in (first, second):
        await rig.pay(one, PAYS)
        await rig.reaches(one, SUCCEEDED)
    assert (await rig.get(second)).over_limit.has == 3
    (event,) = await rig.events(second)
    assert event.over_limit.most == 3
    await rig.refund(second, "ref_2")
    await rig.refund(first, "ref_1")

    async def given_back() -> None:
        assert await _uses(rig.engine) == [0]

    await eventually(given_back)


async def _uses(engine: Any) -> list[int]:
    async with engine.connect() as connection:
        return [row.used for row in await connection.execute(text("SELECT used FROM instrument_uses"))]


async def raced(database_url: str) -> int:
    """How many payments of one card keep their money, of as many as were authorised at once."""
    engine, clock, ids = create_engine(database_url, application="test", pool_size=AT_ONCE), SystemClock(), RandomIds()
    rows = VoucherRows(ids=ids, seal=Seal(["a secret of the tests' own"], owner="payments"))
    # A store each, as so many processes have: one alone would change them all in one transaction.
    stores = [
        PostgresPaymentStore(
            engine, clock=clock, ids=ids, retry_policy=RetryPolicy(), on_events=lambda: None, vouchers=rows
        )
        for _ in range(AT_ONCE)
    ]
    limit = (InstrumentLimit("perf_1", 1, MOST),)
    payments = [
        replace(payment(limits=limit), payment_id=f"pay_{number}", idempotency_key=f"ord_{number}:1")
        for number in range(AT_ONCE)
    ]
    report = Report(ReportKind.AUTHORISED, instrument="h" * 64)

    async def authorised(store: PostgresPaymentStore, one: Payment) -> Payment:
        await store.record(one)
        told = replace(report, provider_ref=f"sbx_{one.payment_id}")
        changed = await store.change(one.house_id, one.payment_id, lambda known: decide(known, told, NOW_MS))
        assert changed is not None
        return changed[0]

    after = await asyncio.gather(*map(authorised, stores, payments))
    await engine.dispose()
    assert all(one.state is PaymentState.AUTHORISED for one in after)
    return sum(one.over_limit is None for one in after)


async def test_of_many_payments_at_once_no_more_than_the_limit_keep_a_cards_money(database_url: DatabaseUrl) -> None:
    assert await raced(database_url("payments")) == MOST


async def test_a_limit_that_is_looked_at_before_it_is_counted_is_passed(
    database_url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: all look, then all take."""
    all_have_looked = asyncio.Barrier(AT_ONCE)

    async def judge(
        connection: AsyncConnection, house_id: str, pairs: Sequence[tuple[Payment, Payment]]
    ) -> Mapping[str, OverLimit]:
        del house_id, pairs
        used = (await connection.execute(text("SELECT coalesce(max(used), 0) FROM instrument_uses"))).scalar_one()
        await all_have_looked.wait()
        return {} if used < MOST else {"pay_0": OverLimit("perf_1", MOST, used, 1)}

    monkeypatch.setattr(postgres_payment_store, "judge", judge)
    assert await raced(database_url("payments")) == AT_ONCE > MOST

"""What payments asks of its database is looked up by key, whatever the planner knows of the tables."""

from __future__ import annotations

import asyncio

import pytest

from services.payments.adapters.postgres_payment_store import PostgresPaymentStore
from services.payments.adapters.postgres_webhook_event_store import PostgresWebhookEventStore
from services.payments.domain.next_attempt import RetryPolicy
from services.payments.domain.payment import Payment
from services.payments.domain.transitions import Decision, Report, ReportKind, decide
from services.payments.ports import WebhookEvent
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.sql.scopes import AllHouses
from services.runtime.testing.plans import read_through, statements_of
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.payments.builders import voucher_rows
from tests.integration.payments.rig import HOUSE
from tests.unit.payments.builders import payment as a_payment

CLOCK = SystemClock()
EVERYTHING = AllHouses("the test asks how statements are run")


def _succeeds(payment: Payment) -> Decision:
    return decide(payment, Report(ReportKind.SUCCEEDED, provider_ref=f"ref_{payment.payment_id}"), CLOCK.now_ms())


async def take(store: PostgresPaymentStore, inbox: PostgresWebhookEventStore, number: int) -> None:
    """A payment from the order's word to the money."""
    payment = a_payment(payment_id=f"pay_{number}", idempotency_key=f"key_{number}", house_id=HOUSE)
    recorded = await store.record(payment)
    told = WebhookEvent(f"evt_{number}", f"ref_{payment.payment_id}")
    await inbox.add("sandbox", told, 9.0)
    await store.change(HOUSE, recorded.payment_id, _succeeds, settles=[told])
    await store.find(HOUSE, recorded.payment_id)


@pytest.mark.parametrize("by_key", [True, False])
async def test_the_statements_of_a_payment_read_no_whole_table_where_nothing_is_known_of_it(
    database_url: DatabaseUrl, by_key: bool
) -> None:
    engine = create_engine(database_url("payments"), application="test", by_key=by_key)
    policy = RetryPolicy()
    store = PostgresPaymentStore(
        engine, clock=CLOCK, ids=RandomIds(), retry_policy=policy, on_events=lambda: None, vouchers=voucher_rows()
    )
    inbox = PostgresWebhookEventStore(engine, clock=CLOCK)
    try:
        with statements_of(engine) as statements:
            await take(store, inbox, 0)
            await store.payment_refunded_under(HOUSE, "refund_1")
            await store.lease_due(10, 1.0)
            await inbox.lease(10, 1.0)
            await inbox.purge(0, 10)
        empty = await read_through(engine, statements, EVERYTHING)
        await asyncio.gather(*(take(store, inbox, number) for number in range(1, 40)))
        filled = await read_through(engine, statements, EVERYTHING)
    finally:
        await engine.dispose()
    assert len(statements) > 8
    assert (not empty and not filled) if by_key else filled

"""The inbox of events: each is worked once, and none is put aside for a reason that says nothing of the payment."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.payments.adapters.postgres_payment_store import PostgresPaymentStore
from services.payments.adapters.postgres_unknown_payments import PostgresUnknownPayments
from services.payments.adapters.postgres_vouchers import PostgresVouchers
from services.payments.adapters.postgres_webhook_event_store import PostgresWebhookEventStore
from services.payments.adapters.sandbox_provider_client import SandboxProviderClient
from services.payments.domain.next_attempt import RetryPolicy
from services.payments.handlers.new_vouchers import NewVouchers
from services.payments.handlers.payment_driver import PaymentDriver
from services.payments.handlers.webhook_desk import WebhookDesk
from services.payments.handlers.webhook_worker import WebhookWorker
from services.payments.ports import LeasedWebhookEvent, PaymentProvider, WebhookEvent
from services.payments.sandbox.couriers import signature_header
from services.runtime.clock import SystemClock
from services.runtime.http_server import HttpServer
from services.runtime.ids import RandomIds
from services.runtime.sql.engine import create_engine
from services.runtime.testing import eventually
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.payments.builders import voucher_rows
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import SECRET
from tests.unit.payments.one_account import OneAccount

CLOCK = SystemClock()


def _client(url: str = "http://127.0.0.1:1") -> SandboxProviderClient:
    return SandboxProviderClient(url, secrets=lambda _: [SECRET], timeout_seconds=3.0, clock=CLOCK)


@asynccontextmanager
async def _engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(url, application="test", pool_size=2)
    try:
        yield engine
    finally:
        await engine.dispose()


async def _nothing_proven(_provider: PaymentProvider, _event: WebhookEvent) -> bool:
    return False


async def test_a_duplicate_webhook_is_worked_once(database_url: DatabaseUrl) -> None:
    worked: list[str] = []
    provider = _client()
    async with _engine(database_url("payments")) as engine:
        inbox = PostgresWebhookEventStore(engine, clock=CLOCK)
        desk = WebhookDesk(
            providers=OneAccount(provider),
            inbox=inbox,
            payments=PostgresUnknownPayments(engine, CLOCK),
            clock=CLOCK,
            on_new=lambda _account, event: worked.append(event.event_id),
            take=_nothing_proven,
        )
        for event_id in ("evt_1", "evt_1", "evt_2", "evt_1"):
            body = json.dumps({"id": event_id, "data": {"payment_id": "sbx_1"}}).encode()
            headers = {"balcon-signature": signature_header(SECRET, CLOCK.now_ms() // 1000, body)}
            assert await desk.receive(provider, "", headers, body) is None
    await provider.close()
    assert worked == ["evt_1", "evt_2"]


async def test_a_webhook_event_is_kept_when_the_provider_refuses_to_say_how_the_payment_stands(
    database_url: DatabaseUrl,
) -> None:
    async def forbid(_request: Request) -> Response:
        return JSONResponse({"error": {"code": "forbidden", "message": "the account is blocked"}}, 403)

    http = HttpServer(Starlette(routes=[Route("/v1/payments/{id}", forbid)]), host="127.0.0.1", port=0, grace_seconds=0)
    await http.start()
    provider = _client(f"http://127.0.0.1:{http.port}")
    async with _engine(database_url("payments")) as engine:
        inbox = PostgresWebhookEventStore(engine, clock=CLOCK)
        rows = voucher_rows()
        vouchers = PostgresVouchers(engine, clock=CLOCK, ids=RandomIds(), rows=rows, wake=lambda: None)
        store = PostgresPaymentStore(
            engine, clock=CLOCK, ids=RandomIds(), retry_policy=RetryPolicy(), on_events=lambda: None, vouchers=rows
        )
        worker = WebhookWorker(
            providers=OneAccount(provider),
            inbox=inbox,
            driver=PaymentDriver(OneAccount(provider), store, CLOCK, NewVouchers(vouchers, CLOCK, RandomIds())),
            unknown=PostgresUnknownPayments(engine, CLOCK),
            clock=CLOCK,
            retry_policy=RetryPolicy(),
        )
        event = WebhookEvent("evt_1", "sbx_1")
        await inbox.add("sandbox", event, 10.0)
        await worker.work_off([LeasedWebhookEvent("sandbox", event, attempts=1)])
        async with as_owner(engine).connect() as connection:
            settled = (await connection.execute(text("SELECT settled_at_ms FROM provider_notices"))).scalar_one()
    await provider.close()
    await http.stop()
    assert settled is None


async def test_webhook_events_worked_off_long_ago_are_deleted_and_no_others(database_url: DatabaseUrl) -> None:
    url = database_url("payments")
    async with _engine(url) as engine:
        inbox = PostgresWebhookEventStore(engine, clock=CLOCK)
        old, new, open_ = (WebhookEvent(f"evt_{name}", "sbx_1") for name in ("old", "new", "open"))
        for event in (old, new, open_):
            await inbox.add("sandbox", event, 10.0)
        await inbox.settle("sandbox", [old, new], "foreign")
        async with as_owner(engine).begin() as connection:
            await connection.execute(text("UPDATE provider_notices SET received_at_ms = 1"))
            await connection.execute(text("UPDATE provider_notices SET settled_at_ms = 1 WHERE event_id = 'evt_old'"))
        assert await inbox.purge(CLOCK.now_ms() - 60_000, 10) == 1
        async with as_owner(engine).connect() as connection:
            left = (await connection.execute(text("SELECT event_id FROM provider_notices ORDER BY 1"))).scalars().all()
    assert left == ["evt_new", "evt_open"]


async def test_the_service_deletes_old_webhook_events_by_itself_and_keeps_recent_ones(
    start_rig: StartRig,
) -> None:
    rig = await start_rig(settings={"webhook_event_days": 4})
    day_ms = 86_400_000
    await rig.stop_payments()
    async with rig.engine.begin() as connection:
        for name, age_days in (("old", 5), ("recent", 3)):
            at_ms = CLOCK.now_ms() - age_days * day_ms
            await connection.execute(
                text(
                    "INSERT INTO provider_notices (provider, event_id, payment_ref, received_at_ms, attempts,"
                    " next_attempt_at_ms, settled_at_ms, outcome)"
                    " VALUES ('sandbox', :id, 'sbx_1', :at, 1, :at, :at, 'done')"
                ),
                {"id": f"evt_{name}", "at": at_ms},
            )
    await rig.start_payments()

    async def only_the_recent_one() -> None:
        assert [row.event_id for row in await rig.webhook_events()] == ["evt_recent"]

    await eventually(only_the_recent_one)

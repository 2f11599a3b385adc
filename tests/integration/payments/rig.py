"""Payments and the sandbox in this process, over real HTTP, real gRPC and a real Postgres; and what a buyer does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import httpx
from balcon.payments.v1 import payments_events_pb2, payments_service_pb2
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from balcon.types.v1.money_pb2 import Money
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.payments.main import build
from services.payments.sandbox.server import Sandbox, SandboxPlan
from services.payments.settings import PaymentsSettings
from services.runtime.clock import SystemClock
from services.runtime.embedded.ports import free_port
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from services.runtime.service import Service
from services.runtime.testing import eventually
from services.runtime.testing.servers import as_owner

if TYPE_CHECKING:
    from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceAsyncStub

SECRET = "whsec_rig"
HOUSE = "house_1"
RETURN_URL = "https://shop.example/done?order=1"

PAYS = "4242 4242 4242 4242"
DECLINES = "4000000000000002"
TIMES_OUT = "4000000000000119"
PAYS_LATE = "4000-0000-0000-3220"
SENDS_TWICE = "4000000000005126"
OUT_OF_ORDER = "4000000000000259"
ERRORS = "4000000000000341"
NO_WEBHOOK = "4000000000009995"

State = payments_service_pb2.PaymentState
CREATING = payments_service_pb2.PAYMENT_STATE_CREATING
PENDING = payments_service_pb2.PAYMENT_STATE_PENDING
SUCCEEDED = payments_service_pb2.PAYMENT_STATE_SUCCEEDED
FAILED = payments_service_pb2.PAYMENT_STATE_FAILED
CANCELLED = payments_service_pb2.PAYMENT_STATE_CANCELLED
REFUND_DUE = payments_service_pb2.REFUND_STATE_DUE
REFUNDED = payments_service_pb2.REFUND_STATE_SUCCEEDED


@dataclass(slots=True)
class RigPlan:
    """What a test turns. `webhooks=False`: the sandbox has no address to send to."""

    database_url: str
    folder: Path
    webhooks: bool = True
    pay_late_seconds: float = 0.4
    stall_seconds: float = 1.5
    chaos: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict)


class Rig:
    """Starts and stops the parts one by one, so that a test may lose one of them."""

    def __init__(self, plan: RigPlan) -> None:
        self.plan = plan
        self.clock = SystemClock()
        self.http_port = free_port()
        self.sandbox_port = free_port()
        self.http = httpx.AsyncClient(timeout=120, trust_env=False)
        self.engine: AsyncEngine = as_owner(plan.database_url)
        self.sandbox: Sandbox | None = None
        self.service: Service | None = None
        self._channel: grpc.aio.Channel | None = None

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def webhook_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/webhooks/sandbox"

    @property
    def stub(self) -> PaymentsServiceAsyncStub:
        assert self._channel is not None, "payments is not started"
        return PaymentsServiceStub(self._channel)

    @property
    def channel(self) -> grpc.aio.Channel:
        assert self._channel is not None, "payments is not started"
        return self._channel

    async def start_sandbox(self) -> None:
        plan = SandboxPlan(
            data_path=str(self.plan.folder / "sandbox.sqlite"),
            port=self.sandbox_port,
            webhook_url=self.webhook_url if self.plan.webhooks else "",
            webhook_secret=SECRET,
            pay_late_seconds=self.plan.pay_late_seconds,
            stall_seconds=self.plan.stall_seconds,
            seed=14,
            chaos=self.plan.chaos,
        )
        self.sandbox = Sandbox(plan, clock=self.clock, ids=RandomIds())
        await self.sandbox.start()

    async def stop_sandbox(self) -> None:
        if self.sandbox is not None:
            await self.sandbox.stop()
            self.sandbox = None

    async def start_payments(self) -> None:
        quick = {
            "provider_timeout_seconds": 3.0,
            "uncertain_seconds": 0.05,
            "uncertain_limit_seconds": 0.4,
            "pending_seconds": 60.0,
            "reconcile_interval_seconds": 0.05,
            "listing_interval_seconds": 3_600.0,
            "drain_seconds": 1.0,
            "public_url": f"http://127.0.0.1:{self.http_port}",
        }
        settings = PaymentsSettings(
            database_url=SecretStr(self.plan.database_url),
            bus_url=SecretStr("memory://"),
            http_port=self.http_port,
            sealing_secrets=SecretStr("a secret of the tests' own"),
            sandbox_allowed=True,
            sandbox_url=self.sandbox_url,
            sandbox_webhook_secrets=SecretStr(f"whsec_old, {SECRET}"),
            **{**quick, **self.plan.settings},
        )
        self.service = Service("payments", settings)
        self.service.clock = self.clock
        await build(self.service)
        await self.service.start()
        # As long as a busy machine needs.
        self._channel = open_channel(f"127.0.0.1:{self.service.rpc.port}", self.clock, timeout_seconds=60.0)

    async def stop_payments(self) -> None:
        if self._channel is not None:
            await self._channel.close()
            self._channel = None
        if self.service is not None:
            await self.service.stop()
            self.service = None

    async def close(self) -> None:
        await self.stop_payments()
        await self.stop_sandbox()
        await self.http.aclose()
        await self.engine.dispose()

    def request(self, order: str = "ord_1", **changed: Any) -> payments_service_pb2.CreatePaymentRequest:
        """A good CreatePaymentRequest with what the test changes."""
        amount_minor, currency = changed.pop("amount_minor", 2_500), changed.pop("currency", "EUR")
        fields: dict[str, Any] = {
            "idempotency_key": f"{order}:1",
            "house_id": HOUSE,
            "order_id": order,
            "performance_id": "perf_1",
            "amount": Money(amount_minor=amount_minor, currency=currency),
            "return_url": RETURN_URL,
            "expires_at_ms": self.clock.now_ms() + 600_000,
        }
        return payments_service_pb2.CreatePaymentRequest(**fields | changed)

    async def create(self, order: str = "ord_1", **changed: Any) -> payments_service_pb2.Payment:
        return (await self.stub.CreatePayment(self.request(order, **changed))).payment

    async def create_ending_soon(
        self,
    ) -> tuple[payments_service_pb2.CreatePaymentRequest, payments_service_pb2.Payment]:
        """A payment whose time is over soon: in more time where the machine was too slow to ask for it in less."""
        for milliseconds in (1_000, 5_000, 25_000):
            request = self.request(expires_at_ms=self.clock.now_ms() + milliseconds)
            try:
                return request, (await self.stub.CreatePayment(request)).payment
            except grpc.aio.AioRpcError as error:
                refused = refusal_of(error)
                if refused is None or refused.reason != "FIELD_INVALID":
                    raise
        raise AssertionError("asked for too late each time")

    async def get(self, payment: payments_service_pb2.Payment) -> payments_service_pb2.Payment:
        asked = payments_service_pb2.GetPaymentRequest(house_id=payment.house_id, payment_id=payment.payment_id)
        return (await self.stub.GetPayment(asked)).payment

    async def cancel(self, payment: payments_service_pb2.Payment) -> payments_service_pb2.Payment:
        asked = payments_service_pb2.CancelPaymentRequest(house_id=payment.house_id, payment_id=payment.payment_id)
        return (await self.stub.CancelPayment(asked)).payment

    async def refund(
        self, payment: payments_service_pb2.Payment, key: str = "ref_1", amount_minor: int | None = None, **more: Any
    ) -> payments_service_pb2.Payment:
        asked = payments_service_pb2.RefundPaymentRequest(
            idempotency_key=key,
            house_id=payment.house_id,
            payment_id=payment.payment_id,
            amount=None if amount_minor is None else Money(amount_minor=amount_minor, currency="EUR"),
            **more,
        )
        return (await self.stub.RefundPayment(asked)).payment

    async def pay(self, payment: payments_service_pb2.Payment, card: str) -> httpx.Response:
        """What the buyer does on the hosted page."""
        response = await self.http.post(payment.pay_url, data={"card": card})
        assert response.status_code == 303, response.text
        return response

    async def reaches(
        self, payment: payments_service_pb2.Payment, state: State.ValueType, timeout_seconds: float = 120
    ) -> payments_service_pb2.Payment:
        """The payment once it is in `state`."""

        async def there() -> payments_service_pb2.Payment:
            found = await self.get(payment)
            assert found.state == state, State.Name(found.state)
            return found

        return await eventually(there, timeout_seconds)

    async def is_refunded(self, payment: payments_service_pb2.Payment) -> None:
        """Returns once the refund is done."""

        async def there() -> None:
            assert (await self.get(payment)).refund_state == REFUNDED

        await eventually(there)

    async def events(self, payment: payments_service_pb2.Payment | None = None) -> list[Any]:
        """What the outbox holds, in order, parsed; of one payment or of all."""
        async with self.engine.connect() as connection:
            rows = (
                await connection.execute(
                    text("SELECT type, payload, key FROM outbox WHERE topic = 'balcon.payments.v1' ORDER BY id")
                )
            ).all()
        parsed = []
        for row in rows:
            event = getattr(payments_events_pb2, row.type.rsplit(".", 1)[1]).FromString(row.payload)
            assert row.key == event.performance_id
            if payment is None or event.payment_id == payment.payment_id:
                parsed.append(event)
        return parsed

    async def event_names(self, payment: payments_service_pb2.Payment) -> list[str]:
        return [type(event).__name__ for event in await self.events(payment)]

    async def row(self, payment_id: str) -> Any:
        """The payment's row."""
        async with self.engine.connect() as connection:
            found = await connection.execute(text("SELECT * FROM payments WHERE payment_id = :id"), {"id": payment_id})
            return found.one()

    async def webhook_events(self) -> list[Any]:
        """The inbox."""
        async with self.engine.connect() as connection:
            return list((await connection.execute(text("SELECT * FROM provider_notices ORDER BY event_id"))).all())

    async def at_provider(self) -> list[dict[str, Any]]:
        """Every payment the sandbox has."""
        answer = await self.http.get(f"{self.sandbox_url}/v1/payments")
        found: list[dict[str, Any]] = answer.json()["payments"]
        return found


@asynccontextmanager
async def running(plan: RigPlan) -> AsyncIterator[Rig]:
    """Both parts running; whatever runs at the end is stopped."""
    rig = Rig(plan)
    try:
        await asyncio.gather(rig.start_sandbox(), rig.start_payments())
        yield rig
    finally:
        await rig.close()

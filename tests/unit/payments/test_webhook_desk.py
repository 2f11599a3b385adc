"""A webhook is answered once it is stored, and never before; only what is new is worked on by who stored it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from services.payments.adapters.sandbox_provider_client import SandboxProviderClient
from services.payments.domain.next_attempt import RetryPolicy
from services.payments.handlers.webhook_desk import WebhookDesk
from services.payments.handlers.webhook_worker import WebhookWorker
from services.payments.ports import PaymentProvider, ProviderPayment, ProviderStatus, WebhookEvent
from services.payments.sandbox.couriers import signature_header
from services.runtime.clock import SystemClock
from services.runtime.errors import StoreUnavailable
from tests.unit.payments.one_account import OneAccount

CLOCK = SystemClock()
SECRET = "whsec_test"
PROVIDER = SandboxProviderClient("http://127.0.0.1:1", secrets=lambda _: [SECRET], timeout_seconds=1.0, clock=CLOCK)
PAID = ProviderPayment("sbx_1", "house_1", "pay_1", ProviderStatus.SUCCEEDED, 100, "EUR", 0, "", "")


class Inbox:
    """Stores when it is let, or not at all."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.error: Exception | None = None
        self.stored: list[str] = []

    async def add(self, account: str, event: WebhookEvent, lease_seconds: float) -> bool:
        await self.let.wait()
        if self.error is not None:
            raise self.error
        self.stored.append(event.event_id)
        return self.stored.count(event.event_id) == 1


class Unasked:
    """Of a signed webhook nobody asks whether the payment is known."""

    async def knows(self, provider: PaymentProvider, ref: str) -> bool:
        raise AssertionError(ref)


def _received(
    inbox: Inbox, handed_over: list[str], event_id: str = "evt_1", taken: list[str] | None = None
) -> asyncio.Task[object]:
    async def take(_: PaymentProvider, event: WebhookEvent) -> bool:
        if taken is not None:
            taken.append(event.event_id)
        return taken is not None

    desk = WebhookDesk(
        providers=OneAccount(PROVIDER),
        inbox=inbox,  # type: ignore[arg-type]
        payments=Unasked(),
        clock=CLOCK,
        on_new=lambda _, event: handed_over.append(event.event_id),
        take=take,
    )
    body = json.dumps({"id": event_id, "data": {"payment_id": "sbx_1"}}).encode()
    headers = {"balcon-signature": signature_header(SECRET, CLOCK.now_ms() // 1000, body)}
    return asyncio.create_task(desk.receive(PROVIDER, "", headers, body))


async def test_no_answer_and_no_work_before_it_is_stored() -> None:
    inbox, handed_over = Inbox(), list[str]()
    answering = _received(inbox, handed_over)
    done, _ = await asyncio.wait({answering}, timeout=0.05)
    assert not done
    assert not handed_over
    inbox.let.set()
    assert await answering is None
    assert inbox.stored == handed_over == ["evt_1"]


async def test_what_could_not_be_stored_is_not_answered_with_a_yes() -> None:
    inbox, handed_over = Inbox(), list[str]()
    inbox.error = StoreUnavailable()
    inbox.let.set()
    with pytest.raises(StoreUnavailable):
        await _received(inbox, handed_over)
    assert not handed_over


async def test_a_repeat_is_answered_and_worked_on_by_nobody_again() -> None:
    inbox, handed_over = Inbox(), list[str]()
    inbox.let.set()
    assert [await _received(inbox, handed_over) for _ in range(2)] == [None, None]
    assert handed_over == ["evt_1"]


async def test_what_was_stored_with_what_it_proves_is_answered_and_handed_to_nobody() -> None:
    inbox, handed_over, taken = Inbox(), list[str](), list[str]()
    assert await _received(inbox, handed_over, taken=taken) is None
    assert (taken, inbox.stored, handed_over) == (["evt_1"], [], [])


class BreakingDriver:
    """Never gets as far as storing what a webhook proves."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error
        self.asked = 0

    async def apply_snapshot(self, *_: object, **__: object) -> None:
        self.asked += 1
        if self._error is not None:
            raise self._error
        await asyncio.Event().wait()


def _worker(driver: BreakingDriver) -> WebhookWorker:
    return WebhookWorker(
        providers=OneAccount(PROVIDER),
        inbox=Inbox(),  # type: ignore[arg-type]
        driver=driver,  # type: ignore[arg-type]
        unknown=Unasked(),  # type: ignore[arg-type]
        clock=CLOCK,
        retry_policy=RetryPolicy(),
    )


@pytest.mark.parametrize("error", [StoreUnavailable(), LookupError("anything"), None])
async def test_what_cannot_be_taken_at_once_is_left_to_the_inbox(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None: a row that somebody holds. The provider is not kept waiting for it."""
    monkeypatch.setattr("services.payments.handlers.webhook_worker.TAKE_SECONDS", 0.01)
    worker = _worker(BreakingDriver(error))
    assert not await worker.take(PROVIDER, WebhookEvent("evt_1", "sbx_1", snapshot=PAID))


@pytest.mark.parametrize(
    "event",
    [
        WebhookEvent("evt_1", "sbx_1"),
        WebhookEvent("evt_1", "sbx_1", is_signed=False, snapshot=PAID),
        WebhookEvent("evt_1", "sbx_1", snapshot=replace(PAID, status=ProviderStatus.FAILED)),
    ],
)
async def test_nothing_but_a_signed_success_is_taken_at_once(event: WebhookEvent) -> None:
    driver = BreakingDriver(None)
    assert not await _worker(driver).take(PROVIDER, event)
    assert not driver.asked

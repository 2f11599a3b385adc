"""A webhook is answered once it is stored, and never before; only what is new is worked on by who stored it."""

from __future__ import annotations

import asyncio
import json

import pytest

from services.payments.adapters.sandbox_provider_client import SandboxProviderClient
from services.payments.handlers.webhook_desk import WebhookDesk
from services.payments.ports import PaymentProvider, WebhookEvent
from services.payments.sandbox.couriers import signature_header
from services.runtime.clock import SystemClock
from services.runtime.errors import StoreUnavailable
from tests.unit.payments.one_account import OneAccount

CLOCK = SystemClock()
SECRET = "whsec_test"


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


def _received(inbox: Inbox, handed_over: list[str], event_id: str = "evt_1") -> asyncio.Task[object]:
    provider = SandboxProviderClient("http://127.0.0.1:1", secrets=lambda _: [SECRET], timeout_seconds=1.0, clock=CLOCK)
    desk = WebhookDesk(
        providers=OneAccount(provider),
        inbox=inbox,  # type: ignore[arg-type]
        payments=Unasked(),
        clock=CLOCK,
        on_new=lambda _, event: handed_over.append(event.event_id),
    )
    body = json.dumps({"id": event_id, "data": {"payment_id": "sbx_1"}}).encode()
    headers = {"balcon-signature": signature_header(SECRET, CLOCK.now_ms() // 1000, body)}
    return asyncio.create_task(desk.receive(provider, "", headers, body))


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

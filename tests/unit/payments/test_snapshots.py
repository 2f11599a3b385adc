"""What a signed webhook's own record proves: one final success of the payment that waits for it, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.payments.adapters.sandbox_provider_client import SandboxProviderClient
from services.payments.domain.payment import DisputeState, PaymentState
from services.payments.domain.transitions import ReportKind
from services.payments.handlers.reports import report_of_snapshot
from services.payments.ports import ProviderPayment, ProviderStatus, WebhookEvent, WebhookFlaw
from services.payments.sandbox.couriers import signature_header
from services.runtime.clock import SystemClock
from tests.unit.payments.builders import payment

NOW_MS = 1_900_000_000_000
SECRET = "whsec_test"
WAITING = replace(payment(), state=PaymentState.PENDING, provider_ref="sbx_1")
TOLD = ProviderPayment(
    ref="sbx_1",
    house_id="house_1",
    payment_id="pay_1",
    status=ProviderStatus.SUCCEEDED,
    amount_minor=2_500,
    currency="EUR",
    refunded_minor=0,
    pay_url="",
    reason="",
)


def test_a_snapshot_that_fits_proves_the_success_of_a_payment_that_waits() -> None:
    report = report_of_snapshot(WAITING, TOLD, "sandbox")
    assert report is not None
    assert (report.kind, report.provider_ref) == (ReportKind.SUCCEEDED, "sbx_1")


DIFFERING: list[dict[str, Any]] = [
    {"ref": "sbx_2"},
    {"house_id": "house_2"},
    {"payment_id": "pay_2"},
    {"amount_minor": 2_499},
    {"amount_minor": 2_501},
    {"currency": "SEK"},
    {"refunded_minor": 1},
    {"dispute": DisputeState.OPEN},
    *({"status": status} for status in ProviderStatus if status is not ProviderStatus.SUCCEEDED),
]


@pytest.mark.parametrize("differing", DIFFERING)
def test_a_snapshot_of_anything_else_proves_nothing(differing: dict[str, Any]) -> None:
    assert report_of_snapshot(WAITING, replace(TOLD, **differing), "sandbox") is None


def test_a_snapshot_of_another_account_proves_nothing() -> None:
    assert report_of_snapshot(WAITING, TOLD, "acc_of_somebody") is None


@pytest.mark.parametrize("state", [state for state in PaymentState if state is not PaymentState.PENDING])
def test_a_snapshot_proves_nothing_of_a_payment_that_does_not_wait_for_it(state: PaymentState) -> None:
    assert report_of_snapshot(replace(WAITING, state=state), TOLD, "sandbox") is None


def _read(created_at_ms: int, **changed: Any) -> WebhookEvent | WebhookFlaw:
    client = SandboxProviderClient(
        "http://127.0.0.1:1", secrets=lambda _: [SECRET], timeout_seconds=1.0, clock=SystemClock()
    )
    record = {
        "id": "sbx_1",
        "status": "succeeded",
        "amount_minor": 2_500,
        "currency": "EUR",
        "refunded_minor": 0,
        "pay_url": "",
        "metadata": {"house_id": "house_1", "payment_id": "pay_1"},
    }
    data = {"payment_id": "sbx_1", "payment": record | changed}
    body = json.dumps({"id": "evt_1", "created_at_ms": created_at_ms, "data": data}).encode()
    headers = {"balcon-signature": signature_header(SECRET, NOW_MS // 1000, body)}
    return client.read_webhook(headers, body, NOW_MS)


def test_a_signed_webhook_carries_what_the_payment_was_when_it_happened() -> None:
    read = _read(NOW_MS - 1_000)
    assert isinstance(read, WebhookEvent)
    assert read.snapshot == TOLD


@pytest.mark.parametrize("created_at_ms", [NOW_MS - 300_001, NOW_MS + 300_001, 0])
def test_a_record_of_long_ago_is_not_looked_at(created_at_ms: int) -> None:
    read = _read(created_at_ms)
    assert isinstance(read, WebhookEvent)
    assert read.snapshot is None


def test_the_record_of_another_payment_than_the_event_is_about_is_not_looked_at() -> None:
    read = _read(NOW_MS, id="sbx_2")
    assert isinstance(read, WebhookEvent)
    assert read.snapshot is None


@pytest.mark.parametrize("changed", [{"status": "of no sense"}, {"amount_minor": "2500"}, {"metadata": None}])
def test_a_record_that_makes_no_sense_makes_the_webhook_malformed(changed: dict[str, Any]) -> None:
    assert _read(NOW_MS, **changed) is WebhookFlaw.MALFORMED_BODY

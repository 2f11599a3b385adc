"""What a provider tells is believed only about the payment, the amount and the currency that were recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.payments.domain.payment import DisputeState
from services.payments.domain.transitions import Report, ReportKind
from services.payments.handlers.reports import UNCERTAIN, report_of
from services.payments.ports import ProviderPayment, ProviderStatus
from tests.unit.payments.builders import payment

TOLD = ProviderPayment(
    ref="sbx_1",
    house_id="house_1",
    payment_id="pay_1",
    status=ProviderStatus.SUCCEEDED,
    amount_minor=2_500,
    currency="EUR",
    refunded_minor=1_000,
    pay_url="https://pay.example/1",
    reason="",
    dispute=DisputeState.OPEN,
    disputed_minor=1_500,
)


def test_what_fits_the_record_is_believed_whole() -> None:
    assert report_of(payment(), TOLD) == Report(
        ReportKind.SUCCEEDED,
        provider_ref="sbx_1",
        pay_url="https://pay.example/1",
        refunded_minor=1_000,
        dispute=DisputeState.OPEN,
        disputed_minor=1_500,
    )


@pytest.mark.parametrize(
    "differing",
    [
        {"amount_minor": 2_499},
        {"amount_minor": 2_501},
        {"currency": "SEK"},
        {"currency": "eur"},
        {"house_id": "house_2"},
        {"payment_id": "pay_2"},
    ],
)
@pytest.mark.parametrize("status", ProviderStatus)
def test_another_amount_currency_or_owner_proves_nothing(differing: dict[str, Any], status: ProviderStatus) -> None:
    assert report_of(payment(), replace(TOLD, status=status, **differing)) == UNCERTAIN

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


OTHER_OWNERS: list[dict[str, Any]] = [{"house_id": "house_2"}, {"payment_id": "pay_2"}]
OTHER_MONEY: list[dict[str, Any]] = [
    {"amount_minor": 2_499},
    {"amount_minor": 2_501},
    {"currency": "SEK"},
    {"currency": "eur"},
]
WRONG_MONEY = {
    ProviderStatus.OPEN: ReportKind.WRONG_MONEY,
    ProviderStatus.AUTHORISED: ReportKind.WRONG_MONEY,
    ProviderStatus.SUCCEEDED: ReportKind.UNCERTAIN,
    ProviderStatus.FAILED: ReportKind.FAILED,
    ProviderStatus.CANCELLED: ReportKind.CANCELLED,
}


@pytest.mark.parametrize("status", ProviderStatus)
@pytest.mark.parametrize("differing", OTHER_OWNERS)
def test_another_owner_proves_nothing(differing: dict[str, Any], status: ProviderStatus) -> None:
    assert report_of(payment(), replace(TOLD, status=status, **differing)) == UNCERTAIN


@pytest.mark.parametrize("status", ProviderStatus)
@pytest.mark.parametrize("differing", OTHER_MONEY)
def test_another_amount_or_currency_never_pays_and_is_called_off_before_it_moves(
    differing: dict[str, Any], status: ProviderStatus
) -> None:
    assert report_of(payment(), replace(TOLD, status=status, **differing)).kind is WRONG_MONEY[status]


@pytest.mark.parametrize("status", ProviderStatus)
def test_a_second_payment_of_ours_at_the_provider_counts_only_where_money_is(status: ProviderStatus) -> None:
    known = payment(provider_ref="sbx_0")
    is_money = status in {ProviderStatus.AUTHORISED, ProviderStatus.SUCCEEDED}
    assert (report_of(known, replace(TOLD, status=status)) != UNCERTAIN) == is_money


def test_wrong_money_that_was_taken_ends_when_all_of_it_is_back() -> None:
    back = replace(TOLD, amount_minor=2_499, refunded_minor=2_499)
    assert report_of(payment(), back) == Report(ReportKind.FAILED, provider_ref="sbx_1", reason="wrong_money")

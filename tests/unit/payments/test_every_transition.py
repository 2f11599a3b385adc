"""Every payment state meets every report, cancel asked for or not: where that leads, and what is asked next."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from services.payments.domain.next_attempt import NextAct, next_act
from services.payments.domain.payment import Payment, PaymentState, apply
from services.payments.domain.transitions import Report, ReportKind, decide
from tests.unit.payments.builders import NOW_MS, payment

# What a report makes of a payment: its state and what is asked next, without and with a cancel that was asked for.
_GRID = {
    "CREATING": "PENDING:fetch/cancel  AUTHORISED:capture/cancel  PENDING:cancel/cancel  SUCCEEDED:watch/watch"
    "  FAILED:nothing/nothing  CANCELLED:nothing/nothing  CREATING:create/create  CREATING:create/create",
    "PENDING": "PENDING:fetch/cancel  AUTHORISED:capture/cancel  PENDING:cancel/cancel  SUCCEEDED:watch/watch"
    "  FAILED:nothing/nothing  CANCELLED:nothing/nothing  PENDING:fetch/cancel  PENDING:fetch/cancel",
    "AUTHORISED": "AUTHORISED:capture/cancel  AUTHORISED:capture/cancel  AUTHORISED:cancel/cancel"
    "  SUCCEEDED:watch/watch  FAILED:nothing/nothing  CANCELLED:nothing/nothing  AUTHORISED:capture/cancel"
    "  AUTHORISED:capture/cancel",
    "SUCCEEDED": "SUCCEEDED:watch/watch  SUCCEEDED:watch/watch  SUCCEEDED:watch/watch  SUCCEEDED:watch/watch"
    "  SUCCEEDED:watch/watch  SUCCEEDED:watch/watch  SUCCEEDED:watch/watch  SUCCEEDED:watch/watch",
    "FAILED": "FAILED:nothing/nothing  FAILED:cancel/cancel  FAILED:cancel/cancel  SUCCEEDED:watch/watch"
    "  FAILED:nothing/nothing  FAILED:nothing/nothing  FAILED:nothing/nothing  FAILED:nothing/nothing",
    "CANCELLED": "CANCELLED:nothing/nothing  CANCELLED:cancel/cancel  CANCELLED:cancel/cancel  SUCCEEDED:watch/watch"
    "  CANCELLED:nothing/nothing  CANCELLED:nothing/nothing  CANCELLED:nothing/nothing  CANCELLED:nothing/nothing",
}
_ORDER = ("open", "authorised", "wrong_money", "succeeded", "failed", "cancelled", "missing", "uncertain")
EXPECTED = {
    (PaymentState(state), ReportKind(kind)): cell
    for state, row in _GRID.items()
    for kind, cell in zip(_ORDER, row.split(), strict=True)
}


def standing(state: PaymentState, **changed: object) -> Payment:
    """A payment as one in this state looks."""
    authorised = {"authorised_at_ms": NOW_MS} if state is PaymentState.AUTHORISED else {}
    known = {} if state is PaymentState.CREATING else {"provider_ref": "sbx_1"}
    return payment(state=state, **authorised | known | changed)


def after(start: Payment, kind: ReportKind) -> Payment:
    for change in decide(start, Report(kind, provider_ref="sbx_1", pay_url="https://pay.example/1"), NOW_MS).changes:
        start = apply(start, change)
    return start


def test_the_grid_names_every_state_with_every_report() -> None:
    assert set(EXPECTED) == set(product(PaymentState, ReportKind))


@pytest.mark.parametrize("kind", ReportKind)
@pytest.mark.parametrize("state", PaymentState)
def test_a_report_leads_where_the_grid_says(state: PaymentState, kind: ReportKind) -> None:
    wanted, _, acts = EXPECTED[state, kind].partition(":")
    ends = [after(standing(state, cancel_asked_at_ms=asked), kind) for asked in (None, NOW_MS)]
    assert [end.state.value for end in ends] == [wanted, wanted]
    assert [next_act(end).value for end in ends] == acts.split("/")


@pytest.mark.parametrize("kind", ReportKind)
@pytest.mark.parametrize("state", PaymentState)
def test_a_report_told_twice_changes_nothing_the_second_time(state: PaymentState, kind: ReportKind) -> None:
    once = after(standing(state), kind)
    assert after(once, kind) == once


@pytest.mark.parametrize("state", [PaymentState.FAILED, PaymentState.CANCELLED])
@pytest.mark.parametrize("voided", [ReportKind.FAILED, ReportKind.CANCELLED])
def test_what_is_authorised_after_its_end_is_let_go_and_never_captured(state: PaymentState, voided: ReportKind) -> None:
    ended = replace(standing(state), provider_ref=None)
    late = after(ended, ReportKind.AUTHORISED)
    assert (late.state, late.provider_ref, next_act(late)) == (state, "sbx_1", NextAct.CANCEL)
    gone = after(late, voided)
    assert (gone.state, gone.authorised_at_ms, next_act(gone)) == (state, None, NextAct.NOTHING)


@pytest.mark.parametrize("end", [ReportKind.SUCCEEDED, ReportKind.FAILED, ReportKind.CANCELLED])
def test_nothing_is_kept_ready_once_an_authorised_payment_has_ended(end: ReportKind) -> None:
    assert after(standing(PaymentState.AUTHORISED), end).authorised_at_ms is None


def test_each_visit_asks_for_the_capture_under_a_key_of_its_own() -> None:
    authorised = standing(PaymentState.AUTHORISED)
    assert authorised.provider_capture_key != replace(authorised, attempts=1).provider_capture_key

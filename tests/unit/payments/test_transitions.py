"""The payment state machine over all states and reports: uncertain is not failed, captured money is never forgotten."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.payment import (
    Change,
    Payment,
    PaymentFailed,
    PaymentRefunded,
    PaymentState,
    PaymentSucceeded,
    RefundOwed,
    RefundState,
    apply,
)
from services.payments.domain.transitions import (
    NEVER_CREATED_AFTER_MS,
    TRANSITIONS,
    RefundReport,
    Report,
    ReportKind,
    Verdict,
    decide,
    decide_refund,
)
from tests.unit.payments.builders import NOW_MS, payment

STATES = st.sampled_from(PaymentState)
REPORTS = st.builds(
    Report,
    kind=st.sampled_from(ReportKind),
    provider_ref=st.just("sbx_1"),
    pay_url=st.just("https://pay.example/1"),
    reason=st.sampled_from(["", "card_declined", "expired"]),
    refunded=st.booleans(),
)
FINAL = {PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.CANCELLED}


def after(start: Payment, reports: list[Report], now_ms: int = NOW_MS) -> tuple[Payment, list[Change]]:
    """The payment after all the reports, and every change on the way."""
    changes: list[Change] = []
    for report in reports:
        for change in decide(start, report, now_ms).changes:
            start = apply(start, change)
            changes.append(change)
    return start, changes


def test_the_table_has_an_entry_for_every_state_and_report() -> None:
    assert set(TRANSITIONS) == set(product(PaymentState, ReportKind))


@given(STATES, REPORTS)
def test_every_state_takes_every_report(state: PaymentState, report: Report) -> None:
    start = payment(state=state)
    decision = decide(start, report, NOW_MS)
    for change in decision.changes:
        start = apply(start, change)
    assert start.state in PaymentState


@given(STATES)
def test_uncertain_changes_nothing(state: PaymentState) -> None:
    start = payment(state=state)
    assert after(start, [Report(ReportKind.UNCERTAIN)]) == (start, [])


@given(st.lists(REPORTS, max_size=12))
def test_captured_money_is_never_forgotten_and_told_once(reports: list[Report]) -> None:
    end, changes = after(payment(), reports)
    captured = any(report.kind is ReportKind.SUCCEEDED for report in reports)
    assert (end.state is PaymentState.SUCCEEDED) == captured
    assert sum(isinstance(change, PaymentSucceeded) for change in changes) == captured


@given(st.lists(REPORTS, max_size=12))
def test_a_payment_ends_at_most_once_without_money(reports: list[Report]) -> None:
    _, changes = after(payment(), reports)
    assert sum(isinstance(change, PaymentFailed) for change in changes) <= 1


@given(st.data())
def test_order_and_repeats_do_not_matter_for_whether_money_came(data: st.DataObject) -> None:
    reports = data.draw(st.lists(REPORTS, max_size=8))
    first, _ = after(payment(), reports)
    second, _ = after(payment(), data.draw(st.permutations([*reports, *reports])))
    assert (first.state is PaymentState.SUCCEEDED) == (second.state is PaymentState.SUCCEEDED)


@pytest.mark.parametrize("state", [PaymentState.FAILED, PaymentState.CANCELLED])
def test_a_success_after_the_end_is_a_late_success(state: PaymentState) -> None:
    decision = decide(payment(state=state), Report(ReportKind.SUCCEEDED, "sbx_1"), NOW_MS)
    assert decision.verdict is Verdict.SUCCEED_LATE
    assert decision.changes == (PaymentSucceeded("sbx_1", NOW_MS, late=True),)


@pytest.mark.parametrize("kind", [ReportKind.FAILED, ReportKind.CANCELLED, ReportKind.MISSING])
def test_a_failure_after_success_is_a_contradiction_that_changes_nothing(kind: ReportKind) -> None:
    decision = decide(payment(state=PaymentState.SUCCEEDED), Report(kind), NOW_MS)
    assert decision.verdict is Verdict.CONTRADICTION
    assert not decision.changes


def test_a_payment_the_provider_does_not_know_waits_until_long_after_its_end() -> None:
    start = payment()
    end_ms = start.expires_at_ms + NEVER_CREATED_AFTER_MS
    missing = Report(ReportKind.MISSING)
    assert after(start, [missing], end_ms - 1)[0].state is PaymentState.CREATING
    assert after(start, [missing], end_ms)[0].state is PaymentState.FAILED


@given(st.lists(st.sampled_from(RefundReport), max_size=10))
def test_a_refund_stays_due_until_the_provider_says_done(reports: list[RefundReport]) -> None:
    owed = apply(payment(state=PaymentState.SUCCEEDED), RefundOwed("key", NOW_MS))
    told = 0
    for report in reports:
        for change in decide_refund(owed, report, owed.refund_attempt, NOW_MS).changes:
            owed = apply(owed, change)
            told += isinstance(change, PaymentRefunded)
    done = RefundReport.SUCCEEDED in reports
    assert owed.refund_state is (RefundState.SUCCEEDED if done else RefundState.DUE)
    assert told == done


def test_a_refund_that_failed_gets_a_new_key_once() -> None:
    owed = apply(payment(state=PaymentState.SUCCEEDED), RefundOwed("key", NOW_MS))
    first_key = owed.provider_refund_key
    (change,) = decide_refund(owed, RefundReport.FAILED, 0, NOW_MS).changes
    owed = apply(owed, change)
    assert owed.provider_refund_key != first_key
    assert not decide_refund(owed, RefundReport.FAILED, 0, NOW_MS).changes


def test_a_refund_seen_on_the_payment_itself_is_done() -> None:
    owed = apply(payment(state=PaymentState.SUCCEEDED), RefundOwed("key", NOW_MS))
    report = Report(ReportKind.SUCCEEDED, "sbx_1", refunded=True)
    assert decide(owed, report, NOW_MS).changes == (PaymentRefunded(NOW_MS),)

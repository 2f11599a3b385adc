"""The payment state machine over all states and reports: uncertain is not failed, captured money is never forgotten."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.payment import (
    Change,
    DisputeChanged,
    DisputeState,
    Payment,
    PaymentFailed,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentState,
    PaymentSucceeded,
    apply,
)
from services.payments.domain.refunds import RefundState
from services.payments.domain.transitions import (
    NEVER_CREATED_AFTER_MS,
    TRANSITIONS,
    Report,
    ReportKind,
    Verdict,
    decide,
)
from tests.unit.payments.builders import NOW_MS, payment

STATES = st.sampled_from(PaymentState)
REPORTS = st.builds(
    Report,
    kind=st.sampled_from(ReportKind),
    provider_ref=st.just("sbx_1"),
    pay_url=st.just("https://pay.example/1"),
    reason=st.sampled_from(["", "card_declined", "expired"]),
    refunded_minor=st.sampled_from([0, 1, 1_000, 2_499, 2_500]),
    dispute=st.sampled_from(DisputeState),
    disputed_minor=st.sampled_from([1, 1_000, 2_500]),
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


def _back(refunded_minor: int, dispute: DisputeState = DisputeState.NONE, disputed_minor: int = 0) -> Report:
    return Report(
        ReportKind.SUCCEEDED,
        "sbx_1",
        refunded_minor=refunded_minor,
        dispute=dispute,
        disputed_minor=disputed_minor,
    )


def _captured(**changed: object) -> Payment:
    return payment(state=PaymentState.SUCCEEDED, provider_ref="sbx_1", **changed)


def test_a_refund_that_nobody_asked_for_here_is_believed() -> None:
    assert decide(_captured(), _back(2_500), NOW_MS).changes == (PaymentRefunded(NOW_MS),)


def test_a_part_refund_at_the_provider_is_not_the_whole() -> None:
    partly, changes = after(_captured(), [_back(2_499)])
    assert changes == [PaymentPartlyRefunded(2_499, NOW_MS)]
    assert (partly.refund_state, partly.left_minor) == (RefundState.NONE, 1)


def test_part_refunds_that_add_up_are_the_whole() -> None:
    end, changes = after(_captured(), [_back(1_000), _back(2_400), _back(2_500)])
    told = [PaymentPartlyRefunded(1_000, NOW_MS), PaymentPartlyRefunded(2_400, NOW_MS), PaymentRefunded(NOW_MS)]
    assert changes == told
    assert (end.refund_state, end.left_minor) == (RefundState.SUCCEEDED, 0)


@given(st.lists(REPORTS, max_size=12))
def test_what_has_gone_back_only_grows_and_is_told_once(reports: list[Report]) -> None:
    end, changes = after(_captured(), [*reports, *reports])
    parts = [change.refunded_minor for change in changes if isinstance(change, PaymentPartlyRefunded)]
    assert parts == sorted(set(parts))
    assert sum(isinstance(change, PaymentRefunded) for change in changes) == (end.left_minor == 0)
    assert (end.refund_state is RefundState.SUCCEEDED) == (end.left_minor == 0)
    assert 0 <= end.refunded_minor <= end.amount_minor


def test_what_was_refunded_before_the_success_was_heard_of_is_told_after_it() -> None:
    _, changes = after(payment(state=PaymentState.PENDING, provider_ref="sbx_1"), [_back(2_500)])
    assert [type(change) for change in changes] == [PaymentSucceeded, PaymentRefunded]


def test_a_dispute_takes_no_money_before_it_is_lost() -> None:
    disputed, changes = after(_captured(), [_back(0, DisputeState.OPEN, 2_500)])
    assert changes == [DisputeChanged(DisputeState.OPEN, 2_500, NOW_MS)]
    assert disputed.refunded_minor == 0
    assert after(disputed, [_back(0, DisputeState.WON, 2_500)])[0].refund_state is RefundState.NONE


def test_a_lost_dispute_is_money_gone_as_by_a_refund() -> None:
    end, changes = after(_captured(), [_back(500, DisputeState.LOST, 2_000)])
    assert changes == [
        DisputeChanged(DisputeState.LOST, 2_000, NOW_MS),
        PaymentRefunded(NOW_MS),
    ]
    assert end.refund_state is RefundState.SUCCEEDED


def test_a_part_that_was_disputed_and_lost_is_part_of_the_money() -> None:
    lost, _ = after(_captured(), [_back(0, DisputeState.LOST, 1_000)])
    assert lost.left_minor == 1_500
    assert after(lost, [_back(1_500, DisputeState.LOST, 1_000)])[0].refund_state is RefundState.SUCCEEDED


@pytest.mark.parametrize("closed", [DisputeState.WON, DisputeState.LOST])
def test_a_closed_dispute_is_not_opened_again_by_an_older_report(closed: DisputeState) -> None:
    start = _captured(dispute_state=closed, disputed_minor=1_000, refunded_minor=1_000)
    assert after(start, [_back(0, DisputeState.OPEN, 1_000), _back(0)]) == (start, [])

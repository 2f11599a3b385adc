"""What is asked next and when: nothing known is left alone, nothing unknown is forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.domain.next_attempt import (
    NextAct,
    RetryPolicy,
    backoff_ms,
    next_act,
    next_attempt_at_ms,
    rescheduled,
)
from services.payments.domain.payment import DisputeState, PaymentState
from services.payments.domain.refunds import RefundState
from tests.unit.payments.builders import NOW_MS, payment, refunding

PATIENCE = RetryPolicy()


@pytest.mark.parametrize(
    ("state", "refund", "cancel_asked", "act"),
    [
        (PaymentState.CREATING, RefundState.NONE, None, NextAct.CREATE),
        (PaymentState.CREATING, RefundState.NONE, NOW_MS, NextAct.CREATE),
        (PaymentState.PENDING, RefundState.NONE, None, NextAct.FETCH),
        (PaymentState.PENDING, RefundState.NONE, NOW_MS, NextAct.CANCEL),
        (PaymentState.AUTHORISED, RefundState.NONE, None, NextAct.CAPTURE),
        (PaymentState.AUTHORISED, RefundState.NONE, NOW_MS, NextAct.CANCEL),
        (PaymentState.SUCCEEDED, RefundState.NONE, None, NextAct.WATCH),
        (PaymentState.SUCCEEDED, RefundState.STUCK, None, NextAct.WATCH),
        (PaymentState.SUCCEEDED, RefundState.DUE, NOW_MS, NextAct.REFUND),
        (PaymentState.SUCCEEDED, RefundState.SUCCEEDED, None, NextAct.NOTHING),
        (PaymentState.FAILED, RefundState.NONE, None, NextAct.NOTHING),
        (PaymentState.CANCELLED, RefundState.NONE, NOW_MS, NextAct.NOTHING),
    ],
)
def test_each_state_has_one_next_act(
    state: PaymentState, refund: RefundState, cancel_asked: int | None, act: NextAct
) -> None:
    assert next_act(refunding(refund, state=state, cancel_asked_at_ms=cancel_asked)) is act


@given(st.sampled_from(PaymentState), st.integers(0, 100))
def test_what_is_not_known_always_has_a_next_attempt(state: PaymentState, attempts: int) -> None:
    subject = payment(state=state, attempts=attempts)
    at_ms = next_attempt_at_ms(subject, PATIENCE, NOW_MS)
    assert (at_ms is None) == (next_act(subject) is NextAct.NOTHING)
    longest = PATIENCE.watch_limit_seconds if state is PaymentState.SUCCEEDED else PATIENCE.pending_limit_seconds
    assert at_ms is None or NOW_MS < at_ms <= NOW_MS + int(longest * 1000)


@given(st.text(max_size=20), st.integers(0, 10_000))
def test_waits_stay_between_half_and_the_whole_of_the_limit_at_last(identity: str, attempts: int) -> None:
    wait = backoff_ms(identity, attempts, 0.5, 60.0)
    assert 250 <= wait <= 60_000
    assert attempts < 7 or wait >= 30_000


def test_a_pending_payment_is_asked_about_just_after_its_end() -> None:
    subject = payment(state=PaymentState.PENDING, attempts=20, expires_at_ms=NOW_MS + 2_000)
    assert next_attempt_at_ms(subject, PATIENCE, NOW_MS) == NOW_MS + 3_000


def test_a_visit_without_news_counts_and_a_new_state_starts_anew() -> None:
    before = payment(state=PaymentState.PENDING, attempts=4)
    seen = rescheduled(before, before, visited=True, retry_policy=PATIENCE, now_ms=NOW_MS)
    paid = rescheduled(
        before, replace(before, state=PaymentState.SUCCEEDED), visited=True, retry_policy=PATIENCE, now_ms=NOW_MS
    )
    assert (seen.attempts, paid.attempts) == (5, 0)
    assert paid.next_attempt_at_ms is not None


def test_captured_money_is_watched_for_its_days_and_no_longer() -> None:
    captured = payment(state=PaymentState.SUCCEEDED, succeeded_at_ms=NOW_MS, attempts=40)
    end_ms = NOW_MS + PATIENCE.watch_days * 86_400_000
    assert next_attempt_at_ms(captured, PATIENCE, end_ms - 2 * 86_400_000) is not None
    assert next_attempt_at_ms(captured, PATIENCE, end_ms) is None


@pytest.mark.parametrize(
    ("refund", "dispute"), [(RefundState.STUCK, DisputeState.NONE), (RefundState.NONE, DisputeState.OPEN)]
)
def test_what_is_still_open_is_watched_without_end(refund: RefundState, dispute: DisputeState) -> None:
    subject = refunding(refund, succeeded_at_ms=NOW_MS, dispute_state=dispute)
    assert next_attempt_at_ms(subject, PATIENCE, NOW_MS + 1_000 * 86_400_000) is not None


def test_a_disputed_payment_is_not_asked_for_a_refund_until_the_dispute_ends() -> None:
    owed = refunding(RefundState.DUE, dispute_state=DisputeState.OPEN)
    assert next_act(owed) is NextAct.WATCH
    assert next_act(replace(owed, dispute_state=DisputeState.WON)) is NextAct.REFUND


def test_looking_without_visiting_moves_nothing() -> None:
    before = payment(state=PaymentState.PENDING, attempts=4, next_attempt_at_ms=17)
    assert rescheduled(before, before, visited=False, retry_policy=PATIENCE, now_ms=NOW_MS) == before

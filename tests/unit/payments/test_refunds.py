"""Refunds as records: never more than is left, each to its end, sums that match, whoever gives money back meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.adapters.payment_events import event_of
from services.payments.domain.charges import Charge, InstrumentKind, shared_back
from services.payments.domain.next_attempt import RetryPolicy, rescheduled
from services.payments.domain.payment import (
    Change,
    DisputeState,
    Payment,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentState,
    apply,
)
from services.payments.domain.refund_changes import (
    RefundAccepted,
    RefundAskedAgain,
    RefundAttemptFailed,
    RefundGiven,
    RefundOwed,
    RefundSeenTo,
    RefundSettled,
    RefundStuck,
    RefundSucceeded,
)
from services.payments.domain.refund_transitions import (
    MAX_REFUND_REFUSALS,
    RefundAnswer,
    Settlement,
    SettlementWanted,
    back_at_provider,
    refund_answered,
    refund_asked,
    settled_by_people,
)
from services.payments.domain.refunds import RefundReport, RefundRoute, RefundState, RefundWanted
from services.payments.domain.refusals import PaymentNotCaptured, RefundExceedsLeft, RefundNotStuck
from services.payments.domain.transitions import Report, ReportKind, decide
from services.payments.domain.voucher import made_for
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused, Refusal
from tests.unit.payments.builders import NOW_MS, payment, refunding

VOUCHERS = (
    Charge(InstrumentKind.GIFT_CARD, "vch_1", "7QXW", 600),
    Charge(InstrumentKind.VOUCHER, "vch_2", "K3ZM", 400),
)


def captured(**changed: object) -> Payment:
    return payment(**{"state": PaymentState.SUCCEEDED, "provider_ref": "sbx_1"} | changed)


def applied(start: Payment, changes: Iterable[Change]) -> Payment:
    for change in changes:
        start = apply(start, change)
    return start


def asked(start: Payment, key: str, amount_minor: int | None = None, **more: object) -> Payment:
    """The payment after a request that must be granted."""
    changes = refund_asked(start, _wanted(key, amount_minor, **more), NOW_MS)
    assert not isinstance(changes, Refusal), changes
    return applied(start, changes)


def _wanted(key: str, amount_minor: int | None = None, **more: object) -> RefundWanted:
    return RefundWanted(key, amount_minor, "EUR", **more)  # type: ignore[arg-type]


def answered(start: Payment, report: RefundReport, asked_minor: int | None = None) -> tuple[Payment, list[Change]]:
    """The payment after the provider's answer to what is asked for now."""
    refund = start.due_refund
    assert refund is not None
    minor = refund.left_minor if asked_minor is None else asked_minor
    answer = RefundAnswer(refund.key, refund.attempt, minor, report, "expired_card")
    changes = refund_answered(start, answer, NOW_MS) or ()
    return applied(start, changes), list(changes)


# Every state of a refund against everything that may be heard of it: the kinds of changes that follow.
_TABLE: dict[tuple[RefundState, RefundReport], list[type] | None] = {
    (RefundState.DUE, RefundReport.SUCCEEDED): [RefundGiven, RefundSucceeded, PaymentRefunded],
    (RefundState.DUE, RefundReport.ACCEPTED): [RefundAccepted],
    (RefundState.DUE, RefundReport.PENDING): [],
    (RefundState.DUE, RefundReport.FAILED): [RefundAttemptFailed],
    (RefundState.DUE, RefundReport.UNCERTAIN): [],
    # An answer that comes late is still the provider's word.
    (RefundState.STUCK, RefundReport.SUCCEEDED): [RefundGiven, RefundSucceeded, PaymentRefunded],
    (RefundState.STUCK, RefundReport.ACCEPTED): [],
    (RefundState.STUCK, RefundReport.PENDING): [],
    (RefundState.STUCK, RefundReport.FAILED): [],
    (RefundState.STUCK, RefundReport.UNCERTAIN): [],
    (RefundState.SUCCEEDED, RefundReport.SUCCEEDED): None,
    (RefundState.SUCCEEDED, RefundReport.ACCEPTED): None,
    (RefundState.SUCCEEDED, RefundReport.PENDING): None,
    (RefundState.SUCCEEDED, RefundReport.FAILED): None,
    (RefundState.SUCCEEDED, RefundReport.UNCERTAIN): None,
}


def test_the_table_has_every_state_and_report() -> None:
    assert set(_TABLE) == set(product(set(RefundState) - {RefundState.NONE}, RefundReport))


@pytest.mark.parametrize(("state", "report"), _TABLE)
def test_each_state_of_a_refund_takes_each_report(state: RefundState, report: RefundReport) -> None:
    changes = refund_answered(refunding(state), RefundAnswer("ref_1", 0, 2_500, report), NOW_MS)
    assert (None if changes is None else [type(change) for change in changes]) == _TABLE[state, report]


def test_what_the_provider_has_taken_on_is_told_once_and_forgotten_when_it_fails_there() -> None:
    on_its_way, changes = answered(refunding(RefundState.DUE), RefundReport.ACCEPTED)
    assert changes == [RefundAccepted("ref_1", NOW_MS)]
    assert [event_of(on_its_way, change) for change in changes] == [None], "nobody's business"
    again, none = answered(on_its_way, RefundReport.ACCEPTED)
    assert (again, none) == (on_its_way, [])
    failed, _ = answered(on_its_way, RefundReport.FAILED)
    (refund,) = failed.refunds
    assert (refund.accepted_at_ms, refund.attempt) == (None, 1)
    late = RefundAnswer("ref_1", 0, 2_500, RefundReport.ACCEPTED)
    assert refund_answered(failed, late, NOW_MS) == (), "of the attempt before"


def test_a_refund_on_its_way_is_asked_after_as_one_that_is_not() -> None:
    policy = RetryPolicy()
    before = replace(refunding(RefundState.DUE), attempts=3)
    (change,) = refund_answered(before, RefundAnswer("ref_1", 0, 2_500, RefundReport.ACCEPTED), NOW_MS) or ()
    after = rescheduled(before, apply(before, change), visited=True, retry_policy=policy, now_ms=NOW_MS)
    assert after.attempts == 4, "an earlier try may have moved the money: it is looked for first"


@pytest.mark.parametrize("state", PaymentState)
def test_only_captured_money_goes_back(state: PaymentState) -> None:
    outcome = refund_asked(payment(state=state), _wanted("ref_1"), NOW_MS)
    assert isinstance(outcome, PaymentNotCaptured) == (state is not PaymentState.SUCCEEDED)


def test_a_refund_of_a_part_leaves_the_rest_for_others() -> None:
    start = asked(asked(captured(), "ref_1", 1_000), "ref_2", 1_500)
    assert [(one.key, one.amount_minor, one.state) for one in start.refunds] == [
        ("ref_1", 1_000, RefundState.DUE),
        ("ref_2", 1_500, RefundState.DUE),
    ]
    assert refund_asked(start, _wanted("ref_3", 1), NOW_MS) == RefundExceedsLeft("pay_1", 1, 0, "EUR")


def test_a_refund_larger_than_paid_is_refused_with_what_is_left() -> None:
    assert refund_asked(captured(), _wanted("ref_1", 2_501), NOW_MS) == RefundExceedsLeft("pay_1", 2_501, 2_500, "EUR")


def test_what_the_bank_took_cannot_go_back_again() -> None:
    lost = Report(ReportKind.SUCCEEDED, "sbx_1", dispute=DisputeState.LOST, disputed_minor=1_000)
    start = applied(captured(), decide(captured(), lost, NOW_MS).changes)
    assert refund_asked(start, _wanted("ref_1", 1_501), NOW_MS) == RefundExceedsLeft("pay_1", 1_501, 1_500, "EUR")
    assert asked(start, "ref_1").refunds[0].amount_minor == 1_500


def test_the_same_key_is_the_same_refund_and_never_another() -> None:
    start = asked(captured(), "ref_1", 1_000)
    assert refund_asked(start, _wanted("ref_1", 1_000), NOW_MS) == ()
    reused = IdempotencyKeyReused("idempotency_key", "ref_1")
    assert refund_asked(start, _wanted("ref_1", 999), NOW_MS) == reused
    assert refund_asked(start, _wanted("ref_1"), NOW_MS) == reused
    assert refund_asked(start, _wanted("ref_1", 1_000, route=RefundRoute.VOUCHER), NOW_MS) == reused


def test_a_refund_in_another_currency_is_refused() -> None:
    assert isinstance(refund_asked(captured(), RefundWanted("ref_1", 100, "NOK"), NOW_MS), FieldInvalid)


def test_all_that_is_left_twice_is_owed_once() -> None:
    start = asked(captured(), "ref_1")
    assert refund_asked(start, _wanted("ref_2"), NOW_MS) == ()


def test_each_refund_is_told_as_its_own_and_the_sum_with_it() -> None:
    first, told = answered(asked(asked(captured(), "ref_1", 1_000), "ref_2", 1_500), RefundReport.SUCCEEDED)
    assert told == [
        RefundGiven("ref_1", 1_000),
        RefundSucceeded("ref_1", NOW_MS),
        PaymentPartlyRefunded(1_000, NOW_MS),
    ]
    second, told = answered(first, RefundReport.SUCCEEDED)
    assert told[1:] == [RefundSucceeded("ref_2", NOW_MS), PaymentRefunded(NOW_MS)]
    assert (second.refund_state, second.elsewhere_minor) == (RefundState.SUCCEEDED, 0)


@given(st.lists(st.sampled_from(RefundReport), max_size=14))
def test_a_refund_stays_due_until_the_provider_says_done(reports: list[RefundReport]) -> None:
    owed = asked(captured(), "ref_1")
    told = refusals = 0
    for report in reports:
        if owed.due_refund is None:
            break
        owed, changes = answered(owed, report)
        told += sum(isinstance(change, PaymentRefunded) for change in changes)
        refusals += report is RefundReport.FAILED
    stuck = refusals >= MAX_REFUND_REFUSALS
    expected = RefundState.SUCCEEDED if told else RefundState.STUCK if stuck else RefundState.DUE
    assert (owed.refund_state, told <= 1) == (expected, True)


def test_a_refund_that_failed_gets_a_new_key_once() -> None:
    owed = asked(captured(), "ref_1")
    first_key = owed.provider_refund_key(owed.refunds[0])
    failed, _ = answered(owed, RefundReport.FAILED)
    assert failed.provider_refund_key(failed.refunds[0]) != first_key
    assert refund_answered(failed, RefundAnswer("ref_1", 0, 2_500, RefundReport.FAILED), NOW_MS) == ()


def test_no_two_refunds_of_a_payment_share_a_key_at_the_provider() -> None:
    start = asked(asked(asked(captured(), "a", 500), "b", 500), "c")
    assert len({start.provider_refund_key(refund) for refund in start.refunds}) == 3


def test_the_only_refund_of_the_whole_has_the_key_that_releases_before_gave_it() -> None:
    owed = asked(captured(), "ref_1")
    assert owed.provider_refund_key(owed.refunds[0]) == "house_1:pay_1:refund:0"
    partly = asked(captured(refunded_minor=1_000), "ref_1")
    assert partly.provider_refund_key(partly.refunds[0]) == "house_1:pay_1:refund:0:1500"


def test_what_the_provider_refuses_again_and_again_calls_people_and_stays_owed() -> None:
    owed = asked(captured(), "ref_1")
    changes: list[Change] = []
    for _ in range(MAX_REFUND_REFUSALS):
        owed, told = answered(owed, RefundReport.FAILED)
        changes += told
    assert (owed.refund_state, owed.refunds[0].refused_for) == (RefundState.STUCK, "expired_card")
    assert sum(isinstance(change, RefundStuck) for change in changes) == 1
    given = back_at_provider(owed, 2_500, NOW_MS)
    assert [type(change) for change in given] == [RefundGiven, RefundSucceeded, PaymentRefunded], "people did it there"


def test_what_is_stuck_is_asked_again_under_another_key() -> None:
    stuck = refunding(RefundState.STUCK)
    assert refund_asked(stuck, _wanted("ref_1"), NOW_MS) == ()
    assert refund_asked(stuck, _wanted("ref_2"), NOW_MS) == (RefundAskedAgain("ref_1", "ref_2"),)
    again = asked(stuck, "ref_2")
    assert (again.refund_state, again.refund_under("ref_2")) == (RefundState.DUE, again.refunds[0])


def test_a_part_that_people_gave_at_the_provider_meanwhile_is_asked_for_no_more() -> None:
    owed = asked(captured(), "ref_1")
    partly = applied(owed, back_at_provider(owed, 1_000, NOW_MS))
    (refund,) = partly.refunds
    assert (partly.refunded_minor, refund.left_minor, refund.state) == (1_000, 1_500, RefundState.DUE)
    assert partly.provider_refund_key(refund) != owed.provider_refund_key(owed.refunds[0])


def test_more_than_is_owed_went_back_without_us() -> None:
    owed = asked(captured(), "ref_1", 1_000)
    after = applied(owed, back_at_provider(owed, 1_700, NOW_MS))
    assert (after.refunds[0].state, after.elsewhere_minor) == (RefundState.SUCCEEDED, 700)
    assert refund_asked(after, _wanted("ref_2", 801), NOW_MS) == RefundExceedsLeft("pay_1", 801, 800, "EUR")


def test_an_answer_after_the_sum_has_told_it_counts_nothing_twice() -> None:
    owed = asked(captured(), "ref_1", 1_000)
    after = applied(owed, back_at_provider(owed, 1_000, NOW_MS))
    answer = RefundAnswer("ref_1", 0, 1_000, RefundReport.SUCCEEDED)
    assert refund_answered(after, answer, NOW_MS) is None


def test_a_refund_returns_to_the_last_charge_first() -> None:
    start = captured(charges=VOUCHERS)  # 600 and 400 by vouchers, 1,500 by the provider
    small = asked(start, "ref_1", 1_200)
    assert (small.refunds[0].provider_minor, small.refunds[0].shares) == (1_200, ())
    rest = asked(small, "ref_2")
    assert rest.refunds[1].provider_minor == 300
    assert [(share.voucher_id, share.amount_minor) for share in rest.refunds[1].shares] == [
        ("vch_1", 600),
        ("vch_2", 400),
    ]
    assert rest.refunded_minor == 1_000, "onto vouchers money goes at once"


def test_a_payment_by_vouchers_alone_is_refunded_at_once() -> None:
    start = captured(charges=VOUCHERS, amount_minor=1_000, provider_ref=None)
    changes = refund_asked(start, _wanted("ref_1"), NOW_MS)
    assert not isinstance(changes, Refusal)
    assert [type(change) for change in changes] == [RefundOwed, RefundSucceeded, PaymentRefunded]


def test_a_voucher_instead_of_money_is_given_at_once() -> None:
    after = asked(captured(), "ref_1", 1_000, route=RefundRoute.VOUCHER, new_vouchers={"": "vch_9"})
    (share,) = after.refunds[0].shares
    assert (share.voucher_id, share.new_voucher_id, share.amount_minor) == ("", "vch_9", 1_000)
    assert (after.refunds[0].state, after.left_minor) == (RefundState.SUCCEEDED, 1_500)
    assert applied(after, back_at_provider(after, 2_500, NOW_MS)).left_minor == 0


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=5), st.data())
def test_what_goes_back_to_each_charge_adds_up_and_is_never_more_than_it_gave(
    left: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(left)))
    shares = shared_back(amount, left)
    assert sum(shares) == amount
    assert all(0 <= share <= most for share, most in zip(shares, left, strict=True))


_ACTS = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from([None, 1, 300, 999, 2_500]), st.sampled_from(RefundRoute)),
    st.tuples(st.just("answer"), st.sampled_from(RefundReport), st.none()),
    st.tuples(st.just("sum"), st.integers(0, 3_000), st.none()),
)


@given(st.booleans(), st.lists(_ACTS, max_size=25))
def test_whatever_happens_the_sums_of_refunds_match_to_the_minor_unit(
    by_vouchers: bool, acts: list[tuple[str, object, object]]
) -> None:
    subject = captured(charges=VOUCHERS if by_vouchers else ())
    finished: list[str] = []
    for number, (act, what, how) in enumerate(acts):
        before, changes = subject, _changes_of(subject, act, what, how, f"ref_{number}")
        subject = applied(subject, changes)
        finished += [change.key for change in changes if isinstance(change, RefundSucceeded)]
        totals = [change for change in changes if isinstance(change, PaymentPartlyRefunded | PaymentRefunded)]
        assert len(totals) == (subject.refunded_minor > before.refunded_minor)
        assert before.refunded_minor <= subject.refunded_minor <= subject.amount_minor
        given_minor = sum(one.given_here_minor + one.provider_done_minor for one in subject.refunds)
        assert subject.refunded_minor == given_minor + subject.elsewhere_minor
        assert all(minor >= 0 for minor in (subject.elsewhere_minor, *subject.charges_left_minor))
        assert all(one.left_minor >= 0 for one in subject.refunds)
        assert all((one.left_minor == 0) == (one.state is RefundState.SUCCEEDED) for one in subject.refunds)
        owed = sum(one.left_minor for one in subject.refunds)
        assert sum(subject.charges_left_minor) + owed == subject.left_minor + subject.moved_minor
    assert len(finished) == len(set(finished))


def _changes_of(subject: Payment, act: str, what: object, how: object, key: str) -> tuple[Change, ...]:
    if act == "ask":
        changes = refund_asked(subject, RefundWanted(key, what, "EUR", how, {"": "vch_9"}), NOW_MS)  # type: ignore[arg-type]
        return () if isinstance(changes, Refusal) else changes
    if act == "answer":
        refund = subject.due_refund
        if refund is None:
            return ()
        answer = RefundAnswer(refund.key, refund.attempt, refund.left_minor, what)  # type: ignore[arg-type]
        return refund_answered(subject, answer, NOW_MS) or ()
    assert isinstance(what, int)
    return back_at_provider(subject, what, NOW_MS)


def test_what_a_process_of_the_release_before_ended_is_ended_here() -> None:
    """It writes the sum and leaves the record: the whole is the end of all that was owed."""
    owed = replace(asked(captured(), "ref_1"), refunded_minor=1_000)
    changes = back_at_provider(owed, 2_500, NOW_MS)
    assert applied(owed, changes).refund_state is RefundState.SUCCEEDED
    assert [type(change) for change in changes] == [RefundGiven, RefundSucceeded, PaymentRefunded]


@pytest.mark.parametrize("state", [state for state in RefundState if state is not RefundState.STUCK])
@pytest.mark.parametrize("settlement", Settlement)
def test_people_see_to_what_is_stuck_and_to_nothing_else(state: RefundState, settlement: Settlement) -> None:
    found = settled_by_people(refunding(state), SettlementWanted("ref_1", settlement, "by bank"), NOW_MS)
    assert found == () if state is RefundState.SUCCEEDED else isinstance(found, RefundNotStuck)


@pytest.mark.parametrize("settlement", [Settlement.BY_HAND, Settlement.VOUCHER])
def test_what_people_saw_to_is_back_and_told_as_such(settlement: Settlement) -> None:
    wanted = SettlementWanted("ref_1", settlement, "by bank", "T-17", "vch_9")
    changes = settled_by_people(refunding(RefundState.STUCK), wanted, NOW_MS)
    assert not isinstance(changes, Refusal)
    assert [type(change) for change in changes] == [RefundSeenTo, RefundSettled, RefundSucceeded, PaymentRefunded]
    after = applied(refunding(RefundState.STUCK), changes)
    (refund,) = after.refunds
    assert (after.left_minor, refund.left_minor, refund.note, refund.reference) == (0, 0, "by bank", "T-17")
    made = made_for(after, changes, NOW_MS)
    assert [one.value_minor for one, _ in made] == ([2_500] if settlement is Settlement.VOUCHER else [])


def test_what_people_ask_for_again_is_due() -> None:
    wanted = SettlementWanted("ref_1", Settlement.ASK_AGAIN, "a new card")
    changes = settled_by_people(refunding(RefundState.STUCK), wanted, NOW_MS)
    assert not isinstance(changes, Refusal)
    assert applied(refunding(RefundState.STUCK), changes).refund_state is RefundState.DUE

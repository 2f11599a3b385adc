"""How many tickets one card may pay for: counted before the capture, let go when passed, given back with tickets."""

from __future__ import annotations

from collections import Counter

import pytest

from services.payments.domain.instrument_limits import Counted, counted, over_limit, over_limit_changes
from services.payments.domain.next_attempt import NextAct, next_act
from services.payments.domain.payment import (
    InstrumentLimit,
    InstrumentSeen,
    OverLimit,
    Payment,
    PaymentState,
    apply,
)
from services.payments.domain.refund_transitions import refund_asked
from services.payments.domain.refunds import RefundWanted
from services.payments.domain.transitions import Report, ReportKind, decide
from services.runtime.errors import Refusal
from tests.unit.payments.builders import NOW_MS, payment

CARD = "h" * 64
LIMITS = (InstrumentLimit("perf_1", 2, 3),)
USE = Counted(CARD, "perf_1")


def told(start: Payment, kind: ReportKind, instrument: str = CARD) -> Payment:
    for change in decide(start, Report(kind, provider_ref="sbx_1", instrument=instrument), NOW_MS).changes:
        start = apply(start, change)
    return start


def over(start: Payment) -> Payment:
    for change in over_limit_changes(start, OverLimit("perf_1", 3, 2, 2), NOW_MS):
        start = apply(start, change)
    return start


@pytest.mark.parametrize(("used", "refused"), [(0, None), (1, None), (2, OverLimit("perf_1", 3, 2, 2))])
def test_a_card_pays_for_as_many_tickets_as_the_house_allows(used: int, refused: OverLimit | None) -> None:
    assert over_limit(payment(limits=LIMITS, instrument=CARD), Counter({USE: used})) == refused


@pytest.mark.parametrize("kind", [ReportKind.AUTHORISED, ReportKind.SUCCEEDED])
def test_a_card_is_known_when_its_money_is_and_only_where_there_is_a_limit(kind: ReportKind) -> None:
    assert told(payment(limits=LIMITS), kind).instrument == CARD
    assert told(payment(), kind).instrument == "", "what nobody judges by is not kept"
    assert told(payment(limits=LIMITS), kind, instrument="").instrument == "", "the provider tells none"
    assert counted(told(payment(limits=LIMITS), kind)) == {USE: 2}


@pytest.mark.parametrize("kind", [ReportKind.OPEN, ReportKind.FAILED, ReportKind.CANCELLED, ReportKind.UNCERTAIN])
def test_what_brings_no_money_counts_nothing(kind: ReportKind) -> None:
    assert not counted(told(payment(limits=LIMITS, state=PaymentState.PENDING, provider_ref="sbx_1"), kind))


def test_what_was_only_authorised_is_let_go_and_never_captured() -> None:
    refused = over(told(payment(limits=LIMITS), ReportKind.AUTHORISED))
    assert (refused.state, next_act(refused)) == (PaymentState.AUTHORISED, NextAct.CANCEL)
    assert not counted(refused)
    ended = told(refused, ReportKind.CANCELLED)
    assert (ended.state, ended.over_limit) == (PaymentState.CANCELLED, OverLimit("perf_1", 3, 2, 2))


def test_what_came_at_once_is_told_as_over_its_limit_and_asks_nothing_by_itself() -> None:
    refused = over(told(payment(limits=LIMITS), ReportKind.SUCCEEDED))
    assert (refused.state, refused.cancel_asked_at_ms) == (PaymentState.SUCCEEDED, None)
    assert not counted(refused)


@pytest.mark.parametrize(
    ("amount_minor", "seats_back", "left"),
    [(1_000, (("perf_1", 1),), {USE: 1}), (1_000, (), {USE: 2}), (None, (), {}), (1_000, (("perf_1", 5),), {})],
)
def test_tickets_that_go_back_may_be_paid_for_again(
    amount_minor: int | None, seats_back: tuple[tuple[str, int], ...], left: dict[Counted, int]
) -> None:
    paid = told(payment(limits=LIMITS), ReportKind.SUCCEEDED)
    changes = refund_asked(paid, RefundWanted("ref_1", amount_minor, "EUR", seats_back=seats_back), NOW_MS)
    assert not isinstance(changes, Refusal)
    for change in changes:
        paid = apply(paid, change)
    assert counted(paid) == left


def test_the_card_of_a_payment_never_changes() -> None:
    known = told(payment(limits=LIMITS), ReportKind.AUTHORISED)
    again = decide(known, Report(ReportKind.SUCCEEDED, provider_ref="sbx_1", instrument="o" * 64), NOW_MS)
    assert not any(isinstance(change, InstrumentSeen) for change in again.changes)

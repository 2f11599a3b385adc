"""Authorise, then capture, against a pretended provider that loses answers before or after the effect (RULE 25).

A cancel that was asked for wins over a capture that was not, and at the end money and record agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import product

import pytest

from services.payments.domain.next_attempt import NextAct, next_act
from services.payments.domain.payment import CancelAsked, Payment, PaymentState, apply
from services.payments.domain.transitions import Report, ReportKind, decide
from tests.unit.payments.builders import NOW_MS, payment


class Happening(Enum):
    """What may come between two looks."""

    BUYER_AGREES = "buyer_agrees"
    CANCEL_IS_ASKED = "cancel_is_asked"
    ACT = "act"
    ACT_LOST_BEFORE = "act_lost_before"
    ACT_LOST_AFTER = "act_lost_after"
    OLD_WORD_OF_OPEN = "old_word_of_open"
    WORD_OF_NOW = "word_of_now"


@dataclass
class Provider:
    """Open, then authorised, then captured or voided; counts captures that were asked for after a cancel was."""

    status: ReportKind = ReportKind.OPEN
    captured_in_spite: int = 0

    def agree(self) -> None:
        if self.status is ReportKind.OPEN:
            self.status = ReportKind.AUTHORISED

    def act(self, subject: Payment) -> None:
        match next_act(subject):
            case NextAct.CAPTURE:
                self.captured_in_spite += subject.cancel_asked_at_ms is not None
                if self.status is ReportKind.AUTHORISED:
                    self.status = ReportKind.SUCCEEDED
            case NextAct.CANCEL if self.status in {ReportKind.OPEN, ReportKind.AUTHORISED}:
                self.status = ReportKind.CANCELLED
            case _:
                pass


def told(subject: Payment, kind: ReportKind) -> Payment:
    report = Report(kind, provider_ref="sbx_1", pay_url="https://pay.example/1")
    for change in decide(subject, report, NOW_MS).changes:
        subject = apply(subject, change)
    return subject


def happens(subject: Payment, provider: Provider, happening: Happening) -> Payment:
    match happening:
        case Happening.BUYER_AGREES:
            provider.agree()
        case Happening.CANCEL_IS_ASKED if subject.state in {PaymentState.PENDING, PaymentState.AUTHORISED}:
            return apply(subject, CancelAsked(NOW_MS))
        case Happening.ACT:
            provider.act(subject)
            return told(subject, provider.status)
        case Happening.ACT_LOST_BEFORE:
            return told(subject, ReportKind.UNCERTAIN)
        case Happening.ACT_LOST_AFTER:
            provider.act(subject)
            return told(subject, ReportKind.UNCERTAIN)
        case Happening.OLD_WORD_OF_OPEN:
            return told(subject, ReportKind.OPEN)
        case Happening.WORD_OF_NOW:
            return told(subject, provider.status)
        case _:
            pass
    return subject


@pytest.mark.parametrize("first", Happening)
def test_whatever_happens_record_and_money_agree_and_no_capture_follows_a_cancel(first: Happening) -> None:
    ends = set()
    for rest in product(Happening, repeat=3):
        provider = Provider()
        subject = told(payment(), ReportKind.OPEN)
        for happening in (first, *rest):
            subject = happens(subject, provider, happening)
        provider.agree()
        for _ in range(3):
            subject = happens(subject, provider, Happening.ACT)
        agreed = {ReportKind.SUCCEEDED: PaymentState.SUCCEEDED, ReportKind.CANCELLED: PaymentState.CANCELLED}
        assert subject.state is agreed[provider.status], (first, rest)
        assert next_act(subject) in {NextAct.WATCH, NextAct.NOTHING}
        assert not provider.captured_in_spite
        ends.add(subject.state)
    both = {PaymentState.SUCCEEDED, PaymentState.CANCELLED}
    assert ends == ({PaymentState.CANCELLED} if first is Happening.CANCEL_IS_ASKED else both)

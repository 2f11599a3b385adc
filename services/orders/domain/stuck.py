"""Orders that do not go on: what each waits for, in words of whoever looks after them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from services.orders.domain.order import Order
from services.orders.domain.refunds import due_refund, due_refunds
from services.orders.domain.steps import Step, next_step

# Tries in vain before an order is shown; waits double, so that is some seconds of trouble.
STUCK_FAILURES: Final = 6


class StuckReason(Enum):
    """Names as in balcon.orders.v1.StuckReason."""

    SEATS = "SEATS"
    TICKETS = "TICKETS"
    PAYMENT = "PAYMENT"
    REFUND = "REFUND"
    RELEASE = "RELEASE"


class StuckRemedy(Enum):
    """What people of the house can do; names as in balcon.orders.v1.StuckRemedy."""

    TRY_NOW = "TRY_NOW"
    SETTLE_REFUND = "SETTLE_REFUND"


@dataclass(frozen=True, slots=True)
class StuckRefund:
    """A refund that is owed, as payments tells it. `refused_for`: the provider's last word; '': it has not refused."""

    payment_id: str
    refund_key: str
    left_minor: int
    refused_for: str
    remedy: StuckRemedy


@dataclass(frozen=True, slots=True)
class StuckOrder:
    """An order that has tried `failures` times in vain."""

    order: Order
    failures: int
    next_try_at_ms: int

    @property
    def since_ms(self) -> int:
        """Since when it has been in its state, or the money has been owed."""
        due = due_refund(self.order.refunds)
        return self.order.state_since_ms if due is None else due.changed_at_ms


def stuck_reason(order: Order, now_ms: int) -> StuckReason | None:
    """What the order's next step waits for; None: it has none."""
    if due_refunds(order.refunds):
        return StuckReason.REFUND
    due = next_step(order, now_ms)
    return None if due is None else _reason_of(due.step)


def _reason_of(step: Step) -> StuckReason:
    match step:
        case Step.LOOK_AT_HOLD | Step.RELEASE_HOLD | Step.CLAIM_HELD_SEATS | Step.CLAIM_FREE_SEATS | Step.CANCEL_CLAIM:
            return StuckReason.SEATS
        case Step.CONFIRM_CLAIM | Step.SETTLE_EXCHANGE:
            return StuckReason.TICKETS
        case Step.CREATE_PAYMENT | Step.LOOK_AT_PAYMENT | Step.CANCEL_PAYMENT | Step.GIVE_UP:
            return StuckReason.PAYMENT
        case Step.REFUND_PAYMENT:
            return StuckReason.REFUND
        case Step.CANCEL_SALE | Step.RELEASE_SEATS:
            return StuckReason.RELEASE
        case _:
            assert_never(step)

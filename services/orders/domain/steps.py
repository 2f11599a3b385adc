"""Which outside call an order needs next, and when. It decides nothing: the answer is a command for transitions."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from services.contracts.bounds import HOLD_GRACE_SECONDS
from services.orders.domain.exchanging import may_settle_exchange
from services.orders.domain.order import Order, OrderState, PaymentStatus, SeatStatus
from services.orders.domain.refunds import due_refunds

_MAY_BE_HELD = frozenset({SeatStatus.HELD, SeatStatus.ASKED})
_MUST_BE_FREE = frozenset({SeatStatus.UNHELD, SeatStatus.FREED})
_MAY_BE_CLAIMED = frozenset({SeatStatus.ASKED, SeatStatus.UNHELD, SeatStatus.CLAIMED})
_NOT_FREED = frozenset(SeatStatus) - {SeatStatus.FREED}


class Step(Enum):
    """One act of the saga; all but GIVE_UP are one call to another service, and each may be repeated."""

    LOOK_AT_HOLD = "look_at_hold"
    RELEASE_HOLD = "release_hold"
    CLAIM_HELD_SEATS = "claim_held_seats"
    CLAIM_FREE_SEATS = "claim_free_seats"
    CONFIRM_CLAIM = "confirm_claim"
    CANCEL_CLAIM = "cancel_claim"
    CANCEL_SALE = "cancel_sale"
    RELEASE_SEATS = "release_seats"
    CREATE_PAYMENT = "create_payment"
    LOOK_AT_PAYMENT = "look_at_payment"
    CANCEL_PAYMENT = "cancel_payment"
    REFUND_PAYMENT = "refund_payment"
    SETTLE_EXCHANGE = "settle_exchange"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step, and the place of the part that needs it; 0 where it is about the whole order."""

    step: Step
    part: int = 0


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the saga waits, in milliseconds."""

    hold_grace_ms: int = HOLD_GRACE_SECONDS * 1000
    payment_poll_ms: int = 20_000
    url_poll_ms: int = 250
    first_retry_ms: int = 100
    longest_retry_ms: int = 30_000


def next_step(order: Order, now_ms: int, failures: int = 0) -> NextStep | None:  # noqa: PLR0911 (one line a state)
    """The act that brings `order` on from where it is; None in an end state with nothing left to free.

    `failures`: tries in a row without news. Where seats and money wait at once, they take turns by it.
    """
    if may_settle_exchange(order):
        # The old tickets end, or are free again, before anything else is done about the new ones.
        return NextStep(Step.SETTLE_EXCHANGE)
    match order.state:
        case OrderState.OPEN:
            _, place = min((part.hold_until_ms, place) for place, part in enumerate(order.parts))
            return NextStep(Step.LOOK_AT_HOLD, place)
        case OrderState.CLAIMING:
            if now_ms >= order.pay_until_ms:
                return NextStep(Step.GIVE_UP)
            unclaimed = _first(order, _MAY_BE_HELD)
            return NextStep(Step.CREATE_PAYMENT) if unclaimed is None else NextStep(Step.CLAIM_HELD_SEATS, unclaimed)
        case OrderState.PAYING:
            return NextStep(Step.GIVE_UP if now_ms >= order.pay_until_ms else Step.LOOK_AT_PAYMENT)
        case OrderState.CANCELLING:
            return _cancelling_step(order)
        case OrderState.PAID:
            return _paid_step(order)
        case OrderState.REFUND_DUE:
            waiting = [*_releases(order), NextStep(Step.REFUND_PAYMENT)]
            return waiting[failures % len(waiting)]
        case OrderState.CONFIRMED:
            owed = [NextStep(Step.REFUND_PAYMENT)] if due_refunds(order.refunds) else []
            waiting = [*_releases(order), *owed]
            return waiting[failures % len(waiting)] if waiting else None
        case OrderState.CANCELLED | OrderState.REFUNDED:
            return _freeing_step(order)
        case _:
            assert_never(order.state)


def _releases(order: Order) -> list[NextStep]:
    """Of each part with seats that are on their way back on sale."""
    return [NextStep(Step.RELEASE_SEATS, place) for place, part in enumerate(order.parts) if part.release_due]


def _first(order: Order, seats: Set[SeatStatus]) -> int | None:
    return next((place for place, part in enumerate(order.parts) if part.seats in seats), None)


def _cancelling_step(order: Order) -> NextStep:
    """Proof first, seats second (RULE 25). A payment whose id is unknown is asked for by its key once more."""
    match order.payment:
        case PaymentStatus.ASKED:
            return NextStep(Step.CREATE_PAYMENT)
        case PaymentStatus.PENDING:
            return NextStep(Step.CANCEL_PAYMENT)
        case PaymentStatus.NONE | PaymentStatus.ENDED | PaymentStatus.CAPTURED | PaymentStatus.REFUNDED:
            held = _first(order, _MAY_BE_HELD)
            if held is not None:
                return NextStep(Step.RELEASE_HOLD, held)
            return NextStep(Step.CANCEL_CLAIM, _first(order, _NOT_FREED) or 0)
        case _:
            assert_never(order.payment)


def _paid_step(order: Order) -> NextStep:
    """Every part is claimed before the first is confirmed: a sale is dearer to take back than a claim."""
    held, unheld = _first(order, _MAY_BE_HELD), _first(order, _MUST_BE_FREE)
    if held is not None:
        return NextStep(Step.CLAIM_HELD_SEATS, held)
    if unheld is not None:
        return NextStep(Step.CLAIM_FREE_SEATS, unheld)
    return NextStep(Step.CONFIRM_CLAIM, _first(order, {SeatStatus.CLAIMED}) or 0)


def _freeing_step(order: Order) -> NextStep | None:
    """Seats are freed by an act of their own, after the money; the order remembers what it still has."""
    claimed = _first(order, _MAY_BE_CLAIMED)
    if claimed is not None:
        return NextStep(Step.CANCEL_CLAIM, claimed)
    whole = (place for place, part in enumerate(order.parts) if part.seats is SeatStatus.SOLD and part.is_whole)
    sold = next(whole, None)
    if sold is not None:
        return NextStep(Step.CANCEL_SALE, sold)
    # Of what was cancelled line by line before, the house has said which seats go back on sale.
    return next(iter(_releases(order)), None)


def due_at_ms(order: Order, now_ms: int, timing: Timing) -> int | None:
    """When to take the next step after a change: at once, later (but not after the time to pay), or None: never."""
    if next_step(order, now_ms) is None:
        return None
    if order.state is OrderState.OPEN:
        return max(now_ms, min(part.hold_until_ms for part in order.parts) + timing.hold_grace_ms)
    if order.state is OrderState.PAYING:
        wait_ms = timing.payment_poll_ms if order.payment_url else timing.url_poll_ms
        return min(max(now_ms, order.pay_until_ms), now_ms + wait_ms)
    return now_ms


def retry_at_ms(order: Order, now_ms: int, failures: int, timing: Timing) -> int:
    """When to take the step again after `failures` times without news; doubles up to the longest wait."""
    wait_ms = min(timing.first_retry_ms << min(failures, 20), timing.longest_retry_ms)
    if order.state is OrderState.PAYING:
        planned = due_at_ms(order, now_ms, timing) or now_ms
        return max(min(planned, max(order.pay_until_ms, now_ms)), now_ms + timing.first_retry_ms)
    return now_ms + wait_ms

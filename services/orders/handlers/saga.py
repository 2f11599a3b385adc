"""The checkout saga: makes the one outside call that an order's state needs, and records its answer. Decides nothing.

Every call may be made again after a crash at any point, so nothing is kept here between two steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from services.orders.domain.commands import (
    ClaimMissing,
    ClaimRefused,
    Command,
    GiveUpUnpaid,
    HoldGone,
    HoldSeen,
    PaymentCancelled,
    PaymentFailed,
    PaymentPending,
    PaymentRefunded,
    PaymentRefused,
    PaymentSucceeded,
    SaleConfirmed,
    SeatsClaimed,
    SeatsFreed,
)
from services.orders.domain.order import FINAL_STATES, Order, Ticket
from services.orders.domain.steps import Step, Timing, next_step, retry_at_ms
from services.orders.handlers.acting import act_on
from services.orders.handlers.order_news import OrderNews
from services.orders.ports import (
    Answer,
    Changed,
    Declined,
    Lease,
    LeasedOrder,
    OrderRef,
    OrderStore,
    Payments,
    PaymentSeen,
    PaymentStatus,
    SeatInventory,
    Unanswered,
)
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import ORDERS_ENDED, SAGA_STEPS

# Longer than any path through the states; a longer one is a loop in the table.
MAX_STEPS = 12
# The claim that was asked for is in the record already, as a sale.
_SOLD_ALREADY = "CLAIM_ALREADY_SOLD"
# Answers to "free it" that mean: it is not there.
_NOTHING_THERE = frozenset({"CLAIM_NOT_FOUND", "SALE_NOT_FOUND"})

_log = get_logger("saga")


@dataclass(frozen=True, slots=True)
class SagaParts:
    """What the saga works with."""

    store: OrderStore
    inventory: SeatInventory
    payments: Payments
    news: OrderNews
    clock: Clock
    ids: Ids
    timing: Timing
    lease_ms: int


class Saga:
    """Takes leased orders on, step by step, until they must wait."""

    def __init__(self, parts: SagaParts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock

    def new_lease(self, token: str) -> Lease:
        """A lease from now; every recorded step renews it."""
        now_ms = self._clock.now_ms()
        return Lease(token, now_ms, now_ms + self._parts.lease_ms)

    async def advance(self, leased: LeasedOrder, token: str) -> Order:
        """Takes the order's steps while one is due at once. Returns the order as last seen."""
        order, failures = leased.order, leased.failures
        for _ in range(MAX_STEPS):
            step = next_step(order, self._clock.now_ms())
            if step is None:
                break
            changed = await self._take(step, order, failures, token)
            if changed is None:
                return order
            order, failures = changed.order, 0
            if not changed.leased:
                break
        return order

    async def _take(self, step: Step, order: Order, failures: int, token: str) -> Changed | None:
        """One step; None when there was no news, and the order waits for its next try."""
        try:
            command = await self._perform(step, order)
        except Unanswered as unanswered:
            SAGA_STEPS.labels(step.value, "unanswered").inc()
            await self._postpone(order, failures, token, unanswered.retry_after_ms)
            return None
        if command is None:
            SAGA_STEPS.labels(step.value, "odd").inc()
            await self._postpone(order, failures, token)
            return None
        SAGA_STEPS.labels(step.value, type(command).__name__).inc()
        return await self._record(command, order, failures, token)

    async def _record(self, command: Command, order: Order, failures: int, token: str) -> Changed | None:
        ref = OrderRef(order.house_id, order.order_id)
        act = act_on(command, self._clock, self._parts.timing)
        changed = await self._store.change(ref, act, lease=self.new_lease(token))
        if isinstance(changed, Refusal):
            _log.error("report_refused", order_id=order.order_id, reason=changed.reason(), **changed.facts())
            await self._postpone(order, failures, token)
            return None
        assert isinstance(changed, Changed), "a leased order does not vanish"
        if not changed.changes and changed.order.state is order.state:
            await self._postpone(changed.order, failures, token)
            return None
        if changed.order.state in FINAL_STATES and changed.order.state is not order.state:
            ORDERS_ENDED.labels(changed.order.state.value).inc()
        self._parts.news.tell(changed.order)
        return changed

    async def _postpone(self, order: Order, failures: int, token: str, at_least_ms: int = 0) -> None:
        now_ms = self._clock.now_ms()
        until_ms = max(retry_at_ms(order, now_ms, failures, self._parts.timing), now_ms + at_least_ms)
        await self._store.postpone(order, self.new_lease(token), until_ms)

    async def _perform(self, step: Step, order: Order) -> Command | None:  # noqa: PLR0911 (one line a step)
        """The call and what its answer means; None for an answer that nobody expected (it was logged)."""
        inventory, payments = self._parts.inventory, self._parts.payments
        match step:
            case Step.LOOK_AT_HOLD:
                return await self._look_at_hold(order)
            case Step.CLAIM_HELD_SEATS:
                return _claim_answer(await inventory.claim(order, from_hold=True))
            case Step.CLAIM_FREE_SEATS:
                return _claim_answer(await inventory.claim(order, from_hold=False))
            case Step.CONFIRM_CLAIM:
                return self._confirm_answer(order, await inventory.confirm_claim(order))
            case Step.CANCEL_CLAIM:
                return self._free_answer(order, step, await inventory.cancel_claim(order))
            case Step.CANCEL_SALE:
                return self._free_answer(order, step, await inventory.cancel_sale(order))
            case Step.CREATE_PAYMENT:
                return _payment_answer(await payments.create(order)) or PaymentRefused()
            case Step.LOOK_AT_PAYMENT:
                return self._known_payment(order, step, await payments.look(order))
            case Step.CANCEL_PAYMENT:
                return self._known_payment(order, step, await payments.cancel(order))
            case Step.REFUND_PAYMENT:
                return self._known_payment(order, step, await payments.refund(order))
            case Step.GIVE_UP:
                return GiveUpUnpaid()
            case _:
                assert_never(step)

    async def _look_at_hold(self, order: Order) -> Command:
        """The buyer may have extended the hold; if not, its end is the order's (R2.7), and no seat is touched."""
        held = await self._parts.inventory.held_seats(order.house_id, order.performance_id, order.hold_id)
        return HoldGone() if isinstance(held, Declined) else HoldSeen(held.hold_until_ms)

    def _confirm_answer(self, order: Order, answer: Answer) -> Command | None:
        if not isinstance(answer, Declined):
            return self._sold(order)
        if answer.reason in _NOTHING_THERE:
            return ClaimMissing()
        return self._odd(order, Step.CONFIRM_CLAIM, answer)

    def _sold(self, order: Order) -> Command:
        ids = self._parts.ids
        return SaleConfirmed(tuple(Ticket(ids.new_id("tkt"), seat, ids.new_secret()) for seat in order.seat_ids))

    def _free_answer(self, order: Order, step: Step, answer: Answer) -> Command | None:
        if not isinstance(answer, Declined) or answer.reason in _NOTHING_THERE:
            return SeatsFreed()
        if step is Step.CANCEL_CLAIM and answer.reason == _SOLD_ALREADY:
            # The answer to its confirmation was lost, and the money went back meanwhile: it is given back as a sale.
            return self._sold(order)
        return self._odd(order, step, answer)

    def _known_payment(self, order: Order, step: Step, answer: PaymentSeen | Declined) -> Command | None:
        """Payments must know what it named before; a refusal is somebody's mistake, never proof of anything."""
        return self._odd(order, step, answer) if isinstance(answer, Declined) else _payment_answer(answer)

    @staticmethod
    def _odd(order: Order, step: Step, answer: Declined) -> None:
        """The order stays as it is and is tried again; somebody must look."""
        _log.error("step_refused", order_id=order.order_id, step=step.value, reason=answer.reason)


def _claim_answer(answer: Answer) -> Command:
    if isinstance(answer, Declined) and answer.reason != _SOLD_ALREADY:
        return ClaimRefused()
    return SeatsClaimed()


def _payment_answer(answer: PaymentSeen | Declined) -> Command | None:
    if isinstance(answer, Declined):
        return None
    if answer.refunded:
        return PaymentRefunded(answer.payment_id)
    match answer.status:
        case PaymentStatus.PENDING:
            return PaymentPending(answer.payment_id, answer.payment_url)
        case PaymentStatus.SUCCEEDED:
            return PaymentSucceeded(answer.payment_id)
        case PaymentStatus.FAILED:
            return PaymentFailed(answer.payment_id)
        case PaymentStatus.CANCELLED:
            return PaymentCancelled(answer.payment_id)
        case _:
            assert_never(answer.status)

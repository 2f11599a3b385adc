"""The checkout saga: makes the one outside call that an order's state needs, and records its answer. Decides nothing.

Every call may be made again after a crash at any point, so nothing is kept here between two steps.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import assert_never

from services.contracts.reasons import Reason
from services.orders.domain.commands import (
    ClaimMissing,
    ClaimRefused,
    Command,
    EndExchange,
    ExchangeEnded,
    ExchangeLost,
    FreeExchange,
    GiveUpUnpaid,
    NoClaim,
    OwnRefund,
    PaymentCancelled,
    PaymentFailed,
    PaymentPartlyRefunded,
    PaymentPending,
    PaymentRefunded,
    PaymentRefused,
    PaymentSucceeded,
    SaleConfirmed,
    SeatsClaimed,
    SeatsFreed,
    SeatsReleased,
)
from services.orders.domain.exchanges import ExchangeStatus
from services.orders.domain.exchanging import given_for
from services.orders.domain.instrument_limits import tickets_ended_by
from services.orders.domain.order import FINAL_STATES, Order, OrderState, SeatStatus
from services.orders.domain.refunds import Refund, RefundRoute, due_refunds
from services.orders.domain.steps import NextStep, Step, Timing, next_step, retry_at_ms
from services.orders.handlers.acting import act_on
from services.orders.handlers.order_hold import OrderHold
from services.orders.handlers.order_notifier import OrderNotifier
from services.orders.ports import (
    NEVER_MADE,
    Answer,
    Changed,
    Declined,
    Lease,
    LeasedOrder,
    OrderRef,
    OrderStore,
    Payments,
    PaymentSeen,
    PaymentState,
    RefundAsked,
    RefundStatus,
    SeatInventory,
    Ticketing,
    Unanswered,
)
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import ORDERS_ENDED, SAGA_STEPS

# Longer than any path through the states; a longer one is a loop in the table.
MAX_STEPS_A_PART = 12
# What a refused claim proves.
_NO_CLAIM = {
    Reason.CLAIM_MISMATCH: NoClaim.HOLD_MOVED,
    Reason.HOLD_ENDED: NoClaim.HOLD_ENDED,
    Reason.HOLD_EXPIRED: NoClaim.HOLD_ENDED,
    Reason.HOLD_FOREIGN: NoClaim.HOLD_ENDED,
    Reason.HOLD_NOT_FOUND: NoClaim.HOLD_ENDED,
    Reason.CLAIM_ENDED: NoClaim.SEATS_GONE,
    Reason.FIELD_INVALID: NoClaim.SEATS_GONE,
    Reason.PERFORMANCE_NOT_FOUND: NoClaim.SEATS_GONE,
    Reason.PLAN_VERSION_MISMATCH: NoClaim.SEATS_GONE,
    # Not what the buyer can mend: the channel may not sell these seats (any more), or not as these tickets.
    Reason.QUOTA_REACHED: NoClaim.SEATS_GONE,
    Reason.RESERVATION_FOREIGN: NoClaim.HOLD_ENDED,
    Reason.RESERVATION_NOT_FOUND: NoClaim.HOLD_ENDED,
    Reason.RESERVATION_OVER: NoClaim.HOLD_ENDED,
    Reason.SEATS_TAKEN: NoClaim.SEATS_GONE,
    Reason.SEAT_UNKNOWN: NoClaim.SEATS_GONE,
    Reason.TICKET_TYPE_NOT_ASSIGNED: NoClaim.SEATS_GONE,
}

_log = get_logger("saga")


@dataclass(frozen=True, slots=True)
class _OnItsWay:
    """The provider has taken on what the order waits for: it ends by itself, and nobody needs to look."""

    told: Command


@dataclass(frozen=True, slots=True)
class SagaParts:
    """What the saga works with."""

    store: OrderStore
    inventory: SeatInventory
    payments: Payments
    ticketing: Ticketing
    notifier: OrderNotifier
    clock: Clock
    timing: Timing
    lease_ms: int


class Saga:
    """Takes leased orders on, step by step, until they must wait."""

    def __init__(self, parts: SagaParts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._hold = OrderHold(parts.inventory)

    def new_lease(self, token: str) -> Lease:
        """A lease from now; every recorded step renews it."""
        now_ms = self._clock.now_ms()
        return Lease(token, now_ms, now_ms + self._parts.lease_ms)

    async def advance(self, leased: LeasedOrder, token: str) -> Order:
        """Takes the order's steps while one is due at once. Returns the order as last seen."""
        order, failures = leased.order, leased.failures
        for _ in range(MAX_STEPS_A_PART * len(order.parts)):
            step = next_step(order, self._clock.now_ms(), failures)
            if step is None:
                break
            changed = await self._take(step, order, failures, token)
            if changed is None:
                return order
            order, failures = changed.order, 0
            if not changed.leased:
                break
        return order

    async def _take(self, due: NextStep, order: Order, failures: int, token: str) -> Changed | None:
        """One step; None when there was no news, and the order waits for its next try."""
        step = due.step
        try:
            command = await self._perform(step, order, due.part)
        except Unanswered as unanswered:
            SAGA_STEPS.labels(step.value, "unanswered").inc()
            await self._postpone(order, failures, token, unanswered.retry_after_ms)
            return None
        if command is None:
            SAGA_STEPS.labels(step.value, "odd").inc()
            await self._postpone(order, failures, token)
            return None
        in_vain = not isinstance(command, _OnItsWay)
        if isinstance(command, _OnItsWay):
            command = command.told
        SAGA_STEPS.labels(step.value, type(command).__name__).inc()
        return await self._record(command, order, failures, token, in_vain=in_vain)

    async def _record(
        self, command: Command, order: Order, failures: int, token: str, *, in_vain: bool
    ) -> Changed | None:
        ref = OrderRef(order.house_id, order.order_id)
        act = act_on(command, self._clock, self._parts.timing)
        changed = await self._store.change(ref, act, lease=self.new_lease(token))
        if isinstance(changed, Refusal):
            _log.error("report_refused", order_id=order.order_id, reason=changed.reason(), **changed.facts())
            await self._postpone(order, failures, token)
            return None
        assert isinstance(changed, Changed), "a leased order does not vanish"
        if not changed.changes and changed.order.state is order.state:
            await self._postpone(changed.order, failures, token, in_vain=in_vain)
            return None
        if changed.order.state in FINAL_STATES and changed.order.state is not order.state:
            ORDERS_ENDED.labels(changed.order.state.value).inc()
        self._parts.notifier.tell(changed.order)
        return changed

    async def _postpone(
        self, order: Order, failures: int, token: str, at_least_ms: int = 0, *, in_vain: bool = True
    ) -> None:
        now_ms, timing = self._clock.now_ms(), self._parts.timing
        wait_ms = at_least_ms if in_vain else timing.longest_retry_ms
        until_ms = max(retry_at_ms(order, now_ms, failures, timing), now_ms + wait_ms)
        await self._store.postpone(order, self.new_lease(token), until_ms, in_vain=in_vain)

    async def _perform(  # noqa: PLR0911, PLR0912 (one line a step)
        self, step: Step, order: Order, place: int
    ) -> Command | _OnItsWay | None:
        """The call and what its answer means; None for an answer that nobody expected (it was logged)."""
        inventory, payments, part = self._parts.inventory, self._parts.payments, order.parts[place]
        match step:
            case Step.LOOK_AT_HOLD:
                return self._told(order, step, await self._hold.look(order, place))
            case Step.RELEASE_HOLD:
                return self._told(order, step, await self._hold.let_go(order, place))
            case Step.CLAIM_HELD_SEATS:
                return self._claim_answer(order, step, place, await inventory.claim(order, part, from_hold=True))
            case Step.CLAIM_FREE_SEATS:
                return self._claim_answer(order, step, place, await inventory.claim(order, part, from_hold=False))
            case Step.CONFIRM_CLAIM:
                return await self._confirm_answer(order, place, await inventory.confirm_claim(order, part))
            case Step.CANCEL_CLAIM:
                return await self._free_answer(order, step, place, await inventory.cancel_claim(order, part))
            case Step.CANCEL_SALE:
                return await self._free_answer(order, step, place, await inventory.cancel_sale(order, part))
            case Step.RELEASE_SEATS:
                return self._release_answer(order, place, await inventory.release_seats(order, part))
            case Step.CREATE_PAYMENT:
                return self._payment_answer(order, step, await payments.create(order), NEVER_MADE)
            case Step.LOOK_AT_PAYMENT:
                return self._payment_answer(order, step, await payments.look(order))
            case Step.CANCEL_PAYMENT:
                return self._payment_answer(order, step, await payments.cancel(order))
            case Step.REFUND_PAYMENT:
                return await self._refund_answer(order)
            case Step.SETTLE_EXCHANGE:
                return await self._exchange_answer(order)
            case Step.GIVE_UP:
                return GiveUpUnpaid()
            case _:
                assert_never(step)

    def _told(self, order: Order, step: Step, report: Command | Declined) -> Command | None:
        return self._odd(order, step, report) if isinstance(report, Declined) else report

    def _claim_answer(self, order: Order, step: Step, place: int, answer: Answer) -> Command | None:
        """A claim that is a sale already is in the record too."""
        if not isinstance(answer, Declined) or answer.reason is Reason.CLAIM_ALREADY_SOLD:
            return SeatsClaimed(place)
        why = _NO_CLAIM.get(answer.reason)
        return self._odd(order, step, answer) if why is None else ClaimRefused(why, place)

    async def _confirm_answer(self, order: Order, place: int, answer: Answer) -> Command | None:
        if not isinstance(answer, Declined):
            return await self._sold(order, place)
        if answer.reason is Reason.CLAIM_NOT_FOUND:
            return ClaimMissing(place)
        return self._odd(order, Step.CONFIRM_CLAIM, answer)

    async def _sold(self, order: Order, place: int) -> Command | None:
        """The last part of an order that is paid brings the tickets of all; without them it is not confirmed yet."""
        others = [other.seats for number, other in enumerate(order.parts) if number != place]
        if order.state is not OrderState.PAID or any(seats is not SeatStatus.SOLD for seats in others):
            return SaleConfirmed((), place)
        tickets = await self._parts.ticketing.issue(order)
        if isinstance(tickets, Declined):
            return self._odd(order, Step.CONFIRM_CLAIM, tickets)
        return SaleConfirmed(tickets, place)

    async def _free_answer(self, order: Order, step: Step, place: int, answer: Answer) -> Command | None:
        if not isinstance(answer, Declined) or answer.reason is Reason.CLAIM_NOT_FOUND:
            return SeatsFreed(place)
        if step is Step.CANCEL_CLAIM and answer.reason is Reason.CLAIM_ALREADY_SOLD:
            # The answer to its confirmation was lost, and the money went back meanwhile: it is given back as a sale.
            return await self._sold(order, place)
        return self._odd(order, step, answer)

    def _release_answer(self, order: Order, place: int, answer: Answer) -> Command | None:
        """Those that were asked for; what was cancelled meanwhile has its own turn."""
        if isinstance(answer, Declined) and answer.reason is not Reason.CLAIM_NOT_FOUND:
            return self._odd(order, Step.RELEASE_SEATS, answer)
        return SeatsReleased(order.parts[place].release_due, place)

    async def _refund_answer(self, order: Order) -> Command | _OnItsWay | None:
        """Of each refund that is owed, asked for under its own key. What is planned of lines has a sum; the rest is all
        that is left."""
        payments = self._parts.payments
        answer: PaymentSeen | Declined | None = None
        for refund in due_refunds(order.refunds):
            answer = await self._asked_for(order, refund)
            if isinstance(answer, Declined):
                return self._odd(order, Step.REFUND_PAYMENT, answer)
        if answer is None:
            # Owed by a process of the release before, which writes no records.
            answer = await payments.refund(order, RefundAsked(order.refund_key))
        if isinstance(answer, Declined):
            return self._odd(order, Step.REFUND_PAYMENT, answer)
        told = _refund_report(answer)
        # Seats that are on their way back on sale are tried in turns, and those are counted.
        waits = is_on_its_way(answer) and not any(part.release_due for part in order.parts)
        return _OnItsWay(told) if waits else told

    async def _asked_for(self, order: Order, refund: Refund) -> PaymentSeen | Declined:
        """One refund. A key has one amount: where less is owed than was planned, it is looked for before."""
        payments = self._parts.payments
        planned = sum(share.amount_minor for share in refund.shares) or None
        amount_minor = planned
        if planned is not None and refund.amount_minor < planned:
            known = await payments.look(order)
            if isinstance(known, Declined) or refund.refund_id in {one.key for one in known.refunds}:
                return known
            if known.refunded or not refund.amount_minor:
                return known
            amount_minor = refund.amount_minor
        new = await self._exchanged_for(order, refund)
        asked = RefundAsked(
            refund.refund_id,
            amount_minor,
            refund.route is RefundRoute.VOUCHER,
            new.payment_id if new is not None and refund.route is RefundRoute.EXCHANGE else "",
            order.exchange is not None and not order.confirmed_at_ms,
            tickets_ended_by(order, refund, new),
        )
        answer = await payments.refund(order, asked)
        if isinstance(answer, Declined) and answer.reason is Reason.REFUND_EXCEEDS_LEFT:
            # Money went back without us meanwhile: what payments knows makes what is owed so much less.
            return await payments.look(order)
        return answer

    async def _exchange_answer(self, order: Order) -> Command:
        """The old order's part of it: its lines end, or are free again. Repeated it finds that it was done."""
        exchange = order.exchange
        assert exchange is not None, "only an order that lines are given for has this step"
        ended = EndExchange(order.order_id, exchange.lines, exchange.pays_minor, exchange.terms)
        if order.confirmed_at_ms and await self._tell_old(order, exchange.order_id, ended):
            return ExchangeEnded(ExchangeStatus.DONE)
        await self._tell_old(order, exchange.order_id, FreeExchange(order.order_id))
        if not order.confirmed_at_ms:
            return ExchangeEnded(ExchangeStatus.FREED)
        _log.error("exchange_lost", order_id=order.order_id, old_order_id=exchange.order_id)
        return ExchangeLost()

    async def _tell_old(self, order: Order, old_order_id: str, command: EndExchange | FreeExchange) -> bool:
        """Whether it has done so, now or before."""
        act = act_on(command, self._clock, self._parts.timing)
        changed = await self._store.change(OrderRef(order.house_id, old_order_id), act)
        if not isinstance(changed, Changed):
            return False
        self._parts.notifier.tell(changed.order)
        return True

    async def _exchanged_for(self, order: Order, refund: Refund) -> Order | None:
        """The order that the refund's lines were given for."""
        if given_for(order, refund.act_id) is None:
            return None
        new = await self._store.get(OrderRef(order.house_id, refund.act_id))
        assert new is not None, "lines are given for an order that there is"
        assert new.payment_id or refund.route is not RefundRoute.EXCHANGE, "it was paid before the old lines ended"
        return new

    def _payment_answer(
        self, order: Order, step: Step, answer: PaymentSeen | Declined, never_made: Set[Reason] = frozenset()
    ) -> Command | None:
        """Payments must know what it named before; a refusal is somebody's mistake, never proof that no money comes."""
        if not isinstance(answer, Declined):
            return _payment_report(answer)
        return PaymentRefused() if answer.reason in never_made else self._odd(order, step, answer)

    @staticmethod
    def _odd(order: Order, step: Step, answer: Declined) -> None:
        """The order stays as it is and is tried again; somebody must look."""
        _log.error("step_refused", order_id=order.order_id, step=step.value, reason=answer.reason)


def is_on_its_way(seen: PaymentSeen) -> bool:
    """Whether what is owed is, or waits for that: a provider is asked for one refund of a payment after the other."""
    is_stuck = any(one.status is RefundStatus.STUCK for one in seen.refunds)
    return not is_stuck and any(one.is_on_its_way for one in seen.refunds)


def own_refunds(seen: PaymentSeen) -> tuple[OwnRefund, ...]:
    """The house's own refunds as an order is told of them."""
    return tuple(
        OwnRefund(one.key, one.amount_minor - one.left_minor, one.status is RefundStatus.DONE) for one in seen.refunds
    )


def _refund_report(answer: PaymentSeen) -> Command:
    if answer.refunded or not answer.refunded_minor:
        return _payment_report(answer)
    return PaymentPartlyRefunded(answer.payment_id, answer.refunded_minor, own_refunds(answer))


def _payment_report(answer: PaymentSeen) -> Command:
    if answer.refunded:
        return PaymentRefunded(answer.payment_id)
    match answer.status:
        case PaymentState.PENDING:
            return PaymentPending(answer.payment_id, answer.payment_url)
        case PaymentState.SUCCEEDED:
            return PaymentSucceeded(answer.payment_id, answer.is_over_limit)
        case PaymentState.FAILED:
            return PaymentFailed(answer.payment_id, answer.is_over_limit)
        case PaymentState.CANCELLED:
            return PaymentCancelled(answer.payment_id, answer.is_over_limit)
        case _:
            assert_never(answer.status)

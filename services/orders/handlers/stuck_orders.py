"""Orders that do not go on, with what payments knows of money that is owed: the provider's word, and what helps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.orders.domain.stuck import StuckOrder, StuckReason, StuckRefund, StuckRemedy, stuck_reason
from services.orders.ports import Declined, Payments, RefundSeen, RefundStatus, Unanswered
from services.orders.ports.order_work import OrderWork
from services.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class ExplainedOrder:
    """A stuck order. `reason` None: it goes on by now."""

    stuck: StuckOrder
    reason: StuckReason | None
    refunds: tuple[StuckRefund, ...]

    @property
    def remedies(self) -> tuple[StuckRemedy, ...]:
        """In the order of their names. What payments does not tell may be tried again."""
        told = {refund.remedy for refund in self.refunds}
        return tuple(sorted(told or {StuckRemedy.TRY_NOW}, key=lambda one: one.value))


class StuckOrders:
    """Payments that is away leaves the list as orders know it."""

    def __init__(self, work: OrderWork, payments: Payments, clock: Clock) -> None:
        self._work = work
        self._payments = payments
        self._clock = clock

    async def found(self, house_id: str, performance_id: str, limit: int) -> Sequence[ExplainedOrder]:
        """Those that wait the longest first."""
        stuck = await self._work.stuck(house_id, performance_id, limit)
        return await asyncio.gather(*map(self._explained, stuck))

    async def _explained(self, one: StuckOrder) -> ExplainedOrder:
        reason = stuck_reason(one.order, self._clock.now_ms())
        refunds = await self._refunds(one) if reason is StuckReason.REFUND and one.order.payment_id else ()
        return ExplainedOrder(one, reason, refunds)

    async def _refunds(self, one: StuckOrder) -> tuple[StuckRefund, ...]:
        try:
            payment = await self._payments.look(one.order)
        except Unanswered:
            return ()
        if isinstance(payment, Declined):
            return ()
        return tuple(
            _told(payment.payment_id, seen) for seen in payment.refunds if seen.status is not RefundStatus.DONE
        )


def _told(payment_id: str, seen: RefundSeen) -> StuckRefund:
    remedy = StuckRemedy.SETTLE_REFUND if seen.status is RefundStatus.STUCK else StuckRemedy.TRY_NOW
    return StuckRefund(payment_id, seen.key, seen.left_minor, seen.refused_for, remedy)

"""OrderWorkService: whole performances that are given back, and orders that stand still."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import grpc
from balcon.orders.v1 import order_work_pb2 as wire
from balcon.orders.v1.order_work_pb2_grpc import OrderWorkServiceServicer
from balcon.orders.v1.orders_service_pb2 import OrderState, RefundRoute

from services.contracts.bounds import MAX_REASON_CHARS
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_prices import component_kinds_of, refused_component_kinds, wire_component_kind
from services.contracts.wire_types import wire_instant, wire_instant_or_none, wire_money, wire_principal
from services.orders.api.act_requests import ROUTES
from services.orders.api.messages import order_message
from services.orders.api.requests import content_hash
from services.orders.domain.commands import RefundTerms
from services.orders.domain.performance_refund import JobCounts, JobState, PerformanceRefund
from services.orders.domain.refunds import due_minor
from services.orders.domain.refusals import PerformanceNotFound, RefundJobNotFound
from services.orders.domain.stuck import StuckRemedy
from services.orders.handlers.order_desk import OrderDesk
from services.orders.handlers.stuck_orders import ExplainedOrder, StuckOrders
from services.orders.ports import Catalogue, OrderRef
from services.orders.ports.order_work import OrderWork
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid
from services.runtime.ids import Ids, refused_key
from services.runtime.rpc.errors import Refused, accept, answered

Context = grpc.aio.ServicerContext[Any, Any]
MAX_JOBS = 100
MAX_STUCK = 500
MAX_FEE_MINOR = 1_000_000_000


class OrderWorkServicer(OrderWorkServiceServicer):
    """See balcon.orders.v1.OrderWorkService. `wakes`: the loops that have something to do by now."""

    def __init__(
        self,
        work: OrderWork,
        stuck: StuckOrders,
        desk: OrderDesk,
        catalogue: Catalogue,
        clock: Clock,
        ids: Ids,
        wakes: Callable[[], None],
    ) -> None:
        self._work = work
        self._stuck = stuck
        self._catalogue = catalogue
        self._desk = desk
        self._clock = clock
        self._ids = ids
        self._wakes = wakes

    async def StartPerformanceRefund(  # noqa: N802
        self, request: wire.StartPerformanceRefundRequest, context: Context
    ) -> wire.StartPerformanceRefundResponse:
        """A job of its own from now on."""
        terms = _terms(request)
        if await self._catalogue.offer(request.house_id, request.performance_id) is None:
            raise Refused(PerformanceNotFound(request.performance_id))
        job = PerformanceRefund(
            self._ids.new_id("job"),
            request.house_id,
            request.performance_id,
            terms,
            request.release_seats,
            request.reason.strip(),
            current_principal(),
            self._clock.now_ms(),
        )
        started: PerformanceRefund = answered(
            await self._work.start(job, request.idempotency_key, content_hash(request))
        )
        self._wakes()
        return wire.StartPerformanceRefundResponse(job=await self._told_of(started))

    async def GetPerformanceRefund(  # noqa: N802
        self, request: wire.GetPerformanceRefundRequest, context: Context
    ) -> wire.GetPerformanceRefundResponse:
        """How far it is."""
        accept(refused_key("house_id", request.house_id), refused_key("job_id", request.job_id))
        job = await self._work.get(request.house_id, request.job_id)
        return wire.GetPerformanceRefundResponse(job=await self._told_of(_found(job, request.job_id)))

    async def ListPerformanceRefunds(  # noqa: N802
        self, request: wire.ListPerformanceRefundsRequest, context: Context
    ) -> wire.ListPerformanceRefundsResponse:
        """The newest first."""
        performance_id = request.performance_id
        accept(
            refused_key("house_id", request.house_id),
            refused_key("performance_id", performance_id) if performance_id else None,
        )
        jobs = await self._work.list_jobs(request.house_id, performance_id, MAX_JOBS)
        return wire.ListPerformanceRefundsResponse(jobs=await self._told(jobs))

    async def PausePerformanceRefund(  # noqa: N802
        self, request: wire.PausePerformanceRefundRequest, context: Context
    ) -> wire.PausePerformanceRefundResponse:
        """Takes no more orders on."""
        return wire.PausePerformanceRefundResponse(job=await self._turned(request, JobState.PAUSED))

    async def ResumePerformanceRefund(  # noqa: N802
        self, request: wire.ResumePerformanceRefundRequest, context: Context
    ) -> wire.ResumePerformanceRefundResponse:
        """Goes on where it stood."""
        return wire.ResumePerformanceRefundResponse(job=await self._turned(request, JobState.RUNNING))

    async def _turned(
        self, request: wire.PausePerformanceRefundRequest | wire.ResumePerformanceRefundRequest, state: JobState
    ) -> wire.PerformanceRefund:
        accept(refused_key("house_id", request.house_id), refused_key("job_id", request.job_id))
        job = await self._work.turn(request.house_id, request.job_id, state)
        self._wakes()
        return await self._told_of(_found(job, request.job_id))

    async def ListStuckOrders(  # noqa: N802
        self, request: wire.ListStuckOrdersRequest, context: Context
    ) -> wire.ListStuckOrdersResponse:
        """Those that wait the longest first."""
        performance_id = request.performance_id
        accept(
            refused_key("house_id", request.house_id),
            refused_key("performance_id", performance_id) if performance_id else None,
        )
        found = await self._stuck.found(request.house_id, performance_id, MAX_STUCK)
        return wire.ListStuckOrdersResponse(orders=[_stuck(one) for one in found])

    async def TryOrderNow(self, request: wire.TryOrderNowRequest, context: Context) -> wire.TryOrderNowResponse:  # noqa: N802
        """Nothing happens to an order that waits for nothing."""
        accept(refused_key("house_id", request.house_id), refused_key("order_id", request.order_id))
        ref = OrderRef(request.house_id, request.order_id)
        order = answered(await self._desk.get(ref, 0))
        await self._work.hurry(ref)
        self._wakes()
        return wire.TryOrderNowResponse(order=order_message(order))

    async def _told_of(self, job: PerformanceRefund) -> wire.PerformanceRefund:
        (told,) = await self._told([job])
        return told

    async def _told(self, jobs: Sequence[PerformanceRefund]) -> list[wire.PerformanceRefund]:
        """All of one house."""
        return [_message(job, counts) for job, counts in zip(jobs, await self._work.counts(jobs), strict=True)]


def _message(job: PerformanceRefund, counts: JobCounts) -> wire.PerformanceRefund:
    return wire.PerformanceRefund(
        job_id=job.job_id,
        house_id=job.house_id,
        performance_id=job.performance_id,
        state=wire.PerformanceRefundState.Value(f"PERFORMANCE_REFUND_STATE_{job.state.value}"),
        orders_left=counts.orders_left,
        orders_acted=max(job.orders_acted, counts.refunded_orders),
        tickets_cancelled=max(job.tickets_cancelled, counts.refunded_tickets),
        refunds_done=counts.refunds_done,
        refunds_due=counts.refunds_due,
        refunds_stuck=counts.refunds_stuck,
        money_back=[wire_money(minor, currency) for currency, minor in counts.back],
        keep=[wire_component_kind(kind) for kind in sorted(job.terms.keep, key=lambda one: one.value)],
        fee_minor=job.terms.fee_minor,
        route=RefundRoute.Value(f"REFUND_ROUTE_{job.terms.route.value}"),
        release_seats=job.release,
        reason=job.reason,
        started_by=wire_principal(job.started_by) if job.started_by else None,
        started_at=wire_instant(job.started_at_ms),
        ended_at=wire_instant_or_none(job.ended_at_ms or None),
    )


def _terms(request: wire.StartPerformanceRefundRequest) -> RefundTerms:
    route, fee_minor = ROUTES.get(request.route), request.fee_minor
    is_fee = 0 <= fee_minor <= MAX_FEE_MINOR
    accept(
        refused_key("house_id", request.house_id),
        refused_key("performance_id", request.performance_id),
        refused_component_kinds("keep", request.keep),
        None if is_fee else FieldInvalid("fee_minor", f"is {fee_minor:,}", f"0 to {MAX_FEE_MINOR:,} minor units"),
        FieldInvalid("route", f"has {request.route}", "RefundRoute") if route is None else None,
        refused_text("reason", request.reason.strip(), at_least=0, at_most=MAX_REASON_CHARS),
        refused_idempotency_key(request.idempotency_key),
    )
    assert route is not None, "refused otherwise"
    return RefundTerms(None, component_kinds_of(request.keep), fee_minor, route)


def _found(job: PerformanceRefund | None, job_id: str) -> PerformanceRefund:
    if job is None:
        raise Refused(RefundJobNotFound(job_id))
    return job


def _stuck(one: ExplainedOrder) -> wire.StuckOrder:
    stuck, reason, order = one.stuck, one.reason, one.stuck.order
    owed_minor = due_minor(order.refunds)
    return wire.StuckOrder(
        order_id=order.order_id,
        house_id=order.house_id,
        performance_id=order.first.performance_id,
        state=OrderState.Value(f"ORDER_STATE_{order.state.value}"),
        reason=wire.StuckReason.Value(f"STUCK_REASON_{reason.value if reason else 'UNSPECIFIED'}"),
        since_at=wire_instant(stuck.since_ms),
        failures=stuck.failures,
        next_try_at=wire_instant(stuck.next_try_at_ms),
        owed=wire_money(owed_minor, order.total.currency) if owed_minor else None,
        refunds=[
            wire.StuckRefund(
                payment_id=refund.payment_id,
                refund_key=refund.refund_key,
                left=wire_money(refund.left_minor, order.total.currency),
                refused_for=refund.refused_for,
                remedy=_remedy(refund.remedy),
            )
            for refund in one.refunds
        ],
        remedies=[_remedy(remedy) for remedy in one.remedies],
    )


def _remedy(remedy: StuckRemedy) -> wire.StuckRemedy.ValueType:
    return wire.StuckRemedy.Value(f"STUCK_REMEDY_{remedy.value}")

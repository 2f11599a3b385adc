"""Requests for refunds to rows and back, and the event that tells of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from balcon.orders.v1.orders_events_pb2 import RefundRequestChanged
from balcon.orders.v1.refund_requests_pb2 import RefundRequestState

from services.contracts.prices import ComponentKind
from services.orders.domain.buyer_policy import RefundWish, RequestRule
from services.orders.domain.refund_request import RefundBasis, RefundRequest, RequestedPart, RequestState
from services.runtime.bus.topics import ORDERS
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.principal import PrincipalKind, PrincipalRef


def request_values(request: RefundRequest) -> dict[str, Any]:
    """The row."""
    return ended_values(request) | {
        "refund_request_id": request.refund_request_id,
        "house_id": request.house_id,
        "order_id": request.order_id,
        "wish": request.wish.value,
        "parts": [_part_values(part) for part in request.parts],
        "currency": request.currency,
        "asked_at_ms": request.asked_at_ms,
    }


def ended_values(request: RefundRequest) -> dict[str, Any]:
    """What of it may change."""
    who = request.decided_by
    return {
        "state": request.state.value,
        "ended_at_ms": request.ended_at_ms,
        "decided_by_kind": who.kind.value if who else "",
        "decided_by": who.subject if who else "",
        "reason": request.reason,
        "at_once": request.at_once,
    }


def line_values(request: RefundRequest) -> list[dict[str, Any]]:
    """A row for each ticket."""
    return [
        {
            "refund_request_id": request.refund_request_id,
            "performance_id": part.performance_id,
            "seat_id": seat_id,
            "house_id": request.house_id,
            "order_id": request.order_id,
            "is_open": request.state is RequestState.ASKED,
        }
        for part in request.parts
        for seat_id in part.seat_ids
    ]


def request_of(row: sa.Row[Any]) -> RefundRequest:
    """As it was kept."""
    return RefundRequest(
        row.refund_request_id,
        row.house_id,
        row.order_id,
        RefundWish(row.wish),
        tuple(_part(one) for one in row.parts),
        row.currency,
        row.asked_at_ms,
        RequestState(row.state),
        row.ended_at_ms,
        PrincipalRef(PrincipalKind(row.decided_by_kind), row.decided_by) if row.decided_by else None,
        row.reason,
        row.at_once,
    )


def changed_event(request: RefundRequest, now_ms: int) -> OutgoingEvent:
    """Told to whoever writes to buyers."""
    first = request.parts[0].performance_id
    message = RefundRequestChanged(
        order_id=request.order_id,
        house_id=request.house_id,
        performance_id=first,
        refund_request_id=request.refund_request_id,
        state=RefundRequestState.Value(f"REFUND_REQUEST_STATE_{request.state.value}"),
        at_once=request.at_once,
        changed_at_ms=now_ms,
    )
    payload = message.SerializeToString(deterministic=True)
    return OutgoingEvent(ORDERS, first, message.DESCRIPTOR.full_name, payload, request.house_id)


def _part_values(part: RequestedPart) -> dict[str, Any]:
    return asdict(part) | {
        "seat_ids": list(part.seat_ids),
        "rule": part.rule.value,
        "basis": part.basis.value,
        "keep": sorted(kind.value for kind in part.keep),
    }


def _part(kept: dict[str, Any]) -> RequestedPart:
    read = {
        "seat_ids": tuple(kept["seat_ids"]),
        "rule": RequestRule(kept["rule"]),
        "basis": RefundBasis(kept["basis"]),
        "keep": frozenset(ComponentKind(kind) for kind in kept["keep"]),
    }
    return RequestedPart(**(kept | read))

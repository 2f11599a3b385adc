"""What the people of a house do to orders, for its act log: refunds, and cancellations that no buyer asked for."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.acts import Act, act_event
from services.orders.domain.changes import (
    CancellingBegan,
    Change,
    LinesCancelled,
    RefundAsked,
    RefundBecameDue,
    ReleaseAsked,
)
from services.orders.domain.order import CancelReason, Order
from services.orders.domain.refunds import RefundMaker
from services.runtime.call_context import current_principal
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.principal import PrincipalKind

_NOT_OF_THE_HOUSE = frozenset({PrincipalKind.BUYER, PrincipalKind.SERVICE})


def told_acts(order: Order, changes: Sequence[Change], *, now_ms: int, ids: Ids) -> list[OutgoingEvent]:
    """The acts among the changes, as the outbox takes them."""
    acts = [act for change in changes if (act := _act(order, change)) is not None]
    return [act_event(order.house_id, act, now_ms=now_ms, ids=ids) for act in acts]


def _act(order: Order, change: Change) -> Act | None:
    match change:
        case RefundBecameDue(CancelReason.HOUSE, note, made_by=RefundMaker.HOUSE):
            return Act("order.refund_asked", "order", order.order_id, reason=note)
        case RefundAsked(refund):
            return None if _is_no_person() else Act("order.refund_asked", "order", order.order_id, reason=refund.reason)
        case LinesCancelled(_, reason):
            return None if _is_no_person() else Act("order.tickets_cancelled", "order", order.order_id, reason=reason)
        case ReleaseAsked():
            return None if _is_no_person() else Act("order.seats_released", "order", order.order_id)
        case CancellingBegan(CancelReason.BUYER):
            # The buyer's own affair, or the saga's: nobody of the house has done anything.
            return None if _is_no_person() else Act("order.cancelled", "order", order.order_id)
        case _:
            return None


def _is_no_person() -> bool:
    who = current_principal()
    return who is None or who.kind in _NOT_OF_THE_HOUSE

"""Takes balcon.payments.v1 events: writes the report into the order, in the transaction of the inbox row (RULE 31)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from balcon.payments.v1 import payments_events_pb2 as wire
from balcon.payments.v1.payments_service_pb2 import (
    DISPUTE_STATE_LOST,
    DISPUTE_STATE_OPEN,
    DISPUTE_STATE_WON,
)
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain.commands import (
    PaymentCancelled,
    PaymentDisputeChanged,
    PaymentFailed,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentReport,
    PaymentSucceeded,
)
from services.orders.domain.order import Dispute
from services.orders.ports import Act, OrderRef
from services.runtime.errors import Fatal, Refusal
from services.runtime.outbox.event import IncomingEvent
from services.runtime.telemetry.logging import get_logger

_log = get_logger("payment_events")

_Wire = (
    wire.PaymentSucceeded
    | wire.PaymentFailed
    | wire.PaymentCancelled
    | wire.PaymentRefunded
    | wire.PaymentPartlyRefunded
    | wire.PaymentDisputeChanged
)
_DISPUTES = {
    DISPUTE_STATE_OPEN: Dispute.OPEN,
    DISPUTE_STATE_WON: Dispute.WON,
    DISPUTE_STATE_LOST: Dispute.LOST,
}


def _partly_refunded(message: wire.PaymentPartlyRefunded) -> PaymentReport:
    return PaymentPartlyRefunded(message.payment_id, message.refunded.amount_minor)


def _dispute_changed(message: wire.PaymentDisputeChanged) -> PaymentReport:
    return PaymentDisputeChanged(message.payment_id, _DISPUTES[message.dispute_state])


_TYPES: Final[dict[str, tuple[type[_Wire], Callable[[Any], PaymentReport]]]] = {
    "balcon.payments.v1.PaymentSucceeded": (wire.PaymentSucceeded, lambda told: PaymentSucceeded(told.payment_id)),
    "balcon.payments.v1.PaymentFailed": (wire.PaymentFailed, lambda told: PaymentFailed(told.payment_id)),
    "balcon.payments.v1.PaymentCancelled": (wire.PaymentCancelled, lambda told: PaymentCancelled(told.payment_id)),
    "balcon.payments.v1.PaymentRefunded": (wire.PaymentRefunded, lambda told: PaymentRefunded(told.payment_id)),
    "balcon.payments.v1.PaymentPartlyRefunded": (wire.PaymentPartlyRefunded, _partly_refunded),
    "balcon.payments.v1.PaymentDisputeChanged": (wire.PaymentDisputeChanged, _dispute_changed),
}


class PaymentEventUnreadable(Fatal):
    """A payment event's bytes are not the message that its type names."""


class PaymentEvents:
    """An EventHandler. It calls nobody: the saga takes the next step once the transaction is committed."""

    def __init__(self, store: PostgresOrderStore, acting: Callable[[PaymentReport], Act]) -> None:
        self._store = store
        self._acting = acting

    async def __call__(self, connection: AsyncConnection, event: IncomingEvent) -> None:
        """Applies one event. An unknown type is a newer publisher's; an unknown order is not ours to judge."""
        if event.type not in _TYPES:
            return
        message_type, read = _TYPES[event.type]
        try:
            message = message_type.FromString(event.payload)
            report = read(message)
        except (DecodeError, KeyError) as error:
            raise PaymentEventUnreadable(type=event.type, event_id=event.id) from error
        ref = OrderRef(event.house_id, message.order_id)
        changed = await self._store.change_within(connection, ref, self._acting(report))
        if changed is None or isinstance(changed, Refusal):
            reason = "ORDER_NOT_FOUND" if changed is None else changed.reason()
            _log.error("payment_report_refused", order_id=ref.order_id, reason=reason, event_type=event.type)

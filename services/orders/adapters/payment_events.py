"""Takes balcon.payments.v1 events: writes their reports into the orders, in the inbox's transaction (RULE 31)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from balcon.payments.v1 import payments_events_pb2 as wire
from balcon.payments.v1.payments_service_pb2 import (
    DISPUTE_STATE_LOST,
    DISPUTE_STATE_OPEN,
    DISPUTE_STATE_WON,
)
from google.protobuf.message import DecodeError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.adapters.order_turns import AskedChange
from services.orders.adapters.postgres_order_store import PostgresOrderStore
from services.orders.domain.commands import (
    OwnRefundDone,
    PaymentCancelled,
    PaymentDisputeChanged,
    PaymentFailed,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentReport,
    PaymentSucceeded,
)
from services.orders.domain.order import Dispute, Order
from services.orders.ports import Act, Changed, Lease, OrderRef
from services.runtime.errors import Fatal, Refusal
from services.runtime.outbox.application import EventFailed
from services.runtime.outbox.event import IncomingEvent
from services.runtime.sql.connections import after_commit
from services.runtime.telemetry.logging import get_logger
from services.runtime.work.gathering import ItemBroke

_log = get_logger("payment_events")

_Wire = (
    wire.PaymentSucceeded
    | wire.PaymentFailed
    | wire.PaymentCancelled
    | wire.PaymentRefunded
    | wire.PaymentPartlyRefunded
    | wire.RefundSucceeded
    | wire.PaymentDisputeChanged
)
_DISPUTES = {
    DISPUTE_STATE_OPEN: Dispute.OPEN,
    DISPUTE_STATE_WON: Dispute.WON,
    DISPUTE_STATE_LOST: Dispute.LOST,
}


def _ended(message: wire.PaymentSucceeded | wire.PaymentFailed | wire.PaymentCancelled) -> tuple[str, bool]:
    return message.payment_id, message.HasField("over_limit")


def _partly_refunded(message: wire.PaymentPartlyRefunded) -> PaymentReport:
    return PaymentPartlyRefunded(message.payment_id, message.refunded.amount_minor)


def _own_refund_done(message: wire.RefundSucceeded) -> PaymentReport:
    amount_minor, refunded_minor = message.amount.amount_minor, message.refunded.amount_minor
    return OwnRefundDone(message.payment_id, message.refund_key, amount_minor, refunded_minor)


def _dispute_changed(message: wire.PaymentDisputeChanged) -> PaymentReport:
    return PaymentDisputeChanged(message.payment_id, _DISPUTES[message.dispute_state])


_TYPES: Final[dict[str, tuple[type[_Wire], Callable[[Any], PaymentReport]]]] = {
    "balcon.payments.v1.PaymentSucceeded": (wire.PaymentSucceeded, lambda told: PaymentSucceeded(*_ended(told))),
    "balcon.payments.v1.PaymentFailed": (wire.PaymentFailed, lambda told: PaymentFailed(*_ended(told))),
    "balcon.payments.v1.PaymentCancelled": (wire.PaymentCancelled, lambda told: PaymentCancelled(*_ended(told))),
    "balcon.payments.v1.PaymentRefunded": (wire.PaymentRefunded, lambda told: PaymentRefunded(told.payment_id)),
    "balcon.payments.v1.PaymentPartlyRefunded": (wire.PaymentPartlyRefunded, _partly_refunded),
    "balcon.payments.v1.RefundSucceeded": (wire.RefundSucceeded, _own_refund_done),
    "balcon.payments.v1.PaymentDisputeChanged": (wire.PaymentDisputeChanged, _dispute_changed),
}


class PaymentEventUnreadable(Fatal):
    """A payment event's bytes are not the message that its type names."""


class NextSteps(Protocol):
    """Who takes the orders on."""

    def spare_lease(self, orders: int) -> Lease | None:
        """For so many that are to be handed over; None where they would have to wait for long."""
        ...

    def hand_over(self, orders: Sequence[Order], lease: Lease) -> None:
        """They are leased with it."""
        ...

    def wake(self) -> None:
        """Some may be due."""
        ...


class PaymentEvents:
    """A BatchHandler, all events of a batch at once. It calls nobody.

    The saga takes the next steps once the transaction is committed: orders that go on at once are leased in the very
    same change and then handed over, so that nobody has to look for them.
    """

    def __init__(
        self, store: PostgresOrderStore, acting: Callable[[PaymentReport], Act], next_steps: NextSteps
    ) -> None:
        self._store = store
        self._acting = acting
        self._next_steps = next_steps

    async def __call__(self, connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
        """An unknown type is a newer publisher's; an unknown order is not ours to judge."""
        known = [(place, event) for place, event in enumerate(events) if event.type in _TYPES]
        if not known:
            return
        lease = self._next_steps.spare_lease(len(known))
        asked = [self._asked(place, event, lease) for place, event in known]
        answers = await self._store.change_all_within(connection, asked)
        orders: dict[OrderRef, Changed] = {}
        for (place, event), one, changed in zip(known, asked, answers, strict=True):
            if isinstance(changed, ItemBroke):
                raise EventFailed(place, changed.cause) from changed.cause
            if changed is None or isinstance(changed, Refusal):
                reason = "ORDER_NOT_FOUND" if changed is None else changed.reason()
                _log.error("payment_report_refused", order_id=one.ref.order_id, reason=reason, event_type=event.type)
            else:
                # The last of its changes says how it stands.
                orders[one.ref] = changed
        if lease is None:
            after_commit(connection, self._next_steps.wake)
        elif leased := [changed.order for changed in orders.values() if changed.leased]:
            after_commit(connection, lambda: self._next_steps.hand_over(leased, lease))

    def _asked(self, place: int, event: IncomingEvent, lease: Lease | None) -> AskedChange:
        message_type, read = _TYPES[event.type]
        try:
            message = message_type.FromString(event.payload)
            report = read(message)
        except (DecodeError, KeyError) as error:
            raise EventFailed(place, PaymentEventUnreadable(type=event.type, event_id=event.id)) from error
        ref = OrderRef(event.house_id, message.order_id)
        return AskedChange(ref, self._acting(report), lease=lease, take=lease is not None)

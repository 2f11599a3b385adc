"""Maps changes of payments to the events of balcon.payments.v1. Only proof is published, and no personal data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from balcon.payments.v1 import payments_events_pb2 as events
from balcon.payments.v1.payments_service_pb2 import DisputeState, OverLimit
from balcon.types.v1.money_pb2 import Money
from google.protobuf.message import Message

from services.contracts.acts import Act, act_event
from services.contracts.wire_types import wire_money
from services.payments.domain.payment import (
    AuthorisationVoided,
    AuthorisedAfterEnd,
    CancelAsked,
    Change,
    DisputeChanged,
    InstrumentOverLimit,
    InstrumentSeen,
    Payment,
    PaymentAuthorised,
    PaymentCancelled,
    PaymentFailed,
    PaymentOpened,
    PaymentPartlyRefunded,
    PaymentRefunded,
    PaymentSucceeded,
)
from services.payments.domain.refund_changes import (
    RefundAccepted,
    RefundAskedAgain,
    RefundAttemptFailed,
    RefundGiven,
    RefundMovedBack,
    RefundOwed,
    RefundPassedOn,
    RefundSeenTo,
    RefundSettled,
    RefundStuck,
    RefundSucceeded,
)
from services.payments.domain.refunds import Refund
from services.runtime.bus.topics import PAYMENTS
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent


def event_of(payment: Payment, change: Change) -> OutgoingEvent | None:
    """The event that tells of `change`, None for what is our own business. Key = performance id."""
    message = _message(payment, change)
    if message is None:
        return None
    return OutgoingEvent(
        topic=PAYMENTS,
        key=payment.performance_id,
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(),
        house_id=payment.house_id,
    )


def _message(payment: Payment, change: Change) -> Message | None:  # noqa: PLR0911 (one return a change)
    ids = {
        "payment_id": payment.payment_id,
        "house_id": payment.house_id,
        "order_id": payment.order_id,
        "performance_id": payment.performance_id,
    }
    money, over = _money(payment, payment.amount_minor), _over_limit(payment)
    match change:
        case PaymentSucceeded(at_ms=at_ms):
            return events.PaymentSucceeded(**ids, amount=money, succeeded_at_ms=at_ms, over_limit=over)
        case PaymentFailed(reason, at_ms):
            return events.PaymentFailed(**ids, reason=reason, failed_at_ms=at_ms, over_limit=over)
        case PaymentCancelled(at_ms):
            return events.PaymentCancelled(**ids, cancelled_at_ms=at_ms, over_limit=over)
        case PaymentRefunded(at_ms):
            return events.PaymentRefunded(**ids, amount=money, refunded_at_ms=at_ms)
        case PaymentPartlyRefunded(refunded_minor, at_ms):
            refunded = _money(payment, refunded_minor)
            return events.PaymentPartlyRefunded(**ids, amount=money, refunded=refunded, refunded_at_ms=at_ms)
        case RefundStuck(key, at_ms):
            left = _money(payment, _refund(payment, key).left_minor)
            return events.RefundStuck(**ids, left=left, stuck_at_ms=at_ms, refund_key=key)
        case RefundSucceeded(key, at_ms):
            return events.RefundSucceeded(
                **ids,
                refund_key=key,
                amount=_money(payment, _refund(payment, key).amount_minor),
                refunded=_money(payment, payment.refunded_minor),
                succeeded_at_ms=at_ms,
            )
        case DisputeChanged(state, disputed_minor, at_ms):
            return events.PaymentDisputeChanged(
                **ids,
                dispute_state=DisputeState.Value(f"DISPUTE_STATE_{state.value}"),
                disputed=_money(payment, disputed_minor),
                changed_at_ms=at_ms,
            )
        case _:
            _unpublished(change)
            return None


def _money(payment: Payment, amount_minor: int) -> Money:
    return wire_money(amount_minor, payment.currency)


def _over_limit(payment: Payment) -> OverLimit | None:
    return OverLimit(**asdict(payment.over_limit)) if payment.over_limit else None


def _refund(payment: Payment, key: str) -> Refund:
    refund = payment.refund_under(key)
    assert refund is not None, "a change of a refund names one of the payment's"
    return refund


_Unpublished = (
    PaymentOpened
    | PaymentAuthorised
    | InstrumentSeen
    | InstrumentOverLimit
    | AuthorisedAfterEnd
    | AuthorisationVoided
    | CancelAsked
    | RefundOwed
    | RefundAskedAgain
    | RefundAttemptFailed
    | RefundAccepted
    | RefundGiven
    | RefundMovedBack
    | RefundPassedOn
    | RefundSeenTo
    | RefundSettled
)


def _unpublished(change: _Unpublished) -> None:
    """What is our own business. A new kind of change must be named here or published."""


def acts_of(payment: Payment, changes: Iterable[Change], *, now_ms: int, ids: Ids) -> list[OutgoingEvent]:
    """What people of the house did, for its act log."""
    return [
        act_event(
            payment.house_id,
            Act(
                "refund.seen_to",
                "payment",
                payment.payment_id,
                reason=change.note,
                facts={"refund_key": change.key, "settlement": change.settlement},
            ),
            now_ms=now_ms,
            ids=ids,
            who=change.who,
        )
        for change in changes
        if isinstance(change, RefundSeenTo)
    ]

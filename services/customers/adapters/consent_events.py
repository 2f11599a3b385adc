"""Changes of customers and their consents as events of balcon.consents.v1, key = customer. Ids only (INV-9)."""

from __future__ import annotations

from balcon.customers.v1.customers_events_pb2 import (
    ConsentChanged,
    ConsentMedium,
    ConsentScope,
    ConsentSource,
    ConsentState,
    CustomerErased,
    CustomersMerged,
)
from google.protobuf.message import Message

from services.contracts.wire_types import wire_instant
from services.customers.domain.answer import Answer
from services.customers.domain.consent import Consent
from services.runtime.bus.topics import CONSENTS
from services.runtime.outbox.event import OutgoingEvent


def consent_changed(house_id: str, answer: Answer, consent: Consent, language: str, now_ms: int) -> OutgoingEvent:
    """How an answer stands from now on; `now_ms`: when it came into its state."""
    message = ConsentChanged(
        house_id=house_id,
        customer_id=answer.customer_id,
        consent_id=answer.consent_id,
        text_version=answer.text_version,
        scope=ConsentScope.Value(f"CONSENT_SCOPE_{consent.scope.value}"),
        thing_id=consent.thing_id,
        medium=ConsentMedium.Value(f"CONSENT_MEDIUM_{consent.medium.value}"),
        state=ConsentState.Value(f"CONSENT_STATE_{answer.state.value}"),
        source=ConsentSource.Value(f"CONSENT_SOURCE_{answer.source.value}"),
        language=language,
        changed_at=wire_instant(now_ms),
    )
    return _event(house_id, answer.customer_id, message)


def customer_erased(house_id: str, customer_id: str, erased_at_ms: int) -> OutgoingEvent:
    """Whoever keeps anything of the customer removes it."""
    message = CustomerErased(house_id=house_id, customer_id=customer_id, erased_at=wire_instant(erased_at_ms))
    return _event(house_id, customer_id, message)


def customers_merged(house_id: str, customer_id: str, merged_customer_id: str, merged_at_ms: int) -> OutgoingEvent:
    """Told to whoever knows the one that is no more: its own events are before it."""
    message = CustomersMerged(
        house_id=house_id,
        customer_id=customer_id,
        merged_customer_id=merged_customer_id,
        merged_at=wire_instant(merged_at_ms),
    )
    return _event(house_id, merged_customer_id, message)


def _event(house_id: str, customer_id: str, message: Message) -> OutgoingEvent:
    payload = message.SerializeToString(deterministic=True)
    return OutgoingEvent(CONSENTS, customer_id, message.DESCRIPTOR.full_name, payload, house_id)

"""Accounts' events on the wire: what houses say of themselves, and what makes tokens void."""

from __future__ import annotations

from balcon.access.v1.access_events_pb2 import AccessRevoked
from balcon.accounts.v1.accounts_events_pb2 import HouseChanged

from services.accounts.api.house_messages import house_message
from services.accounts.domain.house import House
from services.contracts.wire_types import wire_instant
from services.runtime.bus.topics import ACCESS, ACCOUNTS
from services.runtime.outbox.event import OutgoingEvent

# What is about a person or a key is about no house; the outbox wants a word all the same.
NO_HOUSE = "-"


def house_changed(house: House) -> OutgoingEvent:
    """Topic balcon.accounts.v1, key = house id."""
    message = HouseChanged(house=house_message(house))
    return OutgoingEvent(
        topic=ACCOUNTS,
        key=house.house_id,
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(deterministic=True),
        house_id=house.house_id,
    )


def access_revoked(
    *, subject: str = "", session_id: str = "", until_ms: int, signing_key_id: str = ""
) -> OutgoingEvent:
    """Topic balcon.access.v1, key = subject. What was signed until then is void."""
    message = AccessRevoked(
        subject=subject,
        session_id=session_id,
        void_until_at=wire_instant(until_ms),
        signing_key_id=signing_key_id,
    )
    return OutgoingEvent(
        topic=ACCESS,
        key=subject or signing_key_id,
        type=message.DESCRIPTOR.full_name,
        payload=message.SerializeToString(deterministic=True),
        house_id=NO_HOUSE,
    )

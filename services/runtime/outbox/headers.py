"""Events as bus messages and back: CloudEvents 1.0, binary mode, as Kafka's binding names the headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from services.runtime.bus.port import Message
from services.runtime.outbox.event import IncomingEvent, OutgoingEvent
from services.runtime.outbox.faults import HeadersInvalid

# The `sequence` extension of CloudEvents orders texts, not numbers: so many digits, with zeros in front.
SEQUENCE_DIGITS = 18

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_message(
    event: OutgoingEvent, *, event_id: str, source: str, time_ms: int, sequence: int | None = None
) -> Message:
    """The message of an event: the only place where one is made, so that all producers' look alike.

    Without a sequence only for topics that carry states, not changes (compacted ones).
    """
    time = (_EPOCH + timedelta(milliseconds=time_ms)).isoformat(timespec="milliseconds")
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": source,
        "ce_type": event.type,
        "ce_time": time.replace("+00:00", "Z"),
        "ce_subject": event.key,
        "content-type": "application/protobuf",
        "ce_partitionkey": event.key,
        "ce_houseid": event.house_id,
    }
    if sequence is not None:
        headers["ce_sequence"] = f"{sequence:0{SEQUENCE_DIGITS}}"
    return Message(event.topic, event.key, event.payload, headers)


def to_event(message: Message, *, topic: str | None = None) -> IncomingEvent:
    """The event of a message (HeadersInvalid), sequence 0 when it has none. `topic`: where it was first published."""
    headers = message.headers
    if _header(headers, "ce_specversion") != "1.0":
        raise HeadersInvalid(header="ce_specversion", expected="1.0")
    return IncomingEvent(
        id=_header(headers, "ce_id"),
        source=_header(headers, "ce_source"),
        topic=topic or message.topic,
        key=message.key,
        type=_header(headers, "ce_type"),
        payload=message.payload,
        sequence=_sequence(headers.get("ce_sequence", "0")),
        time_ms=_time_ms(_header(headers, "ce_time")),
        house_id=_header(headers, "ce_houseid"),
    )


def time_ms_of(message: Message) -> int | None:
    """When the event of a message happened; None for a message that does not say."""
    try:
        return _time_ms(message.headers.get("ce_time", ""))
    except HeadersInvalid:
        return None


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise HeadersInvalid(header=name, expected="a value")
    return value


def _sequence(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= SEQUENCE_DIGITS):
        raise HeadersInvalid(header="ce_sequence", expected=f"a number of at most {SEQUENCE_DIGITS} digits")
    return int(value)


def _time_ms(value: str) -> int:
    try:
        return (datetime.fromisoformat(value) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, TypeError) as error:
        raise HeadersInvalid(header="ce_time", expected="RFC 3339 with a zone") from error

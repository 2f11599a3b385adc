"""What a parked message looks like: the original key, bytes and headers, and beside them where it stood and why."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.bus.port import Delivered, Message
from services.runtime.bus.topics import dead_letter_topic

ORIGIN_TOPIC = "dlq_origin_topic"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message could not be applied. The class only: an error's text may quote the event's content (INV-9)."""

    error: str
    attempts: int
    first_failed_at_ms: int
    last_failed_at_ms: int


def to_dead_letter(delivered: Delivered, group: str, failure: Failure) -> Message:
    """The message for the group's dead-letter topic (RULE 32)."""
    message = delivered.message
    headers = {
        **message.headers,
        ORIGIN_TOPIC: message.topic,
        "dlq_origin_partition": str(delivered.partition),
        "dlq_origin_offset": str(delivered.offset),
        "dlq_group": group,
        "dlq_error": failure.error,
        "dlq_attempts": str(failure.attempts),
        "dlq_first_failed_at_ms": str(failure.first_failed_at_ms),
        "dlq_last_failed_at_ms": str(failure.last_failed_at_ms),
    }
    return Message(dead_letter_topic(message.topic, group), message.key, message.payload, headers)

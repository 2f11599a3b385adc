"""The bounds of every bus adapter, and the check that every message passes before any of them is stored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from services.runtime.bus.faults import MessageRefused
from services.runtime.bus.port import Message

PAYLOAD_MAX_BYTES = 1_000_000  # under Kafka's 1 MiB for a whole record batch, headers included
KEY_MAX_BYTES = 255
HEADERS_MAX = 32
HEADERS_MAX_BYTES = 8_192  # names and values together
PUBLISH_MAX_MESSAGES = 1_000  # stored in one go; longer calls are cut
PUBLISH_MAX_BYTES = 8_000_000
BATCH_MAX_MESSAGES = 500  # handed to a consumer in one go
BATCH_MAX_BYTES = 8_000_000
PARTITIONS_MAX = 256
TOPIC_MAX_CHARACTERS = 200

_TOPIC = re.compile(r"[A-Za-z0-9._-]+")


def check_message(message: Message) -> None:
    """Raises MessageRefused, naming the field and its limit, for a message that some adapter could not carry whole."""
    if not 1 <= len(message.topic) <= TOPIC_MAX_CHARACTERS:
        raise MessageRefused(field="topic", limit=f"1 to {TOPIC_MAX_CHARACTERS} characters", topic=message.topic[:50])
    key = message.key.encode()
    if not 1 <= len(key) <= KEY_MAX_BYTES or b"\0" in key:
        raise MessageRefused(field="key", limit=f"1 to {KEY_MAX_BYTES} bytes, none of them 0", topic=message.topic)
    if len(message.payload) > PAYLOAD_MAX_BYTES:
        size = len(message.payload)
        raise MessageRefused(field="payload", limit=f"{PAYLOAD_MAX_BYTES} bytes", bytes=size, topic=message.topic)
    if len(message.headers) > HEADERS_MAX:
        raise MessageRefused(field="headers", limit=f"{HEADERS_MAX} headers", topic=message.topic)
    if sum(len(name.encode()) + len(value.encode()) for name, value in message.headers.items()) > HEADERS_MAX_BYTES:
        raise MessageRefused(field="headers", limit=f"{HEADERS_MAX_BYTES} bytes", topic=message.topic)


def check_topics(topics: Mapping[str, int]) -> None:
    """Raises MessageRefused for a name or a partition count out of bounds."""
    for topic, partitions in topics.items():
        if len(topic) > TOPIC_MAX_CHARACTERS or not _TOPIC.fullmatch(topic):
            limit = f"1 to {TOPIC_MAX_CHARACTERS} letters, digits, '.', '_' or '-'"
            raise MessageRefused(field="topic", limit=limit, topic=topic[:50])
        if not 1 <= partitions <= PARTITIONS_MAX:
            raise MessageRefused(field="partitions", limit=f"1 to {PARTITIONS_MAX}", topic=topic)


def chunks(messages: Sequence[Message]) -> Iterator[list[Message]]:
    """Cuts checked messages into lists that one store operation may carry, in order."""
    chunk: list[Message] = []
    size = 0
    for message in messages:
        if chunk and (len(chunk) == PUBLISH_MAX_MESSAGES or size + len(message.payload) > PUBLISH_MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(message)
        size += len(message.payload)
    if chunk:
        yield chunk

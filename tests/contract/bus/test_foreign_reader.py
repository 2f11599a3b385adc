"""What Balcon publishes to Kafka, read by a client that is not ours: CloudEvents 1.0 in binary mode."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer

from services.runtime.bus.factory import open_bus
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.testing import eventually_sync
from tests.contract.bus.reading import PATIENCE_SECONDS
from tools.golden_messages import FOLDER, UNRELEASED

POLL_SECONDS = 0.5
AT_MS = 1_800_000_000_000


async def test_another_client_reads_every_event_as_a_cloud_event_in_binary_mode(kafka_bootstrap: str) -> None:
    """The Kafka binding: attributes are headers ce_..., the value is the event's data, content-type says what it is."""
    topic = RandomIds().new_id("test")
    corpus: dict[str, Any] = json.loads((FOLDER / UNRELEASED).read_text())
    payloads = {name: base64.b64decode(golden["variants"][0]["payload"]) for name, golden in corpus.items()}
    bus = open_bus(f"kafka://{kafka_bootstrap}", clock=SystemClock(), ids=RandomIds(), client_id="test")
    try:
        await bus.create_topics({topic: 4})
        await bus.publish(
            [
                to_message(
                    OutgoingEvent(topic, f"key of {name}", name, payload, "house_1"),
                    event_id=f"evt_{n}",
                    source="balcon.tests",
                    time_ms=AT_MS,
                    sequence=1,
                )
                for n, (name, payload) in enumerate(payloads.items())
            ]
        )
    finally:
        await bus.close()
    read = _read(kafka_bootstrap, topic, len(payloads))
    assert read.keys() == payloads.keys()
    for name, message in read.items():
        headers = {header: value.decode("utf-8") for header, value in message.headers()}
        assert headers["ce_specversion"] == "1.0"
        assert headers["ce_id"] and headers["ce_source"] == "balcon.tests"
        assert headers["content-type"] == "application/protobuf"
        assert datetime.fromisoformat(headers["ce_time"]).timestamp() == AT_MS / 1000
        assert not [header for header in headers if not header.startswith("ce_") and header != "content-type"]
        # The partitioning extension: the key is the event's own.
        assert message.key().decode() == headers["ce_partitionkey"] == headers["ce_subject"] == f"key of {name}"
        assert message.value() == payloads[name]


def _read(bootstrap: str, topic: str, count: int) -> dict[str, Any]:
    """Messages by their event type, as librdkafka has them."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": RandomIds().new_id("grp"), "auto.offset.reset": "earliest"}
    )
    read: dict[str, Any] = {}
    try:
        consumer.subscribe([topic])

        def all_there() -> bool:
            message = consumer.poll(POLL_SECONDS)
            if message is not None and message.error() is None:
                headers: Any = dict(message.headers() or [])
                read[headers["ce_type"].decode()] = message
            return len(read) >= count

        eventually_sync(all_there, PATIENCE_SECONDS)
    finally:
        consumer.close()
    return read

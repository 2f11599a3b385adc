"""What Kafka's topics keep, new ones and those of an earlier version: a rebuild needs event 1 (decision 0010)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.runtime.bus import topics as topic_names
from services.runtime.bus.factory import open_bus
from services.runtime.bus.kafka_admin import settings_of
from services.runtime.bus.port import ManagedBus
from services.runtime.bus.topics import AVAILABILITY, CATALOGUE, FUNNEL, KEPT_SECONDS, ORDERS, PAYMENTS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.testing import eventually

FOR_GOOD = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}


@pytest.fixture
async def bus(kafka_bootstrap: str) -> AsyncIterator[ManagedBus]:
    """A bus on the broker."""
    bus = open_bus(f"kafka://{kafka_bootstrap}", clock=SystemClock(), ids=RandomIds(), client_id="test")
    yield bus
    await bus.close()


@pytest.fixture
async def admin(kafka_bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """The operator's hand."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    yield admin
    await admin.close()


async def _settings(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    (response,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    ((code, _, _, _, entries),) = response.resources
    return {name: value for name, value, *_ in entries} if not code else {}


@pytest.mark.parametrize("topic", [CATALOGUE, ORDERS, PAYMENTS, "balcon.orders.v1.reporting.dlq"])
def test_history_is_kept_for_good(topic: str) -> None:
    assert settings_of(topic) == FOR_GOOD


def test_of_counts_the_latest_is_kept_and_of_visits_a_month() -> None:
    assert settings_of(AVAILABILITY) == {"cleanup.policy": "compact"}
    assert settings_of(FUNNEL) == FOR_GOOD | {"retention.ms": str(KEPT_SECONDS[FUNNEL] * 1_000)}
    assert set(KEPT_SECONDS) | {AVAILABILITY} <= set(topic_names.TOPICS)


@pytest.mark.kafka
async def test_a_new_topic_keeps_everything(bus: ManagedBus, admin: AIOKafkaAdminClient) -> None:
    topic = RandomIds().new_id("test")
    await bus.create_topics({topic: 1})

    async def keeps() -> None:
        assert (await _settings(admin, topic)).items() >= FOR_GOOD.items()

    await eventually(keeps)


@pytest.mark.kafka
async def test_a_topic_of_an_earlier_version_is_brought_up_to_date_and_keeps_an_operators_settings(
    bus: ManagedBus, admin: AIOKafkaAdminClient
) -> None:
    topic = RandomIds().new_id("test")
    before = {"retention.ms": "2592000000", "segment.ms": "86400000"}
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=before)])

    async def there() -> None:
        assert (await _settings(admin, topic)).items() >= before.items()

    await eventually(there)

    async def kept() -> None:
        await bus.create_topics({topic: 1})
        assert (await _settings(admin, topic)).items() >= (FOR_GOOD | {"segment.ms": "86400000"}).items()

    await eventually(kept)

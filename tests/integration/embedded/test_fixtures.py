"""The fixtures that the other tests stand on."""

from __future__ import annotations

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from services.runtime.ids import RandomIds
from services.runtime.testing.servers import DatabaseUrl


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_every_test_begins_with_an_empty_redis(redis_url: str, turn: str) -> None:
    async with Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        assert await client.function_list() == []
        await client.set(turn, "1")
        await client.function_load("#!lua name=mine\nredis.register_function('f', function() return 1 end)")


async def test_each_call_makes_a_database_of_its_own(database_url: DatabaseUrl) -> None:
    urls = [database_url(), database_url()]
    assert urls[0] != urls[1]
    connections = [await asyncpg.connect(url.replace("+asyncpg", "")) for url in urls]
    await connections[0].execute("CREATE TABLE seat (id text)")
    assert await connections[1].fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'seat'") == 0
    for connection in connections:
        await connection.close()


async def test_fsync_is_on(database_url: DatabaseUrl, redis_url: str) -> None:
    connection = await asyncpg.connect(database_url().replace("+asyncpg", ""))
    assert await connection.fetchval("SHOW fsync") == "on"
    await connection.close()
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        assert (await client.config_get("appendfsync"))["appendfsync"] == "always"


async def test_what_is_produced_is_consumed(kafka_bootstrap: str, kafka_is_real: bool) -> None:
    topic = RandomIds().new_id("fixture")
    if kafka_is_real:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    sent = await producer.send_and_wait(topic, b"curtain up")
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap)
    await consumer.start()
    partition = TopicPartition(sent.topic, sent.partition)
    consumer.assign([partition])
    consumer.seek(partition, sent.offset)
    assert (await consumer.getone()).value == b"curtain up"
    await consumer.stop()

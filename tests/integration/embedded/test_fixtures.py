"""The fixtures that the other tests stand on."""

from __future__ import annotations

from typing import Any, LiteralString

import asyncpg
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.ids import RandomIds
from services.runtime.testing.databases import Databases
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


@pytest.fixture(scope="module")
def databases(postgres: EmbeddedPostgres) -> Databases:
    return Databases(postgres, "fixtures")


def connect(server: EmbeddedPostgres, name: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(server.url_for(name).replace("+asyncpg", ""), autocommit=True)


def told(connection: psycopg.Connection[tuple[Any, ...]], query: LiteralString) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


ACL = "SELECT nspacl::text || nspowner::regrole FROM pg_namespace WHERE nspname = 'public'"
OID = "SELECT oid FROM pg_database WHERE datname = current_database()"


def test_a_database_is_taken_again_without_rows_under_another_name_and_with_nobody_connected(
    postgres: EmbeddedPostgres, databases: Databases
) -> None:
    first = databases.create("reporting")
    with connect(postgres, first) as left:
        number, written = told(left, OID), told(left, "SELECT count(*) FROM generations")
        begun = told(left, "SELECT nextval('outbox_id_seq')")
        left.execute("INSERT INTO consumer_pause VALUES ('a', 1)")
        databases.give_back(first, "reporting")
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")
    second = databases.create("reporting")
    assert second != first
    with connect(postgres, second) as again:
        assert told(again, OID) == number
        assert told(again, "SELECT count(*) FROM consumer_pause") == 0
        assert told(again, "SELECT nextval('outbox_id_seq')") == begun
        # What a migration has written stays.
        assert told(again, "SELECT count(*) FROM generations") == written > 0
    databases.give_back(second, "reporting")


CHANGES: list[LiteralString] = [
    "CREATE INDEX own ON outbox (id)",
    "DROP POLICY of_scope ON inbox",
    "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY",
    "REVOKE SELECT ON outbox FROM balcon_service",
    "ALTER TABLE outbox ADD COLUMN own text",
    "CREATE TABLE own (id text)",
    "DELETE FROM generations",
    "INSERT INTO consumer_pause SELECT n::text, 1 FROM generate_series(1, 6000) AS n",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_database_that_taking_rows_out_does_not_mend_is_not_taken_again(
    postgres: EmbeddedPostgres, databases: Databases, change: LiteralString
) -> None:
    first = databases.create("reporting")
    with connect(postgres, first) as connection:
        number = told(connection, OID)
        connection.execute(change)
    databases.give_back(first, "reporting")
    second = databases.create("reporting")
    with connect(postgres, second) as connection:
        assert told(connection, OID) != number
    databases.give_back(second, "reporting")


def test_a_plain_database_is_taken_again_with_nothing_in_it(postgres: EmbeddedPostgres, databases: Databases) -> None:
    first = databases.create(None)
    with connect(postgres, first) as connection:
        number, acl = told(connection, OID), told(connection, ACL)
        connection.execute("CREATE TABLE own (id text)")
        connection.execute("GRANT CREATE ON SCHEMA public TO balcon_service")
    databases.give_back(first, None)
    second = databases.create(None)
    assert second != first
    with connect(postgres, second) as connection:
        assert (told(connection, OID), told(connection, ACL)) == (number, acl)
        assert told(connection, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        connection.execute("CREATE SCHEMA own")
    databases.give_back(second, None)
    third = databases.create(None)
    with connect(postgres, third) as connection:
        assert told(connection, OID) != number
    databases.give_back(third, None)


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

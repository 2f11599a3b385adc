"""`balcon bus`: what the topics hold, how far each group is, the keys that consumers parked, and their replay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
import typer
from balcon.bus.v1 import bus_service_pb2 as pb
from balcon.bus.v1.bus_service_pb2_grpc import BusServiceStub
from google.protobuf.json_format import MessageToDict
from rich.table import Table

from services.console.stack.blueprint import nodes_of
from services.console.stack.credentials import act_as_operator
from services.console.terminal import ERR, OUT, print_json
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import BusAdmin, PartitionState
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel

CONSUMING: tuple[str, ...] = ("inventory", "orders", "reporting", "ticketing")
_REPLAY_SECONDS = 300.0


async def run_dead_letters(targets: Mapping[str, str], as_json: bool) -> None:
    """Prints every parked key of the services that are named in `targets`."""
    act_as_operator()
    keys: list[pb.ParkedKey] = []
    for service in CONSUMING:
        if service in targets:
            async with open_channel(nodes_of(targets[service])[0], SystemClock()) as channel:
                keys += (await BusServiceStub(channel).ListParkedKeys(pb.ListParkedKeysRequest())).keys
    if as_json:
        print_json([MessageToDict(key, preserving_proto_field_name=True) for key in keys])
        return
    table = Table(title="Parked keys", title_justify="left")
    for column in ("group", "topic", "key", "error", "applied up to", "waiting up to"):
        table.add_column(column, overflow="fold")
    for key in keys:
        table.add_row(key.group, key.topic, key.key, key.error, str(key.last_sequence), str(key.diverted_sequence))
    OUT.print(table)


async def run_replay(target: str, topic: str, key: str) -> None:
    """Replays one key and says how many events were applied; status 1 when it stays parked."""
    act_as_operator()
    async with open_channel(nodes_of(target)[0], SystemClock()) as channel:
        try:
            request = pb.ReplayKeyRequest(topic=topic, key=key)
            replayed = await BusServiceStub(channel).ReplayKey(request, timeout=_REPLAY_SECONDS)
        except grpc.aio.AioRpcError as error:
            ERR.print(f"{key} stays parked: {error.code().name}: {error.details()}", style="red", markup=False)
            raise typer.Exit(1) from error
    OUT.print(f"{key}: {replayed.applied} events applied", highlight=False, markup=False)


@dataclass(frozen=True, slots=True)
class TopicSize:
    """What a topic keeps."""

    topic: str
    partitions: int
    messages: int


@dataclass(frozen=True, slots=True)
class GroupLag:
    """How many messages of a topic a group has not worked off yet."""

    group: str
    topic: str
    lag: int


def sizes_of(partitions: Sequence[PartitionState]) -> list[TopicSize]:
    """One line a topic. What compaction took away is counted still: offsets do not move."""
    by_topic: dict[str, list[PartitionState]] = {}
    for state in partitions:
        by_topic.setdefault(state.topic, []).append(state)
    return [
        TopicSize(topic, len(states), sum(state.end_offset - state.first_offset for state in states))
        for topic, states in by_topic.items()
    ]


def lags_of(
    group: str, partitions: Sequence[PartitionState], committed: Mapping[tuple[str, int], int]
) -> list[GroupLag]:
    """One line for each topic that the group ever read; where it never committed, it begins at what is kept."""
    lags = dict.fromkeys((topic for topic, _ in committed), 0)
    for state in partitions:
        if state.topic in lags:
            next_offset = max(committed.get((state.topic, state.partition), 0), state.first_offset)
            lags[state.topic] += max(state.end_offset - next_offset, 0)
    return [GroupLag(group, topic, lag) for topic, lag in sorted(lags.items())]


async def run_topics(bus_url: str, as_json: bool) -> None:
    """Prints every topic with its partitions and messages."""
    async with _administered(bus_url) as bus:
        sizes = sizes_of(await bus.partitions())
    if as_json:
        print_json(sizes)
        return
    table = Table("topic", "partitions", "messages", title="Topics", title_justify="left")
    for size in sizes:
        table.add_row(size.topic, str(size.partitions), str(size.messages))
    OUT.print(table)


async def run_lag(bus_url: str, as_json: bool) -> None:
    """Prints the lag of every group on every topic that it reads."""
    async with _administered(bus_url) as bus:
        partitions = await bus.partitions()
        lags = [lag for group in await bus.groups() for lag in lags_of(group, partitions, await bus.committed(group))]
    if as_json:
        print_json(lags)
        return
    table = Table("group", "topic", "lag", title="Consumer lag", title_justify="left")
    for lag in lags:
        table.add_row(lag.group, lag.topic, str(lag.lag))
    OUT.print(table)


@asynccontextmanager
async def _administered(bus_url: str) -> AsyncIterator[BusAdmin]:
    bus = open_bus(bus_url, clock=SystemClock(), ids=RandomIds(), client_id="console")
    try:
        yield bus
    finally:
        await bus.close()

"""`balcon bus`: topics, consumer groups with lag and pauses, the keys that consumers parked, and their replay."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import grpc
import msgspec
import typer
from balcon.bus.v1 import bus_service_pb2 as pb
from balcon.bus.v1.bus_service_pb2_grpc import BusServiceStub
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.table import Table

from services.console.stack.blueprint import CONSUMING, nodes_of
from services.console.stack.credentials import act_as_operator
from services.console.terminal import ERR, OUT, print_json
from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import BusAdmin, PartitionState
from services.runtime.bus.topics import COMPACTED, KEPT_SECONDS
from services.runtime.clock import SystemClock
from services.runtime.errors import Fatal
from services.runtime.ids import RandomIds
from services.runtime.outbox.lag import lags_of
from services.runtime.rpc.client import open_channel

_REPLAY_SECONDS = 300.0


class GroupUnknown(Fatal):
    """No running service has a consumer group of that name: see `balcon bus groups`."""


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


async def run_replay(target: str, topic: str, key: str, as_json: bool) -> None:
    """Replays one key and says how many events were applied; status 1 when it stays parked."""
    act_as_operator()
    async with open_channel(nodes_of(target)[0], SystemClock()) as channel:
        try:
            request = pb.ReplayKeyRequest(topic=topic, key=key)
            replayed = await BusServiceStub(channel).ReplayKey(request, timeout=_REPLAY_SECONDS)
        except grpc.aio.AioRpcError as error:
            ERR.print(f"{key} stays parked: {error.code().name}: {error.details()}", style="red", markup=False)
            raise typer.Exit(1) from error
    if as_json:
        print_json({"topic": topic, "key": key, "applied": replayed.applied})
    else:
        OUT.print(f"{key}: {replayed.applied} events applied", highlight=False, markup=False)


async def run_groups(targets: Mapping[str, str], as_json: bool) -> None:
    """Prints the consumer groups of every service that is named in `targets`."""
    told = [(service, group) for service, _, group in await _groups(targets)]
    if as_json:
        print_json([{"service": service, **_as_dict(group)} for service, group in told])
        return
    table = Table("service", "group", "topics", "paused since", "parked", title="Consumer groups", title_justify="left")
    for service, group in told:
        since = group.paused_at.ToDatetime(UTC).isoformat(" ", "seconds") if group.HasField("paused_at") else ""
        table.add_row(service, group.group, "\n".join(group.topics), since, str(group.parked_keys))
    OUT.print(table)


async def run_pause(targets: Mapping[str, str], name: str, as_json: bool, *, paused: bool) -> None:
    """Pauses or resumes a group at the service whose it is (GroupUnknown)."""
    known = await _groups(targets)
    homes = [(service, target) for service, target, group in known if group.group == name]
    if not homes:
        raise GroupUnknown(group=name, known=", ".join(group.group for _, _, group in known))
    [(service, target)] = homes
    async with open_channel(target, SystemClock()) as channel:
        calls = BusServiceStub(channel)
        if paused:
            group = (await calls.PauseGroup(pb.PauseGroupRequest(group=name))).group
        else:
            group = (await calls.ResumeGroup(pb.ResumeGroupRequest(group=name))).group
    if as_json:
        print_json({"service": service, **_as_dict(group)})
    else:
        OUT.print(f"{name} of {service} {'is paused' if paused else 'reads on'}", highlight=False, markup=False)


async def _groups(targets: Mapping[str, str]) -> list[tuple[str, str, pb.ConsumerGroup]]:
    """(service, one of its nodes, group)."""
    act_as_operator()
    found = []
    for service in CONSUMING:
        if service in targets:
            node = nodes_of(targets[service])[0]
            async with open_channel(node, SystemClock()) as channel:
                groups = (await BusServiceStub(channel).ListGroups(pb.ListGroupsRequest())).groups
            found += [(service, node, group) for group in groups]
    return found


def _as_dict(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


async def run_rebuild(model: str, settings: Mapping[str, str], as_json: bool) -> None:
    """Runs reporting's own command with its settings, beside the service; its status when it failed."""
    command = [sys.executable, "-m", "services.reporting.main", "rebuild", *([model] if model else [])]
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **settings}, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    rebuilt = []
    async for line in process.stderr:
        told = _log_line(line)
        if told.get("event") == "read_model_rebuilt":
            rebuilt.append({"model": told.get("model"), "generation": told.get("generation")})
        else:
            ERR.print(line.decode(errors="replace").rstrip(), highlight=False, markup=False)
    status = await process.wait()
    if as_json:
        print_json({"rebuilt": rebuilt, "status": status})
    else:
        for one in rebuilt:
            OUT.print(f"{one['model']}: generation {one['generation']} is served", highlight=False, markup=False)
    if status:
        raise typer.Exit(status)


def _log_line(line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


@dataclass(frozen=True, slots=True)
class TopicSize:
    """What a topic keeps."""

    topic: str
    partitions: int
    messages: int
    keeps: str


def kept_of(topic: str) -> str:
    """How long a topic keeps its messages, in words."""
    if topic in COMPACTED:
        return "each key's latest"
    seconds = KEPT_SECONDS.get(topic)
    return "everything" if seconds is None else f"{seconds / 86_400:g} days"


def sizes_of(partitions: Sequence[PartitionState]) -> list[TopicSize]:
    """One line a topic. What compaction took away is counted still: offsets do not move."""
    by_topic: dict[str, list[PartitionState]] = {}
    for state in partitions:
        by_topic.setdefault(state.topic, []).append(state)
    return [
        TopicSize(topic, len(states), sum(state.end_offset - state.first_offset for state in states), kept_of(topic))
        for topic, states in by_topic.items()
    ]


async def run_topics(bus_url: str, as_json: bool) -> None:
    """Prints every topic with its partitions and messages."""
    async with _administered(bus_url) as bus:
        sizes = sizes_of(await bus.partitions())
    if as_json:
        print_json(sizes)
        return
    table = Table("topic", "partitions", "messages", "keeps", title="Topics", title_justify="left")
    for size in sizes:
        table.add_row(size.topic, str(size.partitions), str(size.messages), size.keeps)
    OUT.print(table)


async def run_lag(bus_url: str, targets: Mapping[str, str], as_json: bool) -> None:
    """Prints the lag of every group on every topic that it reads.

    The bus knows what a group has ever read; the services of `targets` know what it is to read, and who is paused.
    """
    told = {group.group: group for _, _, group in await _groups(targets)}
    async with _administered(bus_url) as bus:
        partitions = await bus.partitions()
        lags = [
            lag
            for name in sorted({*await bus.groups(), *told})
            for lag in await lags_of(bus, name, told[name].topics if name in told else (), partitions)
        ]
    paused = {name for name, group in told.items() if group.HasField("paused_at")}
    if as_json:
        print_json([{**msgspec.to_builtins(lag), "paused": lag.group in paused} for lag in lags])
        return
    table = Table("group", "topic", "lag", "oldest (seconds)", "", title="Consumer lag", title_justify="left")
    now_ms = SystemClock().now_ms()
    for lag in lags:
        age = "" if lag.oldest_at_ms is None else f"{max(now_ms - lag.oldest_at_ms, 0) / 1000:.0f}"
        table.add_row(lag.group, lag.topic, str(lag.lag), age, "paused" if lag.group in paused else "")
    OUT.print(table)


@asynccontextmanager
async def _administered(bus_url: str) -> AsyncIterator[BusAdmin]:
    bus = open_bus(bus_url, clock=SystemClock(), ids=RandomIds(), client_id="console")
    try:
        yield bus
    finally:
        await bus.close()

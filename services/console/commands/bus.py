"""`balcon bus`: the keys that consumers parked, and their replay."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
import typer
from balcon.bus.v1 import bus_service_pb2 as pb
from balcon.bus.v1.bus_service_pb2_grpc import BusServiceStub
from google.protobuf.json_format import MessageToDict
from rich.table import Table

from services.console.stack.blueprint import nodes_of
from services.console.terminal import ERR, OUT, print_json
from services.runtime.clock import SystemClock
from services.runtime.rpc.client import open_channel

CONSUMING: tuple[str, ...] = ("inventory", "orders", "reporting")
_REPLAY_SECONDS = 300.0


async def run_dead_letters(targets: Mapping[str, str], as_json: bool) -> None:
    """Prints every parked key of the services that are named in `targets`."""
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
    async with open_channel(nodes_of(target)[0], SystemClock()) as channel:
        try:
            request = pb.ReplayKeyRequest(topic=topic, key=key)
            replayed = await BusServiceStub(channel).ReplayKey(request, timeout=_REPLAY_SECONDS)
        except grpc.aio.AioRpcError as error:
            ERR.print(f"{key} stays parked: {error.code().name}: {error.details()}", style="red", markup=False)
            raise typer.Exit(1) from error
    OUT.print(f"{key}: {replayed.applied} events applied", highlight=False, markup=False)

"""`balcon cluster`: what the inventory's nodes tell of themselves, and the operators' acts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import typer
from balcon.inventory.v1 import cluster_service_pb2 as pb
from balcon.inventory.v1.cluster_service_pb2_grpc import ClusterServiceStub
from google.protobuf.json_format import MessageToDict
from rich.table import Table

from services.console.stack.credentials import act_as_operator
from services.console.terminal import ERR, OUT, print_json
from services.contracts.bounds import MAX_PAGE_SIZE
from services.runtime.clock import SystemClock
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:
    from balcon.inventory.v1.cluster_service_pb2_grpc import ClusterServiceAsyncStub

_PAGE = MAX_PAGE_SIZE


@asynccontextmanager
async def _cluster(target: str) -> AsyncIterator[ClusterServiceAsyncStub]:
    """Any node of the cluster; a refusal is told and ends the command with status 1."""
    async with open_channel(target, SystemClock()) as channel:
        stub: ClusterServiceAsyncStub = ClusterServiceStub(channel)
        try:
            yield stub
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            ERR.print(refusal.message if refusal else f"{error.code().name}: {error.details()}", style="red")
            raise typer.Exit(1) from error


async def run_describe(target: str, as_json: bool) -> None:
    """Prints nodes and ownerships, every page."""
    act_as_operator()
    ownerships: list[pb.Ownership] = []
    token = ""
    async with _cluster(target) as cluster:
        while True:
            page = await cluster.DescribeCluster(pb.DescribeClusterRequest(page_size=_PAGE, page_token=token))
            ownerships += page.ownerships
            token = page.next_page_token
            if not token:
                break
    if as_json:
        told = pb.DescribeClusterResponse(nodes=page.nodes, ownerships=ownerships)
        print_json(MessageToDict(told, preserving_proto_field_name=True))
        return
    nodes = Table(title="Nodes", title_justify="left")
    for column in ("endpoint", "incarnation", "load (commands/s)", "draining"):
        nodes.add_column(column)
    for node in page.nodes:
        nodes.add_row(node.endpoint, node.incarnation, f"{node.load:,.1f}", "yes" if node.draining else "")
    OUT.print(nodes)
    owned = Table(title="Performances", title_justify="left")
    for column in ("performance", "owner", "epoch", "alive", "pinned to"):
        owned.add_column(column)
    for row in ownerships:
        alive = "yes" if row.alive else ""
        owned.add_row(row.performance_id, row.endpoint or "nobody", str(row.epoch), alive, row.pinned_to)
    OUT.print(owned)


async def run_move(target: str, performance_id: str, to: str) -> None:
    """Moves a performance and says who owns it now."""
    act_as_operator()
    async with _cluster(target) as cluster:
        moved = await cluster.MovePerformance(pb.MovePerformanceRequest(performance_id=performance_id, to_endpoint=to))
    OUT.print(f"{performance_id}: {moved.ownership.endpoint}, epoch {moved.ownership.epoch}", highlight=False)


async def run_pin(target: str, performance_id: str, to: str) -> None:
    """Pins or unpins."""
    act_as_operator()
    async with _cluster(target) as cluster:
        await cluster.PinPerformance(pb.PinPerformanceRequest(performance_id=performance_id, endpoint=to))
    OUT.print(f"{performance_id}: {f'pinned to {to}' if to else 'not pinned'}", highlight=False)


async def run_drain(target: str, node: str, draining: bool) -> None:
    """Drains a node, or takes it back."""
    act_as_operator()
    async with _cluster(target) as cluster:
        await cluster.DrainNode(pb.DrainNodeRequest(endpoint=node, draining=draining))
    OUT.print(f"{node}: {'drained' if draining else 'takes performances again'}", highlight=False)

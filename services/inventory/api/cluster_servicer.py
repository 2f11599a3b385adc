"""balcon.inventory.v1.ClusterService: what operators see and do. Each act is done by the node that it concerns."""

# ruff: noqa: N802 (the methods have gRPC's names)
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import grpc
from balcon.inventory.v1 import cluster_service_pb2 as pb
from balcon.inventory.v1.cluster_service_pb2_grpc import ClusterServiceServicer, ClusterServiceStub

from services.contracts.pages import asked_page, token_after
from services.inventory.actors.host import PerformanceHost
from services.inventory.cluster.membership import NodeLease
from services.inventory.domain.refusals import NodeUnknown, PerformanceNotFound
from services.inventory.ports import Directory, NodeInfo, OwnedPerformance, Performances
from services.runtime.errors import UNSET, FieldInvalid, Refusal
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept

if TYPE_CHECKING:
    from balcon.inventory.v1.cluster_service_pb2_grpc import ClusterServiceAsyncStub

Context = grpc.aio.ServicerContext[Any, Any]
# The list is the operator's, over all houses.
_EVERY_HOUSE = ""


class ClusterServicer(ClusterServiceServicer):
    """See cluster_service.proto."""

    def __init__(
        self,
        lease: NodeLease,
        directory: Directory,
        performances: Performances,
        host: PerformanceHost,
        channel_to: Callable[[str], grpc.aio.Channel],
    ) -> None:
        self._lease = lease
        self._directory = directory
        self._performances = performances
        self._host = host
        self._channel_to = channel_to

    def _at(self, endpoint: str) -> ClusterServiceAsyncStub:
        stub: ClusterServiceAsyncStub = ClusterServiceStub(self._channel_to(endpoint))
        return stub

    async def DescribeCluster(self, request: pb.DescribeClusterRequest, context: Context) -> pb.DescribeClusterResponse:
        """Nodes as they were last seen, and a page of the directory."""
        asked = asked_page(request.page_size, request.page_token, _EVERY_HOUSE)
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        after, size = asked
        await self._lease.look_around()
        rows = await self._directory.page(after.item_id if after else "", size)
        alive = {node.incarnation: node for node in self._lease.nodes}
        return pb.DescribeClusterResponse(
            nodes=[_node(node) for node in self._lease.nodes],
            ownerships=[_ownership(row, alive) for row in rows],
            next_page_token=token_after(_EVERY_HOUSE, rows[-1].performance_id) if len(rows) == size else "",
        )

    async def MovePerformance(self, request: pb.MovePerformanceRequest, context: Context) -> pb.MovePerformanceResponse:
        """The owner lets go, then the target takes it."""
        performance_id = request.performance_id
        accept(refused_key("performance_id", performance_id), _refused_endpoint("to_endpoint", request.to_endpoint))
        target = await self._node(request.to_endpoint)
        owner = await self._directory.owner_of(performance_id)
        if owner is None:
            raise Refused(PerformanceNotFound(performance_id))
        if target.endpoint != self._lease.endpoint:
            return await self._at(target.endpoint).MovePerformance(request)
        if owner.endpoint not in {"", self._lease.endpoint} and await self._lease.is_alive(owner.incarnation):
            await self._at(owner.endpoint).DropPerformance(pb.DropPerformanceRequest(performance_id=performance_id))
        return await self._adopt(performance_id)

    async def DropPerformance(self, request: pb.DropPerformanceRequest, context: Context) -> pb.DropPerformanceResponse:
        """Lets go here, if it is here."""
        accept(refused_key("performance_id", request.performance_id))
        dropped = await self._host.let_go(request.performance_id)
        return pb.DropPerformanceResponse(dropped=dropped)

    async def _adopt(self, performance_id: str) -> pb.MovePerformanceResponse:
        house_id = await self._performances.house_of(performance_id)
        if house_id is None:
            raise Refused(PerformanceNotFound(performance_id))
        actor = await self._host.owner(house_id, performance_id, was_sent_here=True)
        if isinstance(actor, Refusal):
            raise Refused(actor)
        return pb.MovePerformanceResponse(ownership=await self._told(performance_id))

    async def PinPerformance(self, request: pb.PinPerformanceRequest, context: Context) -> pb.PinPerformanceResponse:
        """Written down; the owner's next look around does the rest."""
        performance_id = request.performance_id
        accept(refused_key("performance_id", performance_id))
        if request.endpoint:
            await self._node(request.endpoint)
        await self._directory.pin(performance_id, request.endpoint)
        return pb.PinPerformanceResponse(ownership=await self._told(performance_id))

    async def DrainNode(self, request: pb.DrainNodeRequest, context: Context) -> pb.DrainNodeResponse:
        """Done by the node itself."""
        accept(_refused_endpoint("endpoint", request.endpoint))
        node = await self._node(request.endpoint)
        if node.endpoint != self._lease.endpoint:
            return await self._at(node.endpoint).DrainNode(request)
        self._lease.is_draining = request.draining
        await self._lease.renew()
        await self._lease.look_around()
        if request.draining:
            for actor in self._host.actors:
                await self._host.let_go(actor.performance.performance_id)
        return pb.DrainNodeResponse(node=_node(await self._node(request.endpoint)))

    async def _node(self, endpoint: str) -> NodeInfo:
        await self._lease.look_around()
        for node in self._lease.nodes:
            if node.endpoint == endpoint:
                return node
        raise Refused(NodeUnknown(endpoint[:255]))

    async def _told(self, performance_id: str) -> pb.Ownership:
        owner = await self._directory.owner_of(performance_id)
        pins = await self._directory.pins()
        alive = {node.incarnation: node for node in self._lease.nodes}
        if owner is None:
            return pb.Ownership(performance_id=performance_id, pinned_to=pins.get(performance_id, ""))
        return _ownership(OwnedPerformance(performance_id, owner, pins.get(performance_id, "")), alive)


def _refused_endpoint(field: str, endpoint: str) -> FieldInvalid | None:
    """Only whether there is one: whether a node answers there, the nodes that live tell."""
    return None if endpoint else FieldInvalid(field, UNSET, "host:port of a node")


def _node(node: NodeInfo) -> pb.Node:
    return pb.Node(incarnation=node.incarnation, endpoint=node.endpoint, draining=node.draining, load=node.load)


def _ownership(row: OwnedPerformance, alive: Mapping[str, NodeInfo]) -> pb.Ownership:
    return pb.Ownership(
        performance_id=row.performance_id,
        epoch=row.owner.epoch,
        endpoint=row.owner.endpoint,
        alive=row.owner.incarnation in alive,
        pinned_to=row.pinned_to,
    )

"""balcon.bus.v1.BusService over this process's consumers: groups and pauses, parked keys and replay. For operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import grpc
from balcon.bus.v1 import bus_service_pb2 as pb
from balcon.bus.v1.bus_service_pb2_grpc import BusServiceServicer, add_BusServiceServicer_to_server

from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.outbox.inbox import ParkedKey
from services.runtime.outbox.pauses import Pauses
from services.runtime.rpc.errors import accept
from services.runtime.rpc.server import RpcServer

SERVICE_NAME = "balcon.bus.v1.BusService"


class Consumer(Protocol):
    """An EventConsumer or a StateConsumer, as far as operators go."""

    @property
    def group(self) -> str:
        """Its name on the bus."""
        ...

    @property
    def topics(self) -> Sequence[str]:
        """What it reads."""
        ...

    @property
    def pauses(self) -> Pauses:
        """Those of its group."""
        ...

    async def parked(self) -> Sequence[ParkedKey]:
        """The keys that wait for a replay."""
        ...

    async def replay(self, topic: str, key: str) -> int:
        """Applies what waits of a key; returns how much it was."""
        ...


class BusServicer(BusServiceServicer):
    """`consumers` are asked for at each call: reporting's change with its generation."""

    def __init__(self, consumers: Callable[[], Sequence[Consumer]], clock: Clock) -> None:
        self._consumers = consumers
        self._clock = clock

    async def ListGroups(  # noqa: N802
        self,
        request: pb.ListGroupsRequest,
        context: grpc.aio.ServicerContext[pb.ListGroupsRequest, pb.ListGroupsResponse],
    ) -> pb.ListGroupsResponse:
        consumers = sorted(self._consumers(), key=lambda consumer: consumer.group)
        return pb.ListGroupsResponse(groups=[await _told(consumer) for consumer in consumers])

    async def PauseGroup(  # noqa: N802
        self,
        request: pb.PauseGroupRequest,
        context: grpc.aio.ServicerContext[pb.PauseGroupRequest, pb.PauseGroupResponse],
    ) -> pb.PauseGroupResponse:
        consumer = self._named(request.group)
        await consumer.pauses.pause(self._clock.now_ms())
        return pb.PauseGroupResponse(group=await _told(consumer))

    async def ResumeGroup(  # noqa: N802
        self,
        request: pb.ResumeGroupRequest,
        context: grpc.aio.ServicerContext[pb.ResumeGroupRequest, pb.ResumeGroupResponse],
    ) -> pb.ResumeGroupResponse:
        consumer = self._named(request.group)
        await consumer.pauses.resume()
        return pb.ResumeGroupResponse(group=await _told(consumer))

    def _named(self, group: str) -> Consumer:
        accept(_refused_unset("group", group, "as ListGroups names it"))
        found = {consumer.group: consumer for consumer in self._consumers()}
        if group not in found:
            accept(FieldInvalid("group", "is no group of this service", f"one of {', '.join(sorted(found))}"))
        return found[group]

    async def ListParkedKeys(  # noqa: N802
        self,
        request: pb.ListParkedKeysRequest,
        context: grpc.aio.ServicerContext[pb.ListParkedKeysRequest, pb.ListParkedKeysResponse],
    ) -> pb.ListParkedKeysResponse:
        response = pb.ListParkedKeysResponse()
        for consumer in self._consumers():
            for parked in await consumer.parked():
                response.keys.add(
                    group=consumer.group,
                    topic=parked.place.topic,
                    key=parked.place.key,
                    source=parked.place.source,
                    error=parked.error,
                    last_sequence=parked.last_sequence,
                    diverted_sequence=parked.diverted_sequence,
                )
        return response

    async def ReplayKey(  # noqa: N802
        self, request: pb.ReplayKeyRequest, context: grpc.aio.ServicerContext[pb.ReplayKeyRequest, pb.ReplayKeyResponse]
    ) -> pb.ReplayKeyResponse:
        """See bus_service.proto. ReplayIncomplete is UNAVAILABLE: the key stays parked, ask again."""
        named = "as ListParkedKeys names it"
        accept(_refused_unset("topic", request.topic, named), _refused_unset("key", request.key, named))
        applied = [await consumer.replay(request.topic, request.key) for consumer in self._consumers()]
        return pb.ReplayKeyResponse(applied=sum(applied))


def _refused_unset(field: str, value: str, limit: str) -> FieldInvalid | None:
    """Only whether it is there: what is not parked has nothing to apply."""
    return None if value else FieldInvalid(field, UNSET, limit)


async def _told(consumer: Consumer) -> pb.ConsumerGroup:
    told = pb.ConsumerGroup(
        group=consumer.group, topics=sorted(consumer.topics), parked_keys=len(await consumer.parked())
    )
    since_ms = await consumer.pauses.since_ms()
    if since_ms is not None:
        told.paused_at.FromMilliseconds(since_ms)
    return told


def serve_bus(rpc: RpcServer, consumers: Callable[[], Sequence[Consumer]], clock: Clock) -> None:
    """Adds the service to a process's gRPC server. Before its start."""
    servicer = BusServicer(consumers, clock)
    rpc.add(lambda server: add_BusServiceServicer_to_server(servicer, server), SERVICE_NAME)

"""balcon.bus.v1.BusService over this process's consumers: which keys are parked, and their replay. For operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import grpc
from balcon.bus.v1 import bus_service_pb2 as pb
from balcon.bus.v1.bus_service_pb2_grpc import BusServiceServicer, add_BusServiceServicer_to_server

from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.outbox.consumer import EventConsumer
from services.runtime.rpc.errors import accept
from services.runtime.rpc.server import RpcServer

SERVICE_NAME = "balcon.bus.v1.BusService"


class BusServicer(BusServiceServicer):
    """`consumers` are asked for at each call: reporting's change with its generation."""

    def __init__(self, consumers: Callable[[], Sequence[EventConsumer]]) -> None:
        self._consumers = consumers

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
        accept(_refused_unset("topic", request.topic), _refused_unset("key", request.key))
        applied = [await consumer.replay(request.topic, request.key) for consumer in self._consumers()]
        return pb.ReplayKeyResponse(applied=sum(applied))


def _refused_unset(field: str, value: str) -> FieldInvalid | None:
    """Only whether it is there: what is not parked has nothing to apply."""
    return None if value else FieldInvalid(field, UNSET, "as ListParkedKeys names it")


def serve_bus(rpc: RpcServer, consumers: Callable[[], Sequence[EventConsumer]]) -> None:
    """Adds the service to a process's gRPC server. Before its start."""
    servicer = BusServicer(consumers)
    rpc.add(lambda server: add_BusServiceServicer_to_server(servicer, server), SERVICE_NAME)

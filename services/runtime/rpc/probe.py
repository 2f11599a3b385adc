"""Asks a gRPC server for its health, for containers: `python -m services.runtime.rpc.probe HOST:PORT`."""

from __future__ import annotations

import sys

import grpc
from grpc_health.v1 import health_pb2

TIMEOUT_SECONDS = 3.0
_USAGE = 2


def is_serving(target: str, service: str = "") -> bool:
    """Whether the server at `target` answers SERVING for `service` (all of it by default) within three seconds."""
    with grpc.insecure_channel(target) as channel:
        try:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            answer = check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def main(arguments: list[str]) -> int:
    """Exit status 0 when serving, 1 when not, 2 for wrong arguments."""
    if len(arguments) not in {1, 2}:
        print("usage: python -m services.runtime.rpc.probe HOST:PORT [SERVICE]", file=sys.stderr)  # noqa: T201
        return _USAGE
    return 0 if is_serving(*arguments) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

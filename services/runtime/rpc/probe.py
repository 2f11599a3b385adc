"""Asks a gRPC server for its health, for containers: `python -m services.runtime.rpc.probe HOST:PORT`.

With BALCON_CA, a file with the CA's certificates, it asks over TLS; HOST is a name of the server's certificate then.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2

from services.runtime.rpc.tls import CA_VARIABLE, ClientTls

TIMEOUT_SECONDS = 3.0
_USAGE = 2


def is_serving(target: str, service: str = "") -> bool:
    """Whether the server at `target` answers SERVING for `service` (all of it by default) within three seconds."""
    ca = os.environ.get(CA_VARIABLE, "")
    opened = grpc.secure_channel(target, ClientTls(Path(ca)).credentials()) if ca else grpc.insecure_channel(target)
    with opened as channel:
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

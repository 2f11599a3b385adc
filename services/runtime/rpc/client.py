"""gRPC channels between services: ids and deadlines carried on, bounded retries of calls that reached no server."""

from __future__ import annotations

import json

import grpc

from services.runtime.clock import Clock
from services.runtime.rpc.interceptors import OutgoingCallInterceptor, OutgoingStreamInterceptor
from services.runtime.rpc.server import MAX_MESSAGE_BYTES
from services.runtime.rpc.tls import ClientTls, used_for_channels

DEFAULT_TIMEOUT_SECONDS = 10.0

# Every call carries its own idempotency key, so UNAVAILABLE may be tried again.
_SERVICE_CONFIG = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)

CHANNEL_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.service_config", _SERVICE_CONFIG),
    # A connection that has died without a word is found out while callers still have time to ask again.
    ("grpc.keepalive_time_ms", 4_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    # gRPC's own bandwidth pings get a minute, and while one of them is unanswered no keepalive is sent.
    ("grpc.http2.ping_timeout_ms", 3_000),
    ("grpc.http2.max_pings_without_data", 0),
    # A restarted peer is found again within a second, not after minutes of backoff.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
)


def open_channel(
    target: str,
    clock: Clock,
    *,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    own_connection: bool = False,
    wait_for_ready: bool = True,
    tls: ClientTls | None = None,
) -> grpc.aio.Channel:
    """A channel to host:port. Calls without a timeout get `timeout_seconds`, less when the caller's deadline is nearer.

    `own_connection` keeps gRPC from sharing one TCP connection among channels to one target: for load generators.
    `wait_for_ready=False` is for callers that have somebody else to ask: a peer that is away is UNAVAILABLE at once.
    `tls` None is what the process uses for its channels.
    """
    options = (*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1 if own_connection else 0))
    interceptors = [OutgoingCallInterceptor(clock, timeout_seconds, wait_for_ready), OutgoingStreamInterceptor(clock)]
    tls = tls or used_for_channels()
    if tls is None:
        return grpc.aio.insecure_channel(target, options=options, interceptors=interceptors)
    return grpc.aio.secure_channel(target, tls.credentials(), options=options, interceptors=interceptors)

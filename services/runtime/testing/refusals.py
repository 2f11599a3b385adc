"""What a service that a test calls has against it."""

from __future__ import annotations

from collections.abc import Awaitable

import grpc

from services.runtime.rpc.errors import RemoteRefusal, refusal_of


async def refusal(call: Awaitable[object]) -> RemoteRefusal:
    """What the call is refused with."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        found = refusal_of(error)
        assert found is not None, error
        return found
    message = f"not refused: {answer}"
    raise AssertionError(message)

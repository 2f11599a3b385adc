"""A stub whose calls wait as long as a busy service asks: seeding is nobody's rush, and may be asked to come back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

import grpc

from services.contracts.reasons import Reason
from services.runtime.clock import Clock
from services.runtime.rpc.errors import refusal_of

_PATIENCE_SECONDS: Final = 120.0
_LEAST_PAUSE_SECONDS: Final = 0.1

Stub = TypeVar("Stub")


def patient(stub: Stub, clock: Clock) -> Stub:
    """The same calls; OVERLOADED is no answer to them for two minutes. Each may be repeated, as all of seeding may."""
    return cast(Stub, _Patient(stub, clock))


class _Patient:
    def __init__(self, stub: object, clock: Clock) -> None:
        self._stub = stub
        self._clock = clock

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._stub, name)

        async def call(*args: Any, **options: Any) -> Any:
            until = self._clock.monotonic() + _PATIENCE_SECONDS
            while True:
                try:
                    return await method(*args, **options)
                except grpc.aio.AioRpcError as error:
                    refusal = refusal_of(error)
                    if refusal is None or refusal.reason != Reason.OVERLOADED or self._clock.monotonic() > until:
                        raise
                    wait_ms = refusal.retry_after_ms or 0
                await self._clock.sleep(max(_LEAST_PAUSE_SECONDS, wait_ms / 1000))

        return call

"""Reads other services' answers: what they do not have is a refusal of ours, everything else is no answer yet."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TypeVar

import grpc

from services.contracts.reasons import Reason
from services.reporting.ports.neighbours import NeighbourSilent
from services.runtime.errors import Refusal
from services.runtime.rpc.errors import refusal_of

Answer = TypeVar("Answer")


async def answer_of(
    service: str, call: Awaitable[Answer], absent: Mapping[Reason, Refusal | None]
) -> Answer | Refusal | None:
    """The answer, or what its reason means here. Raises NeighbourSilent."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        refused = refusal_of(error)
        for reason, meant in absent.items():
            if refused is not None and reason == refused.reason:
                return meant
        told = "" if refused is None else refused.reason
        raise NeighbourSilent(service=service, code=error.code().name, reason=told) from error

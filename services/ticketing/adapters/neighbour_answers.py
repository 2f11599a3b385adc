"""Reads other services' answers: what they do not have is a refusal of ours, everything else is no answer yet."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TypeVar

import grpc

from services.contracts.reasons import Reason
from services.runtime.errors import Refusal
from services.runtime.rpc.errors import refusal_of
from services.ticketing.ports.shows import NeighbourSilent

Answer = TypeVar("Answer")


async def answer_of(call: Awaitable[Answer], absent: Mapping[Reason, Refusal]) -> Answer | Refusal:
    """The answer, or what its reason means here. Raises NeighbourSilent."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        return meant(error, absent)


def meant(error: grpc.aio.AioRpcError, absent: Mapping[Reason, Refusal]) -> Refusal:
    """What the refusal means here. Raises NeighbourSilent."""
    refused = refusal_of(error)
    for reason, refusal in absent.items():
        if refused is not None and reason == refused.reason:
            return refusal
    raise NeighbourSilent(code=error.code().name, reason="" if refused is None else refused.reason) from error

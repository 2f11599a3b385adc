"""What every group of the catalogue's calls shares: answers or Refused, and requests as they are remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import grpc
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from services.catalogue.handlers.once import Asked
from services.runtime.errors import Refusal
from services.runtime.rpc.errors import Refused

Answer = TypeVar("Answer")
Context = grpc.aio.ServicerContext[Any, Any]


class Once(Protocol):
    """A request that has one effect, however often it comes."""

    DESCRIPTOR: Descriptor
    idempotency_key: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802
        """See google.protobuf.message.Message."""
        ...


def answered(answer: Answer | Refusal) -> Answer:
    """The answer; raises Refused for a refusal."""
    if isinstance(answer, Refusal):
        raise Refused(answer)
    return answer


def asked_once(request: Once, response_of: Callable[[Answer], Message]) -> Asked[Answer]:
    """The request as it is remembered. Deterministic, so that a map's order makes no difference."""
    return Asked(
        key=request.idempotency_key,
        act=request.DESCRIPTOR.full_name,
        wire=request.SerializeToString(deterministic=True),
        write=lambda answer: response_of(answer).SerializeToString(deterministic=True),
    )

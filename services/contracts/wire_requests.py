"""Requests that have one effect, as they are remembered. For api only: it knows protos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from services.contracts.once import Asked

Answer = TypeVar("Answer")

# Fields of requests that are secrets: what is kept of a request must not help anybody who guesses one.
_SECRETS: Final = ("password", "secret", "credentials", "ticket_code")


class Once(Protocol):
    """A request that has one effect, however often it comes."""

    DESCRIPTOR: Descriptor
    idempotency_key: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802
        """See google.protobuf.message.Message."""
        ...


def asked_once(request: Once, response_of: Callable[[Answer], Message]) -> Asked[Answer]:
    """The request as it is remembered, without its secrets. Deterministic, so that a map's order is no difference."""
    return Asked(
        key=request.idempotency_key,
        act=request.DESCRIPTOR.full_name,
        wire=_without_secrets(request).SerializeToString(deterministic=True),
        write=lambda answer: response_of(answer).SerializeToString(deterministic=True),
    )


def _without_secrets(request: Once) -> Once:
    """The request itself where it has none: plans are large."""
    secrets = [name for name in _SECRETS if name in request.DESCRIPTOR.fields_by_name]
    if not secrets:
        return request
    kept: Any = type(request)()
    kept.CopyFrom(request)
    for name in secrets:
        kept.ClearField(name)
    without: Once = kept
    return without

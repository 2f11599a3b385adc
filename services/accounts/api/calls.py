"""What every group of accounts' calls shares: answers or Refused, who calls, and requests as they are remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

import grpc
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from services.accounts.domain.refusals import PersonUnknown
from services.accounts.handlers.once import Asked
from services.runtime.call_context import current_principal
from services.runtime.errors import Refusal
from services.runtime.principal import PrincipalKind
from services.runtime.rpc.errors import Refused

Answer = TypeVar("Answer")
Context = grpc.aio.ServicerContext[Any, Any]

_PEOPLE: Final = frozenset({PrincipalKind.STAFF, PrincipalKind.PROMOTER})
# Fields of requests that are secrets: nothing of them is kept.
_SECRETS: Final = ("password", "secret")


class Once(Protocol):
    """A request that has one effect, however often it comes."""

    DESCRIPTOR: Descriptor
    idempotency_key: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802
        """See google.protobuf.message.Message."""
        ...

    def ClearField(self, field_name: Any) -> None:  # noqa: N802
        """See google.protobuf.message.Message."""
        ...


def answered(answer: Answer | Refusal) -> Answer:
    """The answer; raises Refused for a refusal."""
    if isinstance(answer, Refusal):
        raise Refused(answer)
    return answer


def calling_person() -> str:
    """The id of the person who calls, by themselves or through a service; raises Refused where nobody has logged in."""
    principal = current_principal()
    if principal is None or principal.kind not in _PEOPLE:
        raise Refused(PersonUnknown())
    return principal.subject


def asked_once(request: Once, response_of: Callable[[Answer], Message]) -> Asked[Answer]:
    """The request as it is remembered, without its secrets. Deterministic, so that a map's order is no difference."""
    kept: Any = type(request)()
    kept.CopyFrom(request)
    for secret in _SECRETS:
        if secret in request.DESCRIPTOR.fields_by_name:
            kept.ClearField(secret)
    return Asked(
        key=request.idempotency_key,
        act=request.DESCRIPTOR.full_name,
        wire=kept.SerializeToString(deterministic=True),
        write=lambda answer: response_of(answer).SerializeToString(deterministic=True),
    )

"""The one table from refusals and faults to gRPC status and google.rpc.ErrorInfo, and back again on the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.runtime.errors import Fault, FieldInvalid, Kind, Refusal, Retryable

DOMAIN = "balcon"

STATUS_OF_KIND: Mapping[Kind, grpc.StatusCode] = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Kind.CONFLICT: grpc.StatusCode.ABORTED,
    Kind.PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    Kind.EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    # Not UNAVAILABLE: that one is retried at the same place, this one must be asked elsewhere.
    Kind.MOVED: grpc.StatusCode.FAILED_PRECONDITION,
}

# A status travels in HTTP/2 trailers twice, as base64 and percent-encoded; clients drop an answer with more than 8 KiB
# of those, and with it the reason. In UTF-8 bytes:
MAX_MESSAGE_BYTES = 500
MAX_FACT_BYTES = 1_000
MAX_FACTS_BYTES = 2_500
_CUT = "\N{HORIZONTAL ELLIPSIS}"


class Refused(Exception):
    """Raised by api code to answer a call with a refusal; caught by the server's interceptor, never elsewhere."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason())
        self.refusal = refusal


def _packed(*details: Message) -> list[Any]:
    packed = []
    for detail in details:
        item = Any()
        item.Pack(detail)
        packed.append(item)
    return packed


def status_of_refusal(refusal: Refusal) -> status_pb2.Status:
    """google.rpc.Status: the kind's code, the refusal's message, ErrorInfo, and BadRequest where a field is named."""
    message = _within(refusal.message(), MAX_MESSAGE_BYTES)
    info = error_details_pb2.ErrorInfo(reason=refusal.reason(), domain=DOMAIN, metadata=_facts_within_bounds(refusal))
    details: list[Message] = [info]
    if isinstance(refusal, FieldInvalid):
        named = _within(refusal.field, MAX_MESSAGE_BYTES)
        violation = error_details_pb2.BadRequest.FieldViolation(field=named, description=message)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    retry_after_ms = getattr(refusal, "retry_after_ms", None)
    if isinstance(retry_after_ms, int):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(retry_after_ms)
        details.append(retry)
    code = STATUS_OF_KIND[refusal.kind].value[0]
    return status_pb2.Status(code=code, message=message, details=_packed(*details))


def _facts_within_bounds(refusal: Refusal) -> dict[str, str]:
    left = MAX_FACTS_BYTES
    facts: dict[str, str] = {}
    for name, value in refusal.facts().items():
        facts[name] = _within(value, min(MAX_FACT_BYTES, left))
        left -= len(facts[name].encode())
    return facts


def _within(text: str, limit_bytes: int) -> str:
    """The text, or its beginning and an ellipsis; a list is cut between its items."""
    encoded = text.encode(errors="replace")
    if len(encoded) <= limit_bytes:
        return encoded.decode()
    head = encoded[: max(0, limit_bytes - len(_CUT.encode()))].decode(errors="ignore")
    whole_items, comma, _ = head.rpartition(",")
    return (whole_items + comma or head) + _CUT if head else ""


def status_of_fault(fault: BaseException) -> status_pb2.Status:
    """UNAVAILABLE for what may work again, INTERNAL otherwise. Tells the class, never the insides."""
    code = code_pb2.UNAVAILABLE if isinstance(fault, Retryable) else code_pb2.INTERNAL
    name = type(fault).__name__ if isinstance(fault, Fault) else "InternalError"
    info = error_details_pb2.ErrorInfo(reason=_upper_snake(name), domain=DOMAIN)
    text = (type(fault).__doc__ or name).splitlines()[0] if isinstance(fault, Fault) else "internal error"
    return status_pb2.Status(code=code, message=text, details=_packed(info))


def _upper_snake(name: str) -> str:
    return "".join("_" + c if c.isupper() and i else c for i, c in enumerate(name)).upper()


@dataclass(frozen=True, slots=True)
class RemoteRefusal:
    """What a call was refused with, as the caller reads it. `retry_after_ms`: when to come back, if it was said."""

    reason: str
    code: grpc.StatusCode
    message: str
    facts: Mapping[str, str] = field(default_factory=dict)
    retry_after_ms: int | None = None


def refusal_of(error: grpc.RpcError) -> RemoteRefusal | None:
    """The ErrorInfo that Balcon's servers attach, or None when the error came from elsewhere (network, deadline)."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return None
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        return None
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    retry_after_ms = None
    for detail in status.details:
        if detail.Unpack(retry):
            retry_after_ms = retry.retry_delay.ToMilliseconds()
        else:
            detail.Unpack(info)
    if info.domain != DOMAIN:
        return None
    return RemoteRefusal(info.reason, error.code(), status.message, dict(info.metadata), retry_after_ms)


def is_uncertain(error: grpc.RpcError) -> bool:
    """Whether the call may have had its effect all the same (RULE 25): no answer from the other side's logic came."""
    code = error.code()
    return code in {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
    }

"""The one table from refusals and faults to gRPC status and google.rpc.ErrorInfo, and back again on the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
from google.protobuf.any_pb2 import Any
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

# ErrorInfo's metadata values travel in HTTP/2 trailers; some servers refuse more than 8 KiB of those.
MAX_FACT_CHARS = 1_000


class Refused(Exception):
    """Raised by api code to answer a call with a refusal; caught by the server's interceptor, never elsewhere."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason())
        self.refusal = refusal


def _packed(*details: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> list[Any]:
    packed = []
    for detail in details:
        item = Any()
        item.Pack(detail)
        packed.append(item)
    return packed


def status_of_refusal(refusal: Refusal) -> status_pb2.Status:
    """google.rpc.Status: the kind's code, the refusal's message, ErrorInfo, and BadRequest where a field is named."""
    facts = {name: value[:MAX_FACT_CHARS] for name, value in refusal.facts().items()}
    info = error_details_pb2.ErrorInfo(reason=refusal.reason(), domain=DOMAIN, metadata=facts)
    details: list[error_details_pb2.ErrorInfo | error_details_pb2.BadRequest] = [info]
    if isinstance(refusal, FieldInvalid):
        violation = error_details_pb2.BadRequest.FieldViolation(field=refusal.field, description=refusal.message())
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    code = STATUS_OF_KIND[refusal.kind].value[0]
    return status_pb2.Status(code=code, message=refusal.message()[:MAX_FACT_CHARS], details=_packed(*details))


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
    """What a call was refused with, as the caller reads it from the status."""

    reason: str
    code: grpc.StatusCode
    message: str
    facts: Mapping[str, str] = field(default_factory=dict)


def refusal_of(error: grpc.RpcError) -> RemoteRefusal | None:
    """The ErrorInfo that Balcon's servers attach, or None when the error came from somewhere else (network, deadline)."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return None
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        return None
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            return RemoteRefusal(info.reason, error.code(), status.message, dict(info.metadata))
    return None


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

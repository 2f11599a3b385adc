"""The one table from refusals and faults to gRPC status and google.rpc.ErrorInfo, and back again on the client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
from balcon.types.v1.refusals_pb2 import RefusedItems
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from services.runtime.errors import Fault, FieldInvalid, Kind, Refusal, Retryable, Violation, refused_fields

Answer = TypeVar("Answer")

DOMAIN = "balcon"

STATUS_OF_KIND: Mapping[Kind, grpc.StatusCode] = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    # Not ABORTED, which tells a client to try again: the same seats stay taken.
    Kind.CONFLICT: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.TAKEN: grpc.StatusCode.ALREADY_EXISTS,
    Kind.UNDER_WAY: grpc.StatusCode.ABORTED,
    Kind.PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
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
MAX_TRAILERS_BYTES = 7_600
# What a detail takes beside its texts: its type's name, tags, lengths.
_DETAIL_BYTES = 80
_ITEM_BYTES = 4
_CUT = "\N{HORIZONTAL ELLIPSIS}"
_UNCERTAIN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
    }
)


class Refused(Exception):
    """Raised by api code to answer a call with a refusal; caught by the server's interceptor, never elsewhere."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason())
        self.refusal = refusal


def answered(answer: Answer | Refusal) -> Answer:
    """The answer of a handler; raises Refused for its refusal."""
    if isinstance(answer, Refusal):
        raise Refused(answer)
    return answer


def accept(*checks: FieldInvalid | None) -> None:
    """Raises Refused with all that is wrong with a request, if anything is."""
    # Nearly every request is good, and calls of it are many: nothing is made for those.
    for check in checks:
        if check is not None:
            refusal = refused_fields(checks)
            assert refusal is not None
            raise Refused(refusal)


def _packed(*details: Message) -> list[Any]:
    """As Any.Pack() does it, at a third of its cost."""
    return [
        Any(type_url=f"type.googleapis.com/{detail.DESCRIPTOR.full_name}", value=detail.SerializeToString())
        for detail in details
    ]


def status_of_refusal(refusal: Refusal, request_id: str = "") -> status_pb2.Status:
    """google.rpc.Status: the kind's code, the message, and in the details all that the refusal knows.

    ErrorInfo first, then RetryInfo where there is a delay, RequestInfo, a RefusedItems for each list, and BadRequest
    where fields are named. Lists and fields are cut to what the trailers have room for; ErrorInfo tells how many.
    """
    message = _within(refusal.message(), MAX_MESSAGE_BYTES)
    lists, violations = refusal.lists(), refusal.violations()
    info = error_details_pb2.ErrorInfo(reason=refusal.reason(), domain=DOMAIN)
    _tell_facts(info, refusal, lists)
    details: list[Message] = [info, *_retry_and_request(getattr(refusal, "retry_after_ms", None), request_id)]
    if lists or violations:
        room = _room_for_details(message) - sum(_DETAIL_BYTES + detail.ByteSize() for detail in details)
        for name, items in lists.items():
            told = RefusedItems(fact=name, count=len(items))
            room = _fill(told.items, items, room - _DETAIL_BYTES)
            details.append(told)
        if violations:
            details.append(_bad_request(violations, room - _DETAIL_BYTES))
    code = STATUS_OF_KIND[refusal.kind].value[0]
    return status_pb2.Status(code=code, message=message, details=_packed(*details))


def _tell_facts(info: error_details_pb2.ErrorInfo, refusal: Refusal, lists: Mapping[str, tuple[str, ...]]) -> None:
    left = MAX_FACTS_BYTES
    for name, value in refusal.facts().items():
        if name not in lists:
            info.metadata[name] = fact = _within(value, min(MAX_FACT_BYTES, left))
            left -= len(fact.encode())


def _retry_and_request(retry_after_ms: object, request_id: str) -> Iterator[Message]:
    if isinstance(retry_after_ms, int):
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(retry_after_ms)
        yield retry
    if request_id:
        yield error_details_pb2.RequestInfo(request_id=request_id)


def _room_for_details(message: str) -> int:
    """Bytes of a Status that has this message: base64 makes four of three, percent-encoding up to three of one."""
    plain = message.isascii() and message.isprintable() and "%" not in message
    size = len(message.encode())
    return (MAX_TRAILERS_BYTES - size * (1 if plain else 3)) * 3 // 4 - size


def _fill(told: MutableSequence[str], items: Iterable[str], room: int) -> int:
    """Tells as many of the items, from the first, as there is room for; returns the room that is left."""
    for item in items:
        text = item.encode(errors="replace")
        if len(text) + _ITEM_BYTES > room:
            break
        told.append(text.decode())
        room -= len(text) + _ITEM_BYTES
    return room


def _bad_request(violations: Sequence[Violation], room: int) -> error_details_pb2.BadRequest:
    bad = error_details_pb2.BadRequest()
    for violation in violations:
        field = _within(violation.field, MAX_MESSAGE_BYTES)
        description = _within(violation.description, MAX_MESSAGE_BYTES)
        room -= len(field.encode()) + len(description.encode()) + 3 * _ITEM_BYTES
        if room < 0 and bad.field_violations:
            break
        bad.field_violations.add(field=field, description=description)
    return bad


def _within(text: str, limit_bytes: int) -> str:
    """The text, or its beginning and an ellipsis."""
    encoded = text.encode(errors="replace")
    if len(encoded) <= limit_bytes:
        return encoded.decode()
    head = encoded[: max(0, limit_bytes - len(_CUT.encode()))].decode(errors="ignore")
    return head + _CUT if head else ""


def status_of_fault(fault: BaseException, request_id: str = "") -> status_pb2.Status:
    """UNAVAILABLE for what may work again, INTERNAL otherwise. Tells the class, never the insides."""
    code = code_pb2.UNAVAILABLE if isinstance(fault, Retryable) else code_pb2.INTERNAL
    name = type(fault).__name__ if isinstance(fault, Fault) else "InternalError"
    info = error_details_pb2.ErrorInfo(reason=_upper_snake(name), domain=DOMAIN)
    delay_ms = (fault.retry_after_ms or Retryable.retry_after_ms) if isinstance(fault, Retryable) else None
    text = (type(fault).__doc__ or name).splitlines()[0] if isinstance(fault, Fault) else "internal error"
    return status_pb2.Status(
        code=code,
        message=text,
        details=_packed(info, *_retry_and_request(delay_ms, request_id)),
    )


def _upper_snake(name: str) -> str:
    return "".join("_" + c if c.isupper() and i else c for i, c in enumerate(name)).upper()


@dataclass(frozen=True, slots=True)
class RemoteRefusal:
    """What a call was refused with, as the caller reads it.

    `facts` has the lists too, joined with commas for people to read; `lists` has them item by item.
    `retry_after_ms`: when to come back, if it was said.
    """

    reason: str
    code: grpc.StatusCode
    message: str
    facts: Mapping[str, str] = field(default_factory=dict)
    retry_after_ms: int | None = None
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    request_id: str = ""


def refusal_of(error: grpc.RpcError) -> RemoteRefusal | None:
    """The ErrorInfo that Balcon's servers attach, or None when the error came from elsewhere (network, deadline)."""
    if not isinstance(error, grpc.aio.AioRpcError):
        return None
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        return None
    info, retry, request = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.RetryInfo(),
        error_details_pb2.RequestInfo(),
    )
    items, bad = RefusedItems(), error_details_pb2.BadRequest()
    lists: dict[str, tuple[str, ...]] = {}
    retry_after_ms = None
    for detail in status.details:
        if detail.Unpack(retry):
            retry_after_ms = retry.retry_delay.ToMilliseconds()
        elif detail.Unpack(items):
            lists[items.fact] = tuple(items.items)
        else:
            _ = detail.Unpack(info) or detail.Unpack(request) or detail.Unpack(bad)
    if info.domain != DOMAIN:
        return None
    return RemoteRefusal(
        reason=info.reason,
        code=error.code(),
        message=status.message,
        facts={**info.metadata, **{name: ",".join(told) for name, told in lists.items()}},
        retry_after_ms=retry_after_ms,
        lists=lists,
        violations=tuple(Violation(one.field, one.description) for one in bad.field_violations),
        request_id=request.request_id,
    )


def is_uncertain(error: grpc.RpcError) -> bool:
    """Whether the call may have had its effect all the same (RULE 25): no answer from the other side's logic came."""
    return is_uncertain_code(error.code())


def is_uncertain_code(code: grpc.StatusCode) -> bool:
    """See is_uncertain."""
    return code in _UNCERTAIN

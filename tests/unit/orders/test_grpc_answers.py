"""Which refusals of other services count as a no: those named for the call, in any gRPC status, and no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from services.contracts.reasons import Reason
from services.orders.adapters.grpc_answers import MAX_RETRY_AFTER_MS, declined_or_raise
from services.orders.adapters.grpc_catalogue import GrpcCatalogue
from services.orders.adapters.grpc_payments import GrpcPayments
from services.orders.ports import Declined, Unanswered
from services.runtime.rpc.errors import DOMAIN
from services.runtime.telemetry.metrics import ANSWERS_NOT_UNDERSTOOD
from tests.unit.orders.builders import an_order

CERTAIN = frozenset({Reason.HOLD_ENDED})
STATUSES = [
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAUTHENTICATED,
]


def error(reason: str, code: grpc.StatusCode, retry_ms: int = 0) -> grpc.aio.AioRpcError:
    """What a client meets when a server refuses with this."""
    status = status_pb2.Status(code=code.value[0], message="no")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN))
    if retry_ms:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(retry_ms)
        status.details.add().Pack(retry)
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details="no")


def not_understood(call: str) -> float:
    return float(ANSWERS_NOT_UNDERSTOOD.labels(call)._value.get())


@pytest.mark.parametrize("code", STATUSES)
def test_a_reason_that_is_certain_counts_in_any_status(code: grpc.StatusCode) -> None:
    assert declined_or_raise("GetHold", error("HOLD_ENDED", code), CERTAIN) == Declined(Reason.HOLD_ENDED)


@pytest.mark.parametrize("code", STATUSES)
@pytest.mark.parametrize("reason", ["A_REASON_OF_A_LATER_VERSION", "", "SEATS_TAKEN", "TOO_MANY_SEATS"])
def test_any_other_reason_proves_nothing_and_is_counted_for_somebody_to_look(
    code: grpc.StatusCode, reason: str
) -> None:
    before = not_understood("GetHold")
    with pytest.raises(Unanswered):
        declined_or_raise("GetHold", error(reason, code), CERTAIN)
    assert not_understood("GetHold") == before + 1


@pytest.mark.parametrize("reason", [Reason.OVERLOADED, Reason.NOT_OWNER, Reason.REQUEST_IN_FLIGHT])
def test_what_passes_by_itself_is_asked_again_without_a_word(reason: Reason) -> None:
    before = not_understood("GetHold")
    with pytest.raises(Unanswered) as raised:
        declined_or_raise("GetHold", error(reason, grpc.StatusCode.RESOURCE_EXHAUSTED, 700), CERTAIN)
    assert (raised.value.retry_after_ms, not_understood("GetHold")) == (700, before)


def test_a_wait_that_is_asked_for_is_kept_within_reason() -> None:
    with pytest.raises(Unanswered) as raised:
        declined_or_raise("GetHold", error("OVERLOADED", grpc.StatusCode.RESOURCE_EXHAUSTED, 10**9), CERTAIN)
    assert raised.value.retry_after_ms == MAX_RETRY_AFTER_MS


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN])
def test_a_certain_reason_in_an_uncertain_status_proves_nothing(code: grpc.StatusCode) -> None:
    with pytest.raises(Unanswered):
        declined_or_raise("GetHold", error("HOLD_ENDED", code), CERTAIN)


class Refusing:
    """A channel whose every call is refused."""

    def __init__(self, refusal: grpc.aio.AioRpcError) -> None:
        self._refusal = refusal

    def unary_unary(self, *_: object, **__: object) -> Callable[..., Awaitable[object]]:
        async def call(*_: object, **__: object) -> object:
            raise self._refusal

        return call

    def unary_stream(self, *_: object, **__: object) -> Callable[..., object]:
        async def call(*_: object, **__: object) -> object:
            raise self._refusal
            yield

        return call

    stream_unary = stream_stream = unary_stream


FORBIDDEN = error("PERMISSION_DENIED", grpc.StatusCode.PERMISSION_DENIED)
REUSED = error("IDEMPOTENCY_KEY_REUSED", grpc.StatusCode.ALREADY_EXISTS)
INVALID = error("FIELD_INVALID", grpc.StatusCode.INVALID_ARGUMENT)
NO_PERFORMANCE = error("PERFORMANCE_NOT_FOUND", grpc.StatusCode.NOT_FOUND)


@pytest.mark.parametrize("refusal", [FORBIDDEN, REUSED, NO_PERFORMANCE])
async def test_no_refusal_but_of_the_request_itself_proves_that_no_payment_was_made(
    refusal: grpc.aio.AioRpcError,
) -> None:
    with pytest.raises(Unanswered):
        await GrpcPayments(Refusing(refusal)).create(an_order())  # type: ignore[arg-type]


async def test_a_request_that_payments_never_takes_makes_no_payment() -> None:
    assert await GrpcPayments(Refusing(INVALID)).create(an_order()) == Declined(Reason.FIELD_INVALID)  # type: ignore[arg-type]


@pytest.mark.parametrize("refusal", [FORBIDDEN, REUSED, INVALID])
async def test_a_catalogue_that_refuses_to_say_does_not_say_that_there_is_no_performance(
    refusal: grpc.aio.AioRpcError,
) -> None:
    catalogue = GrpcCatalogue(Refusing(refusal))  # type: ignore[arg-type]
    with pytest.raises(Unanswered):
        await catalogue.offer("house_a", "perf_1")
    with pytest.raises(Unanswered):
        await catalogue.plan_seats("house_a", "hall_1", 1)


async def test_a_catalogue_without_the_performance_says_so() -> None:
    assert await GrpcCatalogue(Refusing(NO_PERFORMANCE)).offer("house_a", "perf_1") is None  # type: ignore[arg-type]

"""How a unary call is refused: as an answer with a status, since in a sold-out hall most answers are refusals."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, NoReturn

import grpc
from google.rpc import error_details_pb2, status_pb2

from services.runtime.clock import LoopClock
from services.runtime.errors import Overloaded
from services.runtime.ids import SeededIds
from services.runtime.rpc.errors import Refused, status_of_refusal
from services.runtime.rpc.interceptors import CallInterceptor
from services.runtime.testing import run_virtual

NO = Overloaded(retry_after_ms=70)


class RefusedContext:
    """A call that may be answered, not aborted: an abort is an exception more on the way of every no."""

    code: grpc.StatusCode | None = None
    details = ""
    trailing: tuple[Any, ...] = ()

    def invocation_metadata(self) -> None:
        return None

    def time_remaining(self) -> None:
        return None

    def set_code(self, code: grpc.StatusCode) -> None:
        self.code = code

    def set_details(self, details: str) -> None:
        self.details = details

    def set_trailing_metadata(self, trailing: tuple[Any, ...]) -> None:
        self.trailing = trailing

    async def abort_with_status(self, status: object) -> NoReturn:
        raise AssertionError(status)


async def refuse(request: object, context: object) -> NoReturn:
    raise Refused(NO)


def refused_call() -> RefusedContext:
    """One call that its handler refuses."""

    async def call() -> RefusedContext:
        inner: Any = grpc.unary_unary_rpc_method_handler(refuse, bytes, bytes)

        async def found(_: object) -> Any:
            return inner

        details: Any = SimpleNamespace(method="/balcon.test.v1.TestService/Try")
        handler: Any = await CallInterceptor(LoopClock(), SeededIds(1)).intercept_service(found, details)
        context = RefusedContext()
        assert await handler.unary_unary(b"", context) == b""
        return context

    async def main() -> RefusedContext:
        return await asyncio.create_task(call())

    return run_virtual(main())


def test_a_refusal_is_answered_with_its_status_and_not_aborted() -> None:
    context = refused_call()
    assert context.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert context.details == NO.message()


def test_its_details_and_the_calls_id_are_in_the_trailers() -> None:
    trailers = dict(refused_call().trailing)
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    request = error_details_pb2.RequestInfo()
    assert any(detail.Unpack(request) for detail in status.details)
    assert request.request_id == trailers["x-request-id"]
    assert status == status_of_refusal(NO, request.request_id)

"""Seeding comes back when a busy service asks for it, and takes every other no as a no."""

from __future__ import annotations

import grpc
import pytest

from services.console.seed.patience import patient
from services.runtime.clock import LoopClock
from services.runtime.errors import UNSET, FieldInvalid, Overloaded, Refusal
from services.runtime.rpc.errors import status_of_refusal
from services.runtime.testing.virtual_time import run_virtual


class Busy:
    """Says no so many times, then yes."""

    def __init__(self, no: Refusal, times: int) -> None:
        self._no = no
        self._left = times
        self.calls = 0

    async def Sell(self, request: str) -> str:  # noqa: N802 (as gRPC names it)
        self.calls += 1
        if self._left == 0:
            return f"sold {request}"
        self._left -= 1
        raise refused(self._no)


def refused(no: Refusal) -> grpc.aio.AioRpcError:
    """As a call of a channel raises it."""
    status = status_of_refusal(no)
    code = next(one for one in grpc.StatusCode if one.value[0] == status.code)
    details = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), details, status.message)


def test_a_busy_service_is_asked_again_until_it_answers() -> None:
    service = Busy(Overloaded(100), 3)
    assert run_virtual(patient(service, LoopClock()).Sell("a seat")) == "sold a seat"
    assert service.calls == 4


def test_a_service_that_stays_busy_is_given_up_in_the_end() -> None:
    service = Busy(Overloaded(100), 1_000_000)
    with pytest.raises(grpc.aio.AioRpcError):
        run_virtual(patient(service, LoopClock()).Sell("a seat"))
    assert service.calls > 100


def test_another_no_is_a_no() -> None:
    service = Busy(FieldInvalid("seat", UNSET, "one"), 1)
    with pytest.raises(grpc.aio.AioRpcError):
        run_virtual(patient(service, LoopClock()).Sell("a seat"))
    assert service.calls == 1

"""A buyer's calls: repeated while there is no answer, given up in time, a no told from a fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from google.rpc import status_pb2
from grpc_status import rpc_status

from services.console.sale.shop import Declined, NoAnswer, Shop
from services.console.sale.tally import Tally
from services.inventory.domain.refusals import SeatsTaken
from services.runtime.clock import LoopClock
from services.runtime.errors import Overloaded, Refusal
from services.runtime.ids import seeded_random
from services.runtime.rpc.errors import status_of_refusal
from services.runtime.testing.virtual_time import run_virtual

REQUEST = pb.HoldSeatsRequest(hold_id="h1")


def no(refusal: Refusal) -> grpc.aio.AioRpcError:
    """The error that a call refused with `refusal` raises."""
    return _error(status_of_refusal(refusal))


def _error(status: status_pb2.Status) -> grpc.aio.AioRpcError:
    raw = rpc_status.to_status(status)
    return grpc.aio.AioRpcError(
        raw.code, grpc.aio.Metadata(), grpc.aio.Metadata(*raw.trailing_metadata), raw.details, None
    )


def unavailable() -> grpc.aio.AioRpcError:
    """Nobody answers."""
    return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "gone", None)


class Line:
    """A method that answers what it was told to, in turn; the last for ever."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self._answers = list(answers)
        self.requests: list[Any] = []

    async def __call__(self, request: Any, *, timeout: float) -> Any:  # noqa: ASYNC109 (as a stub's methods have it)
        """See services.console.sale.shop.Method."""
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def call(line: Line, tally: Tally, until_seconds: float = 5.0) -> Any:
    """One buyer's call."""
    shop = Shop(inventory=[], orders=[], choosing=1, ordering=1, tally=tally, clock=LoopClock())
    return await shop.call(line, REQUEST, until_seconds=until_seconds, random=seeded_random(1))


def test_an_unanswered_call_is_repeated_with_the_same_key() -> None:
    line, tally = Line([unavailable(), no(Overloaded(5)), pb.HoldSeatsResponse(epoch=3)]), Tally()
    assert run_virtual(call(line, tally)).epoch == 3
    assert [request.hold_id for request in line.requests] == ["h1"] * 3
    assert tally.counts["again_unavailable"] == tally.counts["again_overloaded"] == 1
    assert [hold.accepted for hold in tally.holds] == [False, True]


def test_a_no_is_not_asked_again() -> None:
    line = Line([no(SeatsTaken(("A1",)))])
    with pytest.raises(Declined) as declined:
        run_virtual(call(line, Tally()))
    assert declined.value.refusal.facts["seats"] == "A1"
    assert len(line.requests) == 1


def test_patience_ends() -> None:
    line = Line([unavailable()])
    with pytest.raises(NoAnswer, match="UNAVAILABLE"):
        run_virtual(call(line, Tally(), until_seconds=2.0))
    assert len(line.requests) > 2

"""A buyer's calls: repeated while there is no answer, given up in time, a no told from a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import pytest
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.orders.v1 import orders_service_pb2 as orders_pb
from google.rpc import status_pb2
from grpc_status import rpc_status

from services.console.sale.shop import Declined, NoAnswer, Shop
from services.console.sale.tally import Tally
from services.contracts.order_stream import OrdersUnanswered
from services.inventory.domain.refusals import SeatsTaken
from services.runtime.clock import LoopClock
from services.runtime.errors import Overloaded, Refusal
from services.runtime.ids import seeded_random
from services.runtime.principal import PrincipalKind, PrincipalRef
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
    return await _shop(tally).call(line, REQUEST, until_seconds=until_seconds, random=seeded_random(1))


class Orders:
    """Answers what it was told to, in turn; the last for ever."""

    def __init__(self, answers: Sequence[Any]) -> None:
        self._line = Line(answers)
        self.asked: list[tuple[Any, PrincipalRef | None]] = []

    async def ask(
        self,
        request: Any,
        *,
        on_behalf_of: PrincipalRef | None = None,
        timeout_seconds: float = 10.0,
    ) -> Any:
        self.asked.append((request, on_behalf_of))
        return await self._line(request, timeout=timeout_seconds)


def _shop(tally: Tally, orders: Orders | None = None) -> Shop:
    return Shop(inventory=[], orders=orders or Orders([None]), choosing=1, ordering=1, tally=tally, clock=LoopClock())


async def order(orders: Orders, tally: Tally, until_seconds: float = 5.0) -> Any:
    """One buyer's order."""
    request = orders_pb.CreateOrderRequest(idempotency_key="o1")
    return await _shop(tally, orders).order(request, "b1", until_seconds=until_seconds, random=seeded_random(1))


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


def test_an_order_is_asked_for_again_with_the_same_key_and_on_its_buyers_behalf() -> None:
    late = orders_pb.OrderRefused(code=grpc.StatusCode.UNAVAILABLE.value[0], reason="StoreUnavailable")
    orders, tally = Orders([OrdersUnanswered(), late, orders_pb.Order(order_id="ord_1")]), Tally()
    assert run_virtual(order(orders, tally)).order_id == "ord_1"
    assert {request.idempotency_key for request, _ in orders.asked} == {"o1"}
    assert {buyer for _, buyer in orders.asked} == {PrincipalRef(PrincipalKind.BUYER, "b1")}
    assert tally.counts["again_unanswered"] == tally.counts["again_storeunavailable"] == 1


def test_a_no_to_an_order_is_not_asked_again() -> None:
    code = grpc.StatusCode.FAILED_PRECONDITION.value[0]
    orders = Orders([orders_pb.OrderRefused(code=code, reason="HOLD_EXPIRED", facts={"hold_id": "h1"})])
    with pytest.raises(Declined) as declined:
        run_virtual(order(orders, Tally()))
    assert (declined.value.refusal.reason, declined.value.refusal.facts) == ("HOLD_EXPIRED", {"hold_id": "h1"})
    assert len(orders.asked) == 1


def test_patience_with_an_order_ends() -> None:
    with pytest.raises(NoAnswer, match="unanswered"):
        run_virtual(order(Orders([OrdersUnanswered()]), Tally(), until_seconds=2.0))


def test_one_look_serves_all_buyers_of_a_moment_and_another_those_of_the_next() -> None:
    async def story() -> int:
        shop, clock, looks = _shop(Tally()), LoopClock(), list[bytes]()

        async def look() -> bytes:
            await clock.sleep(0.05)
            looks.append(b"%d" % len(looks))
            return looks[-1]

        assert await asyncio.gather(*(shop.look(look) for _ in range(50))) == [b"0"] * 50
        assert await shop.look(look) == b"0"
        await clock.sleep(1.0)
        assert await shop.look(look) == b"1"
        return len(looks)

    assert run_virtual(story()) == 2


def test_who_waits_for_anothers_look_that_failed_looks_anew() -> None:
    async def story() -> list[bytes | BaseException]:
        shop, clock, looks = _shop(Tally()), LoopClock(), Line([NoAnswer("gone home"), b"map"])

        async def look() -> Any:
            await clock.sleep(0.05)
            return await looks(b"", timeout=1.0)

        return await asyncio.gather(*(shop.look(look) for _ in range(3)), return_exceptions=True)

    first, *others = run_virtual(story())
    assert isinstance(first, NoAnswer)
    assert others == [b"map", b"map"]

"""Calls that take many: one in flight, what is asked meanwhile in the next, and what is bad of one is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import grpc
import pytest

from services.orders.adapters.gathered_calls import GatheredCalls
from services.orders.adapters.grpc_ticketing import _MOST_PARTS, _fitting
from services.orders.ports import Unanswered
from tests.unit.orders.builders import an_order
from tests.unit.orders.test_grpc_answers import error

BAD = "bad"


class Service:
    """Takes many, and refuses as it is told."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.refuses: Callable[[Sequence[str]], grpc.aio.AioRpcError | None] = lambda items: None

    async def call(self, house_id: str, items: Sequence[str]) -> Sequence[str | Unanswered]:
        self.calls.append(list(items))
        if (refusal := self.refuses(items)) is not None:
            raise refusal
        return [Unanswered("of this one") if item == "late" else f"{house_id}:{item}" for item in items]


async def asked(service: Service, *items: str) -> list[object]:
    calls: GatheredCalls[str, str] = GatheredCalls("Call", service.call, most=10)
    told = await asyncio.gather(*(calls.ask("h", item) for item in items), return_exceptions=True)
    return [type(one) if isinstance(one, BaseException) else one for one in told]


async def test_what_is_asked_at_once_is_one_call_and_each_hears_its_own() -> None:
    service = Service()
    assert await asked(service, "a", "late", "b") == ["h:a", Unanswered, "h:b"]
    assert len(service.calls) == 1


async def test_one_that_can_not_be_read_fails_no_neighbour() -> None:
    service = Service()
    refused = error("FIELD_INVALID", grpc.StatusCode.INVALID_ARGUMENT)
    service.refuses = lambda items: refused if BAD in items else None
    assert await asked(service, "a", BAD, "b") == ["h:a", Unanswered, "h:b"]
    assert service.calls == [["a", BAD, "b"], ["a"], [BAD], ["b"]]


@pytest.mark.parametrize(
    "refused",
    [
        error("", grpc.StatusCode.UNAVAILABLE),
        error("", grpc.StatusCode.DEADLINE_EXCEEDED),
        error("OVERLOADED", grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
    ids=["away", "late", "full"],
)
async def test_a_service_that_is_away_or_full_is_not_asked_item_by_item(refused: grpc.aio.AioRpcError) -> None:
    service = Service()
    service.refuses = lambda items: refused
    assert await asked(service, "a", "b") == [Unanswered, Unanswered]
    assert len(service.calls) == 1


def test_a_call_for_tickets_has_no_order_twice_and_no_more_than_it_takes() -> None:
    one, other = an_order(order_id="ord_1"), an_order(order_id="ord_2")
    assert _fitting([one, other, one]) == [[0, 1], [2]]
    many = [an_order(order_id=f"ord_{number}") for number in range(_MOST_PARTS + 1)]
    assert [len(call) for call in _fitting(many)] == [_MOST_PARTS, 1]
    full = [an_order(order_id=f"ord_{number}", seats=tuple(f"s{seat}" for seat in range(400))) for number in range(3)]
    assert _fitting(full) == [[0, 1], [2]]

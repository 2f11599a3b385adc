"""How a stream's credit moves, and that no more is read ahead than it allows."""

from __future__ import annotations

import asyncio

from services.inventory.api.stream_credit import MESSAGES_IN_FLIGHT, StreamCredit
from services.runtime.clock import LoopClock


def answer(credit: StreamCredit, *, overloaded: bool) -> None:
    """One message that is alone on its stream."""
    credit.message_answered(credit.message_read(), overloaded=overloaded)


def test_each_overloaded_message_halves_the_credit_down_to_one() -> None:
    credit = StreamCredit()
    told = []
    for _ in range(8):
        answer(credit, overloaded=True)
        told.append(credit.now)
    assert told == [32, 16, 8, 4, 2, 1, 1, 1]


def test_what_was_under_way_in_one_overload_halves_the_credit_once() -> None:
    credit = StreamCredit()
    under_way = [credit.message_read() for _ in range(40)]
    for number in under_way:
        credit.message_answered(number, overloaded=True)
    assert credit.now == MESSAGES_IN_FLIGHT // 2
    answer(credit, overloaded=True)
    assert credit.now == MESSAGES_IN_FLIGHT // 4


def test_each_message_that_is_decided_gives_one_back_up_to_the_most() -> None:
    credit = StreamCredit()
    for _ in range(10):
        answer(credit, overloaded=True)
    for _ in range(5):
        answer(credit, overloaded=False)
    assert credit.now == 6
    for _ in range(2 * MESSAGES_IN_FLIGHT):
        answer(credit, overloaded=False)
    assert credit.now == MESSAGES_IN_FLIGHT


async def test_there_is_room_again_when_as_many_are_answered_as_the_smaller_credit_asks_for() -> None:
    credit = StreamCredit()
    under_way = [credit.message_read() for _ in range(MESSAGES_IN_FLIGHT)]
    room = asyncio.ensure_future(credit.room())
    credit.message_answered(under_way.pop(), overloaded=True)
    while len(under_way) > credit.now - 1:
        await LoopClock().sleep(0)
        assert not room.done()
        credit.message_answered(under_way.pop(), overloaded=False)
    await asyncio.wait_for(room, 60)

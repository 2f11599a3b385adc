"""Orders are committed in groups: each item hears its own answer, after the commit, and no neighbour's trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from services.orders.adapters.order_commits import OrderCommits
from services.orders.adapters.order_group import Again, Answered
from services.orders.adapters.order_turns import (
    Asked,
    AskedChange,
    NewOrder,
    OrderRow,
    Outcome,
    Postponement,
    apart,
    change_within,
    postpone_within,
    turn_of,
)
from services.orders.domain import commands
from services.orders.domain.order import Order, OrderState
from services.orders.domain.refusals import HoldHasOrder
from services.orders.domain.steps import Timing
from services.orders.handlers.acting import act_on
from services.orders.ports import Acted, Changed, Lease, OrderRef, RequestKey
from services.runtime.clock import SystemClock
from services.runtime.errors import StoreUnavailable
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.work.gathering import ItemBroke
from tests.unit.orders.builders import HOUSE, NOW_MS, a_key, an_order

CLOCK, IDS = SystemClock(), RandomIds()
ORDER = an_order()
CHECK_OUT = commands.CheckOut(ORDER.total, "https://shop.example/", CLOCK.now_ms() + 3_600_000)


def ref(number: int) -> OrderRef:
    return OrderRef(HOUSE, f"ord_{number}")


def unmoved(order: Order) -> Acted:
    return Acted(order, (), None)


def changing(number: int, key: RequestKey | None = None) -> AskedChange:
    return AskedChange(ref(number), unmoved, key)


def new(number: int, *, hold: str = "", key: str = "") -> NewOrder:
    order = an_order(order_id=f"ord_{number}", hold_id=hold or f"hold_{number}")
    return NewOrder(order, a_key(key or f"key_{number}"), NOW_MS)


class Database:
    """Commits when it is let, and breaks as it is told."""

    def __init__(self) -> None:
        self.groups: list[list[Asked]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.breaks: Callable[[Sequence[Asked]], Exception | None] = lambda group: None
        self.answer: Callable[[Asked], Answered] = lambda asked: None

    async def commit(self, house_id: str, group: Sequence[Asked]) -> Sequence[Answered]:
        self.groups.append(list(group))
        await self.gate.wait()
        if (error := self.breaks(group)) is not None:
            raise error
        return [self.answer(asked) for asked in group]


async def asked_at_once(commits: OrderCommits, items: Sequence[Asked]) -> list[Outcome | BaseException]:
    return await asyncio.gather(*(commits.ask(HOUSE, one) for one in items), return_exceptions=True)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)  # noqa: TID251 (turns of the loop, no time)


async def test_nobody_hears_an_answer_before_the_group_is_committed() -> None:
    database = Database()
    database.gate.clear()
    commits = OrderCommits(database.commit)
    asking = [asyncio.create_task(commits.ask(HOUSE, new(number))) for number in range(3)]
    await turns()
    assert len(database.groups) == 1
    assert not any(task.done() for task in asking)
    database.gate.set()
    assert await asyncio.gather(*asking) == [None, None, None]


async def test_what_the_database_refuses_of_one_fails_no_neighbour() -> None:
    database = Database()
    bad = new(1)
    database.breaks = lambda group: ValueError("refused") if bad in group else None
    answers = await asked_at_once(OrderCommits(database.commit), [new(0), bad, new(2)])
    assert [type(answer) for answer in answers] == [type(None), ValueError, type(None)]
    assert [len(group) for group in database.groups] == [3, 1, 1, 1]


async def test_a_group_of_unknown_outcome_is_unknown_for_all_and_not_written_again() -> None:
    database = Database()
    database.breaks = lambda group: StoreUnavailable()
    answers = await asked_at_once(OrderCommits(database.commit), [new(0), new(1)])
    assert [type(answer) for answer in answers] == [StoreUnavailable, StoreUnavailable]
    assert len(database.groups) == 1


async def test_houses_have_groups_of_their_own() -> None:
    database = Database()
    commits = OrderCommits(database.commit)
    await asyncio.gather(commits.ask("house_a", changing(1)), commits.ask("house_b", changing(2)))
    assert [len(group) for group in database.groups] == [1, 1]


async def test_what_was_in_the_way_and_is_gone_is_asked_once_more() -> None:
    database = Database()
    told: list[Answered] = [Again.AGAIN, Again.AGAIN, HoldHasOrder("hold_1", "ord_9", "OPEN")]
    answers = iter(told)
    database.answer = lambda asked: next(answers)
    assert await OrderCommits(database.commit).ask(HOUSE, new(1)) == HoldHasOrder("hold_1", "ord_9", "OPEN")


async def test_what_stays_in_the_way_and_is_never_seen_ends_as_unknown() -> None:
    database = Database()
    database.answer = lambda asked: Again.AGAIN
    with pytest.raises(StoreUnavailable):
        await OrderCommits(database.commit).ask(HOUSE, new(1))


def test_items_that_meet_on_a_hold_or_a_key_are_in_different_rounds_in_the_order_asked() -> None:
    group = [new(0, hold="h"), new(1), new(2, hold="h"), new(3, key="k"), new(4, key="k"), new(5, hold="h", key="k")]
    assert apart(group) == [[0, 1, 3], [2, 4], [5]]


def test_what_is_asked_of_one_order_stays_in_its_order() -> None:
    key = a_key("key")
    assert apart([changing(1, key), changing(2, key), changing(2), changing(1)]) == [[0, 3], [1, 2]]


def test_two_changes_of_one_order_in_a_group_see_each_other_in_order() -> None:
    turn, told = turn_of(OrderRow(ORDER, NOW_MS)), list[OutgoingEvent]()
    for command in (CHECK_OUT, commands.SeatsClaimed(0)):
        change_within(turn, AskedChange(ref(1), act_on(command, CLOCK, Timing())), told, CLOCK, IDS)
    late = change_within(turn, AskedChange(ref(1), act_on(CHECK_OUT, CLOCK, Timing())), told, CLOCK, IDS)
    assert turn.row.order.state is OrderState.CLAIMING
    assert turn.before.order == ORDER
    assert not isinstance(late, Changed), "checked out already, in this very group"


def test_an_act_that_breaks_leaves_the_order_as_it_was() -> None:
    turn, told = turn_of(OrderRow(ORDER, NOW_MS)), list[OutgoingEvent]()

    def breaks(order: Order) -> Acted:
        raise ValueError(order.order_id)

    assert isinstance(change_within(turn, AskedChange(ref(1), breaks), told, CLOCK, IDS), ItemBroke)
    assert not turn.has_moved
    assert told == []


def test_a_lost_lease_postpones_nothing() -> None:
    mine, another = Lease("mine", NOW_MS, NOW_MS + 1), Lease("another", NOW_MS, NOW_MS + 1)
    turn = turn_of(OrderRow(ORDER, NOW_MS, lease_token=mine.token, lease_until_ms=mine.until_ms))
    postpone_within(turn, Postponement(ORDER, another, NOW_MS + 500))
    assert not turn.has_moved
    postpone_within(turn, Postponement(ORDER, mine, NOW_MS + 500))
    assert (turn.row.next_step_at_ms, turn.row.failures, turn.row.lease_token) == (NOW_MS + 500, 1, "")


def test_a_try_that_was_not_in_vain_begins_the_count_anew() -> None:
    mine = Lease("mine", NOW_MS, NOW_MS + 1)
    row = OrderRow(ORDER, NOW_MS, failures=9, lease_token=mine.token, lease_until_ms=mine.until_ms)
    for in_vain, failures in ((True, 10), (False, 0)):
        turn = turn_of(row)
        postpone_within(turn, Postponement(ORDER, mine, NOW_MS + 500, in_vain))
        assert (turn.row.next_step_at_ms, turn.row.failures) == (NOW_MS + 500, failures)

"""What travels together, how much of it, and where to. Virtual time; nodes are twins without a network."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime.call_context import CallContext, act_as, enter_call
from services.runtime.ids import SeededIds
from services.runtime.principal import Principal, PrincipalKind
from services.runtime.rpc import owner_streams
from services.runtime.rpc.node_stream import CREDIT_UNTOLD, NodeStream
from services.runtime.rpc.owner_streams import MESSAGE_COMMANDS, MESSAGES_A_GROUP, Unanswered
from services.runtime.testing import eventually
from tests.unit.runtime.stream_twins import CLOCK, Call, Twin, streams_to, virtual


@virtual
async def test_what_is_asked_for_in_the_same_moment_travels_as_one_message() -> None:
    a = Twin()
    streams = streams_to(a=a)
    answers = await asyncio.gather(*(streams.ask(f"k/{n}") for n in range(50)))
    assert answers == [f"k/{n} yes" for n in range(50)]
    assert a.sizes == [50]
    assert len(a.calls) == 1
    await streams.close()


@virtual
async def test_a_message_takes_no_more_than_its_most_and_of_one_key_only() -> None:
    a = Twin()
    streams = streams_to(a=a)
    await asyncio.gather(*(streams.ask(f"{key}/{n}") for n in range(300) for key in "xy"))
    assert max(a.sizes) == MESSAGE_COMMANDS
    assert sum(a.sizes) == 600
    assert all(len({command[0] for command in message.commands}) == 1 for message in a.heard)
    await streams.close()


@virtual
async def test_what_comes_while_messages_are_under_way_gathers_into_the_next() -> None:
    a = Twin(seconds=1.0)
    streams = streams_to(a=a)

    async def caller(number: int) -> str:
        await CLOCK.sleep(number * 0.01)
        return await streams.ask(f"k/{number}")

    await asyncio.gather(*(caller(number) for number in range(80)))
    assert a.sizes[:MESSAGES_A_GROUP] == [1] * MESSAGES_A_GROUP
    assert len(a.heard) <= 2 * MESSAGES_A_GROUP + 1
    await streams.close()


@virtual
async def test_no_more_messages_are_unanswered_than_the_node_gives_credit_for() -> None:
    a = Twin(credit=3)
    streams = streams_to(a=a)
    await streams.ask("first/1")
    await asyncio.gather(*(streams.ask(f"k{n}/1") for n in range(40)))
    assert a.most_unanswered == 3
    await streams.close()


@virtual
async def test_credit_that_is_taken_back_lowers_what_is_under_way_and_is_used_again_when_it_grows() -> None:
    a = Twin(credit=16)
    streams = streams_to(a=a)
    await streams.ask("first/1")
    a.credit = 1
    await asyncio.gather(*(streams.ask(f"k{n}/1") for n in range(16)))
    a.most_unanswered = 0
    await asyncio.gather(*(streams.ask(f"k{n}/2") for n in range(10)))
    assert a.most_unanswered == 1
    a.credit = 5
    await asyncio.gather(*(streams.ask(f"k{n}/3") for n in range(20)))
    assert a.most_unanswered == 5
    await streams.close()


@virtual
async def test_a_node_that_tells_no_credit_gets_a_few_messages_at_a_time() -> None:
    a = Twin(credit=0)
    streams = streams_to(a=a)
    await asyncio.gather(*(streams.ask(f"k{n}/1") for n in range(40)))
    assert a.most_unanswered == CREDIT_UNTOLD
    await streams.close()


@virtual
async def test_commands_wait_together_for_credit_and_travel_together() -> None:
    a = Twin(credit=1)
    streams = streams_to(a=a)
    await streams.ask("first/1")
    a.gate.clear()
    blocking = asyncio.ensure_future(streams.ask("other/1"))
    await CLOCK.sleep(0.1)
    asked = []
    for number in range(20):
        asked.append(asyncio.ensure_future(streams.ask(f"k/{number}")))
        await CLOCK.sleep(0.01)
    a.gate.set()
    await asyncio.gather(blocking, *asked)
    assert a.sizes == [1, 1, 20]
    await streams.close()


@virtual
async def test_each_caller_gets_its_own_answer_and_overload_is_one() -> None:
    a = Twin()
    streams = streams_to(a=a)
    a.refuses("OVERLOADED", retry_after_ms="100")
    answers = await asyncio.gather(*(streams.ask(f"k/{n}") for n in range(2)))
    assert answers == ["k/0 OVERLOADED", "k/1 OVERLOADED"]
    assert len(a.heard) == 1
    await streams.close()


@virtual
async def test_a_hint_is_followed_with_the_same_commands_and_remembered() -> None:
    a, b = Twin(), Twin()
    streams = streams_to(b=b, a=a)
    a.refuses("NOT_OWNER", endpoint="b")
    b.refuses("NOT_OWNER", endpoint="a")
    asked = asyncio.gather(*(streams.ask(f"k/{n}") for n in range(10)))
    await CLOCK.sleep(0.3)
    b.decides()
    await asked
    assert b.heard[-1].commands == a.heard[0].commands
    assert not b.heard[-1].guessed
    heard = len(a.heard)
    assert await streams.ask("k/11") == "k/11 yes"
    assert len(a.heard) == heard
    await streams.close()


@virtual
async def test_a_guess_is_sent_as_one() -> None:
    a = Twin()
    streams = streams_to(a=a)
    await streams.ask("k/1")
    assert a.heard[0].guessed
    await streams.close()


@virtual
async def test_a_node_that_names_another_and_has_nothing_else_of_ours_is_left() -> None:
    a, b = Twin(), Twin()
    streams = streams_to(b=b, a=a)
    a.refuses("NOT_OWNER", endpoint="b")
    await streams.ask("k/1")
    await streams.ask("k/2")
    assert [call.is_cancelled for call in (*a.calls, *b.calls)] == [True, False]
    assert streams.broken == 0
    await streams.close()


@virtual
async def test_a_stream_that_breaks_is_no_answer_the_same_commands_go_elsewhere() -> None:
    a, b = Twin(), Twin()
    streams = streams_to(b=b, a=a)
    a.gate.clear()
    asked = asyncio.gather(*(streams.ask(f"k/{n}") for n in range(10)))
    await eventually(lambda: a.heard)
    a.dies()
    assert await asked == [f"k/{n} yes" for n in range(10)]
    assert b.commands == a.commands
    assert CLOCK.monotonic() < 1
    await streams.close()


@virtual
async def test_unavailable_is_no_answer() -> None:
    a = Twin()
    streams = streams_to(a=a)
    a.refuses("UNAVAILABLE", fault="LeaseLost")
    asked = asyncio.ensure_future(streams.ask("k/1"))
    await CLOCK.sleep(1)
    assert not asked.done()
    a.decides()
    assert await asked == "k/1 yes"
    assert set(a.commands) == {"k/1"}
    await streams.close()


@virtual
async def test_a_silent_node_does_not_get_all_the_time_there_is() -> None:
    a, b = Twin(), Twin()
    streams = streams_to(b=b, a=a)
    a.gate.clear()
    assert await streams.ask("k/1", timeout_seconds=4) == "k/1 yes"
    assert 2 <= CLOCK.monotonic() <= 2.5
    await streams.close()


@virtual
async def test_the_deadline_travels_as_time_left_and_ends_the_waiting() -> None:
    a = Twin()
    streams = streams_to(a=a)
    a.gate.clear()
    with pytest.raises(Unanswered):
        await streams.ask("k/1", timeout_seconds=3)
    assert CLOCK.monotonic() == pytest.approx(3, abs=0.01)
    assert a.heard[0].timeout_ms == 3000
    assert a.heard[1].timeout_ms < 1500
    await streams.close()


@virtual
async def test_who_has_little_time_shares_no_message_with_who_has_much() -> None:
    a = Twin()
    streams = streams_to(a=a)
    await asyncio.gather(streams.ask("k/1", timeout_seconds=0.2), streams.ask("k/2", timeout_seconds=8))
    assert sorted(message.timeout_ms for message in a.heard) == [200, 8000]
    await streams.close()


@virtual
async def test_a_caller_that_goes_before_its_command_is_sent_costs_nothing() -> None:
    a = Twin(credit=1)
    streams = streams_to(a=a)
    await streams.ask("first/1")
    a.gate.clear()
    blocking = asyncio.ensure_future(streams.ask("other/1"))
    await CLOCK.sleep(0.1)
    asked = [asyncio.ensure_future(streams.ask(f"k/{n}")) for n in range(5)]
    lost = [asyncio.ensure_future(streams.ask(f"gone/{n}")) for n in range(3)]
    await CLOCK.sleep(0.1)
    for task in (*asked[1:4], *lost):
        task.cancel()
    a.gate.set()
    await asyncio.gather(blocking, asked[0], asked[4])
    await streams.ask("k/last")
    assert a.commands == ["first/1", "other/1", "k/0", "k/4", "k/last"]
    await streams.close()


@virtual
async def test_a_caller_that_goes_afterwards_leaves_the_others_their_answers() -> None:
    a = Twin()
    streams = streams_to(a=a)
    asked = [asyncio.ensure_future(streams.ask(f"k/{n}")) for n in range(3)]
    await eventually(lambda: a.heard)
    asked[1].cancel()
    assert await asked[0] == "k/0 yes"
    assert await asked[2] == "k/2 yes"
    await streams.close()


@virtual
async def test_who_finds_no_room_to_wait_in_is_told_so_at_once() -> None:
    a = Twin()
    streams = streams_to(a=a)
    a.gate.clear()
    waiting = [streams.submit(f"k/{n}") for n in range(owner_streams.WAITING_COMMANDS)]
    assert await streams.ask("k/one more") == f"busy {owner_streams.RETRY_AFTER_MS}"
    a.gate.set()
    await asyncio.gather(*waiting)
    assert await streams.ask("k/now") == "k/now yes"
    await streams.close()


@virtual
async def test_close_ends_everything() -> None:
    a = Twin(credit=1)
    streams = streams_to(a=a)
    a.gate.clear()
    asked = [asyncio.ensure_future(streams.ask(f"k{n % 20}/{n}")) for n in range(60)]
    await CLOCK.sleep(0.1)
    await streams.close()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, Unanswered) for answer in answers)
    assert all(call.is_cancelled for call in a.calls)
    with pytest.raises(Unanswered):
        await streams.ask("k/1")
    mine = [task for task in asyncio.all_tasks() if "Stream" in getattr(task.get_coro(), "__qualname__", "")]
    assert not mine


@virtual
async def test_nothing_is_kept_of_keys_that_were_asked_for_once() -> None:
    a = Twin()
    streams = streams_to(a=a)
    await asyncio.gather(*(streams.ask(f"k{n}/1") for n in range(1_000)))
    await CLOCK.sleep(1)
    assert not streams._queues
    assert not streams._deliveries
    assert streams._waiting == 0
    await streams.close()


@virtual
async def test_who_has_gone_is_not_sent_again() -> None:
    a, b = Twin(), Twin()
    streams = streams_to(b=b, a=a)
    a.gate.clear()
    asked = [asyncio.ensure_future(streams.ask(f"k/{n}")) for n in range(3)]
    await eventually(lambda: a.heard)
    asked[1].cancel()
    a.refuses("NOT_OWNER", endpoint="b")
    a.gate.set()
    await asyncio.gather(asked[0], asked[2])
    assert b.commands == ["k/0", "k/2"]
    await streams.close()


@virtual
async def test_a_node_that_answered_by_guess_is_asked_from_then_on() -> None:
    a, b = Twin(), Twin()
    streams = streams_to(b=b, a=a)
    for number in range(4):
        await streams.ask(f"k/{number}")
    assert (a.commands, b.commands) == ([f"k/{n}" for n in range(4)], [])
    await streams.close()


@virtual
async def test_credit_given_to_one_who_has_just_gone_is_not_lost() -> None:
    twin = Twin(credit=1)
    call = Call(twin)
    node = NodeStream(call, lambda _: None)  # type: ignore[arg-type]
    await eventually(lambda: node._credit == 1)
    first = await node.admitted()
    waiting = asyncio.ensure_future(node.admitted())
    await CLOCK.sleep(0.1)
    node.give_back(first)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert await node.admitted() > first
    await node.close()


@virtual
async def test_a_stream_is_opened_on_the_services_own_account_and_commands_say_whose_they_are() -> None:
    a = Twin()
    act_as(lambda: "Bearer the-services-own")
    streams = streams_to(a=a)

    async def ask_for(number: int, *, is_checked: bool = True) -> None:
        call = CallContext({}, None, SeededIds(number), f"Bearer of-person-{number}")
        call.principal = Principal(PrincipalKind.STAFF, f"person_{number}") if is_checked else None
        enter_call(call)
        await streams.ask(f"k/{number}")

    await asyncio.gather(ask_for(1), ask_for(2), ask_for(3, is_checked=False), streams.ask("k/4"))
    assert a.opened_with == [{"authorization": "Bearer the-services-own"}]
    assert sorted(a.commands) == ["k/1 for person_1", "k/2 for person_2", "k/3", "k/4"]
    assert a.sizes == [4]
    await streams.close()

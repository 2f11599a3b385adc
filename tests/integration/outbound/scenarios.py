"""Bad days of a target, each with what must be seen. A test plays it; a mutant plays it without its guard and fails."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from services.runtime.outbound.desk import After, Again
from services.runtime.outbound.leases import Leases
from services.runtime.outbound.port import CarrierLimits, Done, Later, Locked, Settled
from services.runtime.outbound.retrying import RetryLimits
from services.runtime.outbound.target_run import RunLimits
from services.runtime.testing.eventually import eventually
from tests.integration.outbound.stage import FAR, HOUSE, NEAR, Stage, dispatch

AWAY = Later("answered 503", is_uncertain=True)
REFUSED = Done(Settled.REFUSED, "answered 400: unknown currency")
LIMITS = RetryLimits()
A_LONG_REST = LIMITS.longest_rest_ms / 1000 + 1


async def untold(*_: object) -> None:
    """An act that nobody writes down."""


async def a_target_that_is_away_is_left_alone_and_tried_by_one_call(stage: Stage) -> None:
    stage.company.always[NEAR] = lambda _: AWAY
    await stage.put(*[dispatch(f"{number}") for number in range(50)])
    assert len(await stage.carry()) == LIMITS.open_after
    assert await stage.carry() == [], "another process knows of its rest too"
    assert (await stage.target()).resting_since_ms is not None
    for _ in range(3):
        stage.move(A_LONG_REST)
        assert len(await stage.carry()) == 1, "half open: one call, and nothing beside it"
    del stage.company.always[NEAR]
    stage.move(A_LONG_REST)
    await stage.carry()
    stage.move(LIMITS.longest_wait_ms / 1000)
    await stage.carry()
    assert set((await stage.states()).values()) == {"delivered"}
    assert (await stage.target()).resting_since_ms is None


async def retry_after_is_heeded_for_the_whole_target(stage: Stage) -> None:
    stage.company.script[NEAR] = deque([Later("answered 429", after_ms=60_000)])
    await stage.put(*[dispatch(f"{number}") for number in range(10)])
    assert len(await stage.carry()) == 1
    stage.move(58)
    assert await stage.carry() == []
    stage.move(62)
    assert len(await stage.carry()) == 10
    assert await stage.is_settled()


async def a_house_that_is_not_let_in_loses_nothing(stage: Stage) -> None:
    stage.company.script[NEAR] = deque([Locked("answered 401: the key was taken back")])
    await stage.put(*[dispatch(f"{number}") for number in range(10)])
    assert len(await stage.carry()) == 1
    stage.move(86_400)
    assert await stage.carry() == []
    [stands] = await stage.desk.targets(HOUSE, target_id="", after="", limit=10)
    assert (stands.state, stands.locked_why, stands.waiting) == ("locked", "answered 401: the key was taken back", 10)
    await stage.mend(NEAR)
    assert len(await stage.carry()) == 10
    assert await stage.is_settled()


async def an_account_that_is_mended_while_the_old_one_is_refused_stays_mended(stage: Stage) -> None:
    mends: list[Callable[[], Awaitable[object]]] = [
        lambda: stage.mend(NEAR),
        lambda: stage.desk.resume(NEAR, untold),
    ]
    for number, mend in enumerate(mends):
        hold = stage.company.holds[NEAR] = asyncio.Event()
        stage.company.script[NEAR] = deque([Locked("answered 401: the key was taken back")])
        await stage.put(dispatch(f"{number}"))
        already = len(stage.company.heard)
        carrying = asyncio.create_task(stage.carry())
        await eventually(lambda already=already: len(stage.company.heard) > already)  # type: ignore[misc]
        await mend()
        hold.set()
        assert len(await carrying) == 2, "refused, and then taken with the account of now"
        assert (await stage.target()).locked_at_ms is None
    assert await stage.is_settled()


async def a_target_that_is_resumed_while_it_fails_is_tried_at_once(stage: Stage) -> None:
    hold = stage.company.holds[NEAR] = asyncio.Event()
    stage.company.script[NEAR] = deque([Later("answered 429", after_ms=3_600_000)])
    await stage.put(dispatch("1"))
    carrying = asyncio.create_task(stage.carry())
    await eventually(lambda: len(stage.company.heard) == 1)
    await stage.desk.resume(NEAR, untold)
    hold.set()
    await carrying
    assert (await stage.target()).rests_until_ms == 0


async def nothing_goes_to_a_paused_target(stage: Stage) -> None:
    await stage.put(dispatch("before"))
    assert await stage.carry() == ["before"]
    assert await stage.desk.pause(NEAR, "STAFF/psn_1", untold) is not None
    await stage.put(dispatch("meanwhile"))
    assert await stage.carry() == []
    await stage.mend(NEAR)
    assert await stage.carry() == [], "an account that was mended ends no pause"
    stands = await stage.desk.resume(NEAR, untold)
    assert stands is not None
    assert stands.state == "open"
    assert await stage.carry() == ["meanwhile"]


async def a_pause_ends_a_turn_after_the_call_that_is_under_way(stage: Stage) -> None:
    hold = stage.company.holds[NEAR] = asyncio.Event()
    await stage.put(*[dispatch(f"{number}") for number in range(5)])
    carrying = asyncio.create_task(stage.carry())
    await eventually(lambda: len(stage.company.heard) == 1)
    await stage.desk.pause(NEAR, "STAFF/psn_1", untold)
    hold.set()
    assert len(await carrying) == 1


async def what_is_over_is_not_told(stage: Stage) -> None:
    soon = stage.clock.now_ms() + 10_000
    await stage.put(dispatch("over", expires_at_ms=soon), dispatch("not over", expires_at_ms=soon + 3_600_000))
    stage.move(11)
    assert await stage.carry() == ["not over"]
    assert await stage.states() == {"over": "expired", "not over": "delivered"}


async def what_is_over_is_settled_though_its_target_is_paused(stage: Stage) -> None:
    await stage.put(dispatch("over", expires_at_ms=stage.clock.now_ms() + 10_000), dispatch("not over"))
    await stage.desk.pause(NEAR, "STAFF/psn_1", untold)
    stage.move(11)
    await Leases(stage.engine).expire(stage.clock.now_ms())
    assert await stage.states() == {"over": "expired", "not over": "waiting"}


async def what_was_refused_waits_for_hands_and_goes_again_under_its_key(stage: Stage) -> None:
    stage.company.always[NEAR] = lambda each: REFUSED if each.key == "bad" else Done(Settled.DELIVERED)
    await stage.put(dispatch("bad"), dispatch("good"))
    assert set(await stage.carry()) == {"bad", "good"}
    stage.move(86_400)
    assert await stage.carry() == []
    assert await stage.states() == {"bad": "refused", "good": "delivered"}
    del stage.company.always[NEAR]
    assert await stage.desk.replay(Again(NEAR), untold) == 1
    assert await stage.carry() == ["bad"]
    assert await stage.is_settled()


async def only_what_is_kept_is_sent_again(stage: Stage) -> None:
    await stage.put(dispatch("kept"), dispatch("forgotten"))
    assert len(await stage.carry()) == 2
    await stage.change("UPDATE outbound_dispatch SET body = NULL WHERE key = 'forgotten'")
    listed = await stage.desk.dispatches(HOUSE, target_id="", state="delivered", after=After(), limit=10)
    assert {each.about: each.has_body for each in listed} == {"kept": True, "forgotten": False}
    assert await stage.desk.replay(Again(NEAR, [each.dispatch_id for each in listed]), untold) == 1
    assert await stage.carry() == ["kept"]


async def a_process_that_lost_its_target_decides_nothing(stage: Stage) -> None:
    """It was silent for longer than its lease, and says afterwards that the target is locked."""
    hold = stage.company.holds[NEAR] = asyncio.Event()
    stage.company.script[NEAR] = deque([Locked("answered 401")])
    await stage.put(dispatch("a"))
    old = asyncio.create_task(stage.carry())
    await eventually(lambda: len(stage.company.heard) == 1)
    stage.clock.ahead_ms += 60_000
    del stage.company.holds[NEAR]
    [fenced] = await Leases(stage.engine).lease(1, now_ms=stage.clock.now_ms(), until_ms=stage.clock.now_ms() + 30_000)
    hold.set()
    await old
    assert (await stage.target()).locked_at_ms is None
    assert (await stage.target()).fence == fenced.fence
    assert (await stage.target()).leased_until_ms > stage.clock.now_ms(), "it did not end the other's lease either"
    assert await stage.states() == {"a": "waiting"}


async def a_dispatch_that_breaks_the_carrier_sinks_no_batch_twice(stage: Stage) -> None:
    stage.company.limits = CarrierLimits(batch=10)
    stage.company.raises["poison"] = ValueError("no such currency")
    await stage.put(*[dispatch(f"{number}") for number in range(9)], dispatch("poison"))
    await stage.carry()
    stage.move(LIMITS.longest_wait_ms / 1000)
    await stage.carry()
    states = await stage.states()
    assert states.pop("poison") == "waiting"
    assert set(states.values()) == {"delivered"}
    assert (await stage.target()).failures == 0, "a fault of ours is no fault of the target"


async def what_is_dropped_is_not_told_and_not_kept(stage: Stage) -> None:
    await stage.put(dispatch("a"), dispatch("b"))
    assert await stage.drop(NEAR) == 2
    assert await stage.carry() == []
    assert await stage.states() == {"a": "dropped", "b": "dropped"}
    assert await stage.rows("SELECT 1 FROM outbound_dispatch WHERE body IS NOT NULL") == []


async def an_answer_that_nobody_heard_is_asked_for_again_under_the_same_key(stage: Stage) -> None:
    stage.company.script[NEAR] = deque([Later("no answer within 30 s", is_uncertain=True)])
    await stage.put(dispatch("a"))
    await stage.carry()
    stage.move(LIMITS.longest_wait_ms / 1000)
    await stage.carry()
    assert stage.company.heard == [(NEAR, "a", b"body of a")] * 2
    assert await stage.is_settled()


async def a_dispatch_that_fails_alone_keeps_its_lane_waiting_and_nobody_else(stage: Stage) -> None:
    stage.company.script[NEAR] = deque([Later("the member is being changed", after_ms=60_000, is_targets_fault=False)])
    await stage.put(dispatch("l1", lane="one"), dispatch("l2", lane="one"), dispatch("m1", lane="two"), dispatch("f"))
    assert await stage.carry() == ["l1", "m1", "f"]
    stage.move(61)
    assert await stage.carry() == ["l1", "l2"]


async def a_long_queue_does_not_keep_another_target_waiting(stage: Stage) -> None:
    await stage.put(*[dispatch(f"{number}") for number in range(20)])
    far = dispatch("far", target=FAR)
    await stage.put(far)
    heard = await stage.carry(targets_at_once=1, run=RunLimits(turn_seconds=0.0))
    assert heard.index("far") <= 2

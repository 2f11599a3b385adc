"""What is put is carried: at once, in order where it matters, each key once, and all of it is in the ledger."""

from __future__ import annotations

import asyncio

from services.runtime.outbound.port import CarrierLimits
from services.runtime.testing.eventually import eventually
from tests.integration.outbound.stage import FAR, HOUSE, NEAR, Stage, dispatch


async def test_what_is_committed_is_carried_without_waiting_for_a_look(stage: Stage) -> None:
    async with stage.running():
        assert await stage.put(dispatch("a"), dispatch("b"), dispatch("a", FAR)) == 3
        await eventually(lambda: stage.is_settled(NEAR))
        await eventually(lambda: stage.is_settled(FAR))
    assert len(stage.company.heard) == 3
    assert set(stage.company.heard) == {(NEAR, "a", b"body of a"), (NEAR, "b", b"body of b"), (FAR, "a", b"body of a")}
    lines = await stage.rows(
        "SELECT e.* FROM outbound_exchange e JOIN outbound_dispatch d USING (exchange_id) WHERE d.house_id = :h",
        h=HOUSE,
    )
    assert [(line.asked, line.outcome, line.dispatches) for line in lines] == [("POST /events", "delivered", 1)] * 2
    assert sorted(line.about for line in lines) == ["a", "b"]


async def test_bodies_are_sealed_in_the_table(stage: Stage) -> None:
    await stage.put(dispatch("a"))
    (row,) = await stage.rows("SELECT * FROM outbound_dispatch")
    assert b"body of a" not in row.body


async def test_a_key_is_kept_once_for_a_target_while_it_waits_and_afterwards(stage: Stage) -> None:
    async with stage.running():
        assert await stage.put(dispatch("a"), dispatch("a", body=b"other")) == 1
        await eventually(stage.is_settled)
        assert await stage.put(dispatch("a")) == 0
        await stage.put(dispatch("b"))
        await eventually(stage.is_settled)
    assert stage.company.keys(NEAR) == ["a", "b"]


async def test_lanes_go_in_their_order_one_at_a_time_and_the_rest_side_by_side(stage: Stage) -> None:
    stage.company.limits = CarrierLimits(batch=3, at_once=4)
    laned = [dispatch(f"l{number}", lane="one") for number in range(6)]
    await stage.put(*laned, *[dispatch(f"f{number}") for number in range(6)], dispatch("m0", lane="two"))
    async with stage.running():
        await eventually(stage.is_settled)
    assert [key for key in stage.company.keys(NEAR) if key.startswith("l")] == [f"l{number}" for number in range(6)]
    assert all(sum(key.startswith("l") for key in keys) <= 1 for _, keys in stage.company.calls)
    assert len(stage.company.keys(NEAR)) == 13
    assert stage.company.most_at_once[NEAR] > 1


async def test_no_more_calls_at_once_than_the_carrier_says(stage: Stage) -> None:
    stage.company.limits = CarrierLimits(batch=2, at_once=3)
    await stage.put(*[dispatch(f"{number}") for number in range(40)])
    async with stage.running():
        await eventually(stage.is_settled)
    assert stage.company.most_at_once[NEAR] == 3
    assert max(len(keys) for _, keys in stage.company.calls) == 2


async def test_r0_3_of_a_state_only_the_newest_is_sent_and_a_settled_one_again(stage: Stage) -> None:
    await stage.put(dispatch("figures", body=b"40"), latest=True)
    await stage.put(dispatch("figures", body=b"50"), latest=True)
    async with stage.running():
        await eventually(stage.is_settled)
        await stage.put(dispatch("figures", body=b"50"), latest=True)
        await eventually(lambda: len(stage.company.heard) == 2)
        await eventually(stage.is_settled)
    assert [body for _, _, body in stage.company.heard] == [b"50", b"50"]


async def test_a_newer_state_that_came_while_one_was_carried_is_sent_too(stage: Stage) -> None:
    hold = stage.company.holds[NEAR] = asyncio.Event()
    async with stage.running():
        await stage.put(dispatch("figures", body=b"40"), latest=True)
        await eventually(lambda: len(stage.company.heard) == 1)
        await stage.put(dispatch("figures", body=b"50"), latest=True)
        hold.set()
        await eventually(stage.is_settled)
    assert [body for _, _, body in stage.company.heard] == [b"40", b"50"]

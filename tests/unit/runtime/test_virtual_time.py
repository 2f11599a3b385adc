"""The virtual-time loop: time passes when everybody waits, and a wait for nothing is an error, not a hang."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime.clock import LoopClock, SystemClock
from services.runtime.testing import VirtualDeadlock, VirtualTimeExceeded, run_virtual


def test_fifteen_minutes_pass_in_less_than_a_second() -> None:
    async def heartbeat() -> int:
        clock, beats = LoopClock(), 0
        while clock.monotonic() < 15 * 60:
            await clock.sleep(1)
            beats += 1
        return beats

    real = SystemClock()
    start = real.monotonic()
    assert run_virtual(heartbeat()) == 900
    assert real.monotonic() - start < 15 * 60 / 2


def test_timers_fire_in_order_at_their_time() -> None:
    async def main() -> list[tuple[str, float]]:
        clock = LoopClock()
        seen: list[tuple[str, float]] = []

        async def after(seconds: float, name: str) -> None:
            await clock.sleep(seconds)
            seen.append((name, clock.monotonic()))

        async with asyncio.TaskGroup() as group:
            group.create_task(after(600.1, "late"))
            group.create_task(after(0.3, "early"))
        return seen

    names, times = zip(*run_virtual(main()), strict=True)
    assert names == ("early", "late")
    assert times == pytest.approx((0.3, 600.1))


def test_timeouts_follow_virtual_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(86_400):
                await asyncio.Event().wait()
        return LoopClock().monotonic()

    assert run_virtual(main()) == pytest.approx(86_400)


def test_runs_of_the_same_program_see_the_same_times() -> None:
    async def main() -> list[float]:
        clock = LoopClock()
        times: list[float] = []

        async def worker(step: float) -> None:
            for _ in range(50):
                await clock.sleep(step)
                times.append(clock.monotonic())

        async with asyncio.TaskGroup() as group:
            for step in (0.1, 0.3, 1 / 3):
                group.create_task(worker(step))
        return times

    assert run_virtual(main()) == run_virtual(main())


def test_waiting_for_what_nobody_will_do_is_a_deadlock_that_names_the_waiters() -> None:
    async def main() -> None:
        gate = asyncio.Event()
        waiter = asyncio.create_task(gate.wait(), name="usher")
        await waiter

    with pytest.raises(VirtualDeadlock, match=r"usher in Event\.wait"):
        run_virtual(main())


def test_timers_that_never_end_meet_the_limit() -> None:
    async def main() -> None:
        async def heartbeat() -> None:
            while True:
                await LoopClock().sleep(10)

        beating = asyncio.create_task(heartbeat())
        await asyncio.Event().wait()
        beating.cancel()

    with pytest.raises(VirtualTimeExceeded, match="3600 seconds"):
        run_virtual(main(), limit_seconds=3600)


def test_clean_up_after_a_deadlock_may_take_time() -> None:
    cleaned: list[float] = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await LoopClock().sleep(5)
            cleaned.append(LoopClock().monotonic())

    with pytest.raises(VirtualDeadlock):
        run_virtual(main())
    assert cleaned == [pytest.approx(5)]


def test_threads_are_refused() -> None:
    async def main() -> None:
        await asyncio.to_thread(len, "seat")

    with pytest.raises(RuntimeError, match="no threads"):
        run_virtual(main())


def test_failures_come_out_as_they_are() -> None:
    async def main() -> None:
        await LoopClock().sleep(1)
        raise KeyError("seat")

    with pytest.raises(KeyError, match="seat"):
        run_virtual(main())

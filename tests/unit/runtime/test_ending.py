"""Loops that go on through every fault end when they are asked to, whatever is raised on the way out."""

from __future__ import annotations

import asyncio

from services.runtime.waiting import end_if_cancelled


async def test_a_fault_in_place_of_the_cancellation_does_not_keep_a_loop_going() -> None:
    began = asyncio.Event()

    async def loop() -> None:
        while True:
            try:
                try:
                    began.set()
                    await asyncio.get_running_loop().create_future()
                finally:
                    raise RuntimeError("the session was in the middle of a command")
            except RuntimeError as error:
                end_if_cancelled(error)

    task = asyncio.create_task(loop())
    await began.wait()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=5)
    assert done == {task}
    assert task.cancelled()


async def test_a_fault_of_a_loop_that_goes_on_is_its_own_affair() -> None:
    end_if_cancelled(RuntimeError())

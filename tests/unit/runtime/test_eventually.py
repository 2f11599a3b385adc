"""eventually(): waits as long as needed, no longer, and says what it saw last."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime.testing import eventually, eventually_sync, run_virtual


def test_it_returns_what_the_condition_returned() -> None:
    answers = iter([0, "", "seat"])
    assert run_virtual(eventually(lambda: next(answers))) == "seat"


def test_assertions_without_a_result_hold_when_they_pass() -> None:
    calls: list[int] = []

    async def third_time_lucky() -> None:
        calls.append(1)
        assert len(calls) == 3

    run_virtual(eventually(third_time_lucky))
    assert len(calls) == 3


def test_the_last_failure_is_raised_with_the_time_waited() -> None:
    calls: list[int] = []

    def never() -> None:
        calls.append(1)
        assert calls == [], f"call {len(calls)}"

    with pytest.raises(AssertionError, match=r"call \d+") as failed:
        run_virtual(eventually(never, timeout_seconds=3))
    assert f"call {len(calls)}" in str(failed.value)
    assert failed.value.__notes__ == ["not within 3.00 seconds"]


def test_a_condition_that_hangs_is_given_up() -> None:
    with pytest.raises(AssertionError, match="no answer"):
        run_virtual(eventually(asyncio.Event().wait, timeout_seconds=3))


def test_other_faults_are_not_waited_out() -> None:
    def broken() -> bool:
        raise KeyError("seat")

    async def too_late() -> bool:
        raise TimeoutError

    with pytest.raises(KeyError):
        run_virtual(eventually(broken))
    with pytest.raises(TimeoutError):
        run_virtual(eventually(too_late))


def test_the_blocking_form_does_the_same() -> None:
    answers = iter([False, None])
    eventually_sync(lambda: next(answers))
    with pytest.raises(AssertionError, match="stayed false: 0") as failed:
        eventually_sync(lambda: 0, timeout_seconds=0.01)
    assert "not within" in failed.value.__notes__[0]

"""The wait cap on a fake clock (RULE 20)."""

from __future__ import annotations

import pytest

from services.inventory.actors.wait_cap import (
    NORMAL_SECONDS,
    STANDING_AFTER_SECONDS,
    STANDING_SECONDS,
    TURNS,
    WaitCap,
)


def test_a_burst_may_wait_long() -> None:
    cap = WaitCap(0.0)
    assert cap.seconds(STANDING_AFTER_SECONDS) == NORMAL_SECONDS


def test_a_standing_queue_may_not() -> None:
    cap = WaitCap(0.0)
    assert cap.seconds(STANDING_AFTER_SECONDS + 0.001) == STANDING_SECONDS


def test_a_queue_that_was_empty_once_is_a_burst_again() -> None:
    cap = WaitCap(0.0)
    cap.saw_empty(5.0)
    assert cap.seconds(5.05) == NORMAL_SECONDS


def test_slow_turns_are_no_overload() -> None:
    """A store that takes 80 ms a turn makes everybody wait that long: refusing them all would sell nothing."""
    cap = WaitCap(0.0)
    for _ in range(20):
        cap.saw_turn(0.080)
    assert cap.seconds(10.0) == pytest.approx(TURNS * 0.080)

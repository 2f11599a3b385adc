"""How long a reader of the log waits between two looks: alone hardly at all, in a crowd for company."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.bus.postgres_subscription import HURRIED, UNHURRIED
from services.runtime.pace import Pace


@pytest.mark.parametrize("pace", [HURRIED, UNHURRIED])
def test_what_was_worked_off_at_once_is_followed_at_once_and_a_crowd_gets_company(pace: Pace) -> None:
    assert pace.seconds(0.0) == pace.shortest_seconds <= 0.02
    assert pace.seconds(60.0) == pace.longest_seconds <= 0.3


@given(took_seconds=st.floats(0.0, 10.0))
def test_whoever_is_waited_for_never_waits_longer_than_the_others(took_seconds: float) -> None:
    assert HURRIED.seconds(took_seconds) <= UNHURRIED.seconds(took_seconds)

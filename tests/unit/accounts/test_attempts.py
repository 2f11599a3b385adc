"""Guessing in numbers: some tries are free, then each waits twice as long, and time forgives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.accounts.domain.attempts import AttemptRule, Attempts, after_attempt, refused_attempt, taken_back

RULE = AttemptRule(free=3, first_delay_ms=1_000, longest_delay_ms=60_000, forget_ms=3_600_000)


def tried(times: int, at_ms: int = 1_000_000) -> Attempts:
    attempts = Attempts()
    for _ in range(times):
        attempts = after_attempt(attempts, RULE, at_ms)
    return attempts


def test_the_first_tries_wait_for_nothing_then_each_wait_doubles_up_to_the_longest() -> None:
    waits = [tried(times).blocked_until_ms - 1_000_000 for times in range(1, 12)]
    assert waits == [0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]


def test_who_comes_too_soon_is_told_the_exact_moment() -> None:
    attempts = tried(4)
    refused = refused_attempt(attempts, 1_000_500)
    assert refused is not None
    assert (refused.retry_after_ms, refused.retry_at) == (1_500, "1970-01-01T00:16:42Z")
    assert refused_attempt(attempts, 1_002_000) is None


def test_tries_are_forgotten_after_a_time_without_any() -> None:
    assert after_attempt(tried(9), RULE, 1_000_000 + RULE.forget_ms).count == 1
    assert after_attempt(tried(9), RULE, 1_000_000 + RULE.forget_ms - 1).count == 10


def test_a_right_one_is_taken_back_and_leaves_the_delay_of_others() -> None:
    mine = tried(3)
    assert taken_back(mine, 1_000_000) == Attempts(2, 1_000_000, 0)
    others = after_attempt(mine, RULE, 1_000_007)
    assert taken_back(others, 1_000_000).blocked_until_ms == others.blocked_until_ms


@given(st.lists(st.integers(0, 10_000_000), max_size=50))
def test_waits_of_a_steady_guesser_never_become_shorter_within_the_memory(pauses_ms: list[int]) -> None:
    attempts, now_ms, last = Attempts(), 1_000_000, 0
    for pause in pauses_ms:
        now_ms = max(now_ms + pause % RULE.forget_ms, attempts.blocked_until_ms)
        attempts = after_attempt(attempts, RULE, now_ms)
        wait = attempts.blocked_until_ms - now_ms
        assert last <= wait <= RULE.longest_delay_ms
        last = wait

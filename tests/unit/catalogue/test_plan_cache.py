"""Plans in memory: bounded by seats, least recently used out first, each under its own house."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalogue.handlers.plan_cache import PlanCache, PlanKey


def key(version: int, house_id: str = "hse_1") -> PlanKey:
    return PlanKey(house_id, "hal_1", version)


def test_a_plan_that_was_put_is_found_by_its_own_key_only() -> None:
    cache = PlanCache[str](100)
    cache.put(key(1), "one", 10)
    assert cache.get(key(1)) == "one"
    assert cache.get(key(2)) is None
    assert cache.get(key(1, "hse_2")) is None


def test_the_least_recently_used_plan_goes_first() -> None:
    cache = PlanCache[str](30)
    for version in (1, 2, 3):
        cache.put(key(version), str(version), 10)
    assert cache.get(key(1)) == "1"
    cache.put(key(4), "4", 10)
    assert [cache.get(key(version)) for version in (1, 2, 3, 4)] == ["1", None, "3", "4"]


def test_a_plan_larger_than_the_memory_is_not_kept_and_drives_nothing_out() -> None:
    cache = PlanCache[str](30)
    cache.put(key(1), "small", 30)
    cache.put(key(2), "large", 31)
    assert (cache.get(key(1)), cache.get(key(2))) == ("small", None)


@settings(deadline=None)
@given(st.integers(0, 50), st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=40))
def test_what_is_kept_never_has_more_seats_than_allowed(max_seats: int, uses: list[tuple[int, bool]]) -> None:
    cache = PlanCache[int](max_seats)
    for version, reads in uses:
        if reads:
            cache.get(key(version))
        else:
            cache.put(key(version), version, version * 5)
    kept = [version for version in range(1, 9) if cache.get(key(version)) is not None]
    assert sum(version * 5 for version in kept) <= max_seats
    assert all(cache.get(key(version)) == version for version in kept)

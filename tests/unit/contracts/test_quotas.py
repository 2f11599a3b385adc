"""The arithmetic of quotas: every line of the vectors and of R4's table."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.channels import Channel
from services.contracts.quotas import QuotaPercentages, SalePhase, available_of, cap_of, cutover_ms, phase_at

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "contingent_vectors.json").read_text())


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize("case", VECTORS["availability"], ids=str)
def test_r4_6_what_is_available_is_as_in_the_vectors(case: dict[str, int]) -> None:
    cap = cap_of(case["size"], case["percent"])
    assert available_of(case["size"], cap, case["used"]) == case["available"]


@pytest.mark.parametrize("case", VECTORS["phase"], ids=lambda case: str(case["now"]))
def test_r4_3_the_phase_is_as_in_the_vectors(case: dict[str, str]) -> None:
    day_sale_from = cutover_ms(ms(case["start"]), int(case["presale_hours"]))
    assert phase_at(ms(case["now"]), day_sale_from) is SalePhase(case["phase"].upper())


@pytest.mark.parametrize(
    ("start", "day_sale"),
    [
        # The clocks go back at three: twelve hours before noon of summer's end are one o'clock on the wall.
        ("2026-10-25T12:00:00+01:00", "2026-10-25T01:00:00+02:00"),
        # They go forward at two: twelve hours before noon are eleven in the evening before.
        ("2026-03-29T12:00:00+02:00", "2026-03-28T23:00:00+01:00"),
    ],
)
def test_r4_3_hours_are_elapsed_ones_on_the_nights_when_clocks_change(start: str, day_sale: str) -> None:
    assert cutover_ms(ms(start), 12) == ms(day_sale)


def test_r4_9_r4_10_what_has_no_percentage_is_as_the_online_one_or_a_hundred() -> None:
    percentages = QuotaPercentages(online_presale=60, online_day=40)
    assert percentages.of(Channel.BACKEND, SalePhase.PRESALE) == 60
    assert percentages.of(Channel.BACKEND, SalePhase.DAY) == 40
    assert percentages.of(Channel.BOX_OFFICE, SalePhase.DAY) == 100
    assert QuotaPercentages(backend_presale=0, online_presale=60).of(Channel.BACKEND, SalePhase.PRESALE) == 0


def test_each_of_the_six_percentages_is_for_its_channel_and_phase_only() -> None:
    names = [f"{channel.value}_{phase.value}".lower() for channel, phase in product(Channel, SalePhase)]
    percentages = QuotaPercentages(**{name: number for number, name in enumerate(names)})
    assert [percentages.of(*pair) for pair in product(Channel, SalePhase)] == list(range(6))


@given(size=st.integers(0, 10**6), percent=st.integers(0, 100), used=st.integers(0, 10**6))
def test_r4_6_a_channel_never_has_more_than_its_cap_leaves_nor_than_is_open_in_all(
    size: int, percent: int, used: int
) -> None:
    cap = cap_of(size, percent)
    available = available_of(size, cap, used)
    assert 0 <= cap * 100 <= size * percent < (cap + 1) * 100 or percent == 0 == cap
    assert available == 0 or used + available <= min(cap, size)

"""The whole on-sale from end to end: real services, real stores, buyers in a burst; everything holds at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.rig import demo

BUYERS = 150

pytestmark = pytest.mark.slow


def test_an_on_sale_ends_with_every_seat_sold_once(tmp_path: Path) -> None:
    ended, figures = demo(tmp_path, "--buyers", str(BUYERS), "--seed", "7")
    assert ended.status == 0, ended.told
    assert figures["seats"] == 618
    assert figures["buyers"] == BUYERS
    assert figures["audit"] == "ok"
    assert (figures["double_sales"], figures["unresolved"], figures["lost_tickets"], figures["errors"]) == (0, 0, 0, 0)
    assert figures["sold"] > 100
    # A buyer whose money came late went home before the tickets came.
    assert figures["orders_confirmed"] >= figures["outcomes"]["tickets"] > 50
    assert figures["orders_cancelled"] > 0  # declined and abandoned
    assert 0 < figures["hold_p50_ms"] <= figures["hold_p99_ms"]
    assert figures["holds_per_second"] > 0
    assert figures["seconds"] > 0
    assert sum(figures["outcomes"].values()) == BUYERS


@pytest.mark.parametrize("victim", ["inventory", "orders", "payments", "reporting"])
def test_a_service_killed_in_the_middle_of_the_sale_costs_nothing(victim: str, tmp_path: Path) -> None:
    ended, figures = demo(tmp_path, "--buyers", "60", "--seed", "11", "--kill", victim)
    assert ended.status == 0, ended.told
    assert figures["killed"] == victim
    assert figures["restarts"][victim] == 1
    assert (figures["audit"], figures["double_sales"], figures["unresolved"]) == ("ok", 0, 0)

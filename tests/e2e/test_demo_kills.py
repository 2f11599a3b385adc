"""A sale in the middle of which a service is killed, or whose provider misbehaves, ends as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.rig import demo

pytestmark = pytest.mark.slow


def test_a_provider_on_its_worst_day_and_a_kill_of_payments_leave_no_order_unresolved(tmp_path: Path) -> None:
    ended, figures = demo(tmp_path, "--buyers", "60", "--seed", "11", "--kill", "payments", "--provider-chaos")
    assert ended.status == 0, ended.told
    assert "seed 11" in ended.told
    assert (figures["killed"], figures["restarts"]["payments"]) == ("payments", 1)
    assert (figures["audit"], figures["double_sales"], figures["unresolved"]) == ("ok", 0, 0)
    assert (figures["lost_tickets"], figures["errors"]) == (0, 0)
    assert figures["orders_confirmed"] > 0


@pytest.mark.parametrize("victim", ["orders", "reporting"])
def test_a_service_killed_in_the_middle_of_the_sale_costs_nothing(victim: str, tmp_path: Path) -> None:
    ended, figures = demo(tmp_path, "--buyers", "60", "--seed", "11", "--kill", victim)
    assert ended.status == 0, ended.told
    assert figures["killed"] == victim
    assert figures["restarts"][victim] == 1
    assert (figures["audit"], figures["double_sales"], figures["unresolved"]) == ("ok", 0, 0)

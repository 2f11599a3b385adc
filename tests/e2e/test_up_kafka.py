"""The whole stack on a Kafka broker of its own: one option, and everything else is as ever; restarts lose nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.console.stack.blueprint import CONSUMING
from services.console.stack.data_folder import make_temp_folder, remove_temp_folder
from services.runtime.ids import RandomIds
from services.runtime.testing import eventually_sync
from tests.e2e.rig import Up, balcon, processes_of

pytestmark = [pytest.mark.slow, pytest.mark.kafka]
PAUSED = "reporting-1-counts"
CATCH_UP_SECONDS = 120.0


def told(data: Path, *arguments: str) -> Any:
    """What a command says as JSON."""
    ended = balcon(*arguments, "--data", str(data), "--json")
    assert ended.status == 0, ended.told
    return msgspec.json.decode(ended.output)


def lag_of(data: Path, group: str) -> int:
    """Messages that the group has not worked off."""
    return sum(lag["lag"] for lag in told(data, "bus", "lag") if lag["group"] == group)


def paused(data: Path) -> dict[str, str]:
    """The paused groups, each with its service."""
    return {group["group"]: group["service"] for group in told(data, "bus", "groups") if "paused_at" in group}


def test_the_stack_runs_on_kafka_with_one_option_and_a_pause_outlives_its_restart() -> None:
    data = make_temp_folder(RandomIds())
    try:
        with Up(data, "--bus", "kafka") as up:
            assert up.told["bus"] == "kafka"
            groups = told(data, "bus", "groups")
            assert {group["service"] for group in groups} == set(CONSUMING)
            assert all(group["group"].partition("-")[0] == group["service"] for group in groups)
            assert told(data, "bus", "pause", PAUSED)["service"] == "reporting"
            crowd = told(data, "onsale", "--buyers", "200", "--rate", "200", "--seats", "400")
            assert crowd["audit"] == "ok"
            eventually_sync(lambda: lag_of(data, PAUSED) > 0, CATCH_UP_SECONDS)
            assert up.interrupt() == 0
        assert processes_of(data) == []

        other = balcon("up", "--bus", "postgres", "--data", str(data))
        assert other.status == 2
        assert "another bus" in other.errors
        # The folder knows which bus it has.
        with Up(data, "--no-integrations") as up:
            assert up.told["bus"] == "kafka"
            assert paused(data) == {PAUSED: "reporting"}
            waiting = lag_of(data, PAUSED)
            assert waiting > 0
            assert told(data, "bus", "resume", PAUSED)["group"] == PAUSED
            eventually_sync(lambda: lag_of(data, PAUSED) == 0, CATCH_UP_SECONDS)
            assert told(data, "bus", "rebuild", "availability")["rebuilt"]
            assert up.interrupt() == 0
        assert processes_of(data) == []
    finally:
        remove_temp_folder(data)

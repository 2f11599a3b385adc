"""`balcon up` for people: addresses that answer, a stop that leaves nothing behind, data that is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import grpc
import httpx
import msgspec
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as pb
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub

from services.console.stack.data_folder import make_temp_folder, remove_temp_folder
from services.runtime.ids import RandomIds
from services.runtime.rpc.probe import is_serving
from services.runtime.testing import eventually_sync
from tests.e2e.rig import Up, balcon, processes_of, service_of

pytestmark = pytest.mark.slow
CALL_SECONDS = 60.0


def assert_answers(told: dict[str, object]) -> None:
    """Every address that `up` printed answers."""
    targets, metrics = told["targets"], told["metrics"]
    assert isinstance(targets, dict) and isinstance(metrics, dict)
    assert set(targets) == {
        "accounts",
        "catalogue",
        "customers",
        "inventory",
        "payments",
        "orders",
        "reporting",
        "ticketing",
        "podiumkunst",
        "trackers",
        "mailchimp",
        "webhooks",
    }
    for target in targets.values():
        assert is_serving(target)
    for url in [*metrics.values(), f"{told['pay_page']}/health"]:
        assert httpx.get(url, timeout=CALL_SECONDS, trust_env=False).status_code == 200


def performances(told: dict[str, object]) -> list[str]:
    """Of the demo house, by id."""
    targets = told["targets"]
    assert isinstance(targets, dict)
    with grpc.insecure_channel(targets["catalogue"]) as channel:
        request = pb.ListPerformancesRequest(house_id=str(told["house_id"]))
        metadata = (("authorization", service_of(Path(str(told["data"])))()),)
        response = CatalogueServiceStub(channel).ListPerformances(request, timeout=CALL_SECONDS, metadata=metadata)
        return [performance.performance_id for performance in response.performances]


def test_up_answers_stops_cleanly_and_keeps_its_data() -> None:
    data = make_temp_folder(RandomIds())
    try:
        with Up(data) as up:
            assert_answers(up.told)
            first = up.told
            assert performances(first) == [first["performance_id"]]
            second_stack = balcon("up", "--data", str(data))
            assert second_stack.status == 2
            assert "runs on this data folder already" in second_stack.errors
            audit = balcon("audit", "--data", str(data), "--json")
            assert audit.status == 0, audit.told
            assert msgspec.json.decode(audit.output)["audit"] == "ok"
            size = ("--buyers", "600", "--rate", "600", "--seats", "1000")
            crowd = balcon("onsale", *size, "--json", "--data", str(data))
            assert crowd.status == 0, crowd.told
            told = msgspec.json.decode(crowd.output)
            assert told["audit"] == "ok"
            assert told["granted"] + told["gave_up"] == 600
            assert told["held_by_owner"] == told["seats_held"] > 900
            totals = balcon("totals", "--data", str(data))
            assert totals.status == 0, totals.told
            assert up.interrupt() == 0
        assert processes_of(data) == []

        with Up(data, "--no-integrations") as up:
            assert up.told["targets"].items() < first["targets"].items()
            assert "podiumkunst" not in up.told["targets"]
            assert performances(up.told) == [first["performance_id"]]
            assert balcon("down", "--data", str(data)).status == 0
            assert up.wait() == 0
        assert processes_of(data) == []
        assert balcon("audit", "--data", str(data)).status == 2
    finally:
        remove_temp_folder(data)


def test_a_data_folder_that_vanishes_ends_the_stack_with_a_word_and_no_new_database() -> None:
    data = make_temp_folder(RandomIds())
    try:
        with Up(data, "--no-integrations") as up:
            # As people do it; what is written meanwhile stays.
            shutil.rmtree(data / "postgres" / "pgdata", ignore_errors=True)
            assert up.wait() == 2
            assert "removed or replaced beneath it" in " ".join(up.errors.split())
        assert not (data / "postgres" / "pgdata" / "PG_VERSION").exists()
    finally:
        remove_temp_folder(data)


class OutOfTime(Exception):
    """As pytest-timeout ends a test: from the middle of whatever it waits for."""


def test_a_test_that_runs_out_of_time_leaves_no_stack_behind() -> None:
    data = make_temp_folder(RandomIds())

    class NeverTold(Up):
        def first_document(self) -> str:
            eventually_sync((data / "postgres" / "lock").exists, CALL_SECONDS)
            assert processes_of(data) != []
            raise OutOfTime

    try:
        with pytest.raises(OutOfTime), NeverTold(data):
            pass
        assert processes_of(data) == []
    finally:
        remove_temp_folder(data)

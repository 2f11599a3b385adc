"""Runs the bus contract on every adapter; says what librdkafka's mock broker cannot show where it replaces Kafka."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime.bus.factory import open_bus
from services.runtime.bus.port import Bus, ManagedBus
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.testing.servers import DatabaseUrl
from tests.contract.bus.reading import Desk

NOT_SHOWN_BY_MOCK = pytest.StashKey[list[str]]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`bus_name`: every adapter; tests marked `kafka` need a real broker, so the mock is no parameter of theirs."""
    if "bus_name" not in metafunc.fixturenames:
        return
    adapters = ["memory", "postgres", "kafka"]
    if metafunc.definition.get_closest_marker("kafka") and not _real_kafka():
        adapters.remove("kafka")
        metafunc.config.stash.setdefault(NOT_SHOWN_BY_MOCK, []).append(metafunc.definition.name)
    metafunc.parametrize("bus_name", adapters)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of Kafka alone: without a real broker they are not run either, and are named with the others."""
    if _real_kafka():
        return
    own = [item for item in items if Path(__file__).parent in item.path.parents and _is_of_kafka_alone(item)]
    if own:
        config.stash.setdefault(NOT_SHOWN_BY_MOCK, []).extend(item.name for item in own)
        config.hook.pytest_deselected(items=own)
        items[:] = [item for item in items if item not in own]


def _is_of_kafka_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("kafka") is not None and "bus_name" not in getattr(item, "fixturenames", ())


def _real_kafka() -> bool:
    # Where a broker is compulsory, its cases are collected and the fixture fails when it is missing.
    return bool(os.environ.get("BALCON_TEST_KAFKA")) or os.environ.get("BALCON_REQUIRE_KAFKA") == "1"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The claims that were not tested on Kafka."""
    not_shown = terminalreporter.config.stash.get(NOT_SHOWN_BY_MOCK, [])
    if not_shown:
        terminalreporter.section("not shown on Kafka: the mock broker has no groups of two, set BALCON_TEST_KAFKA")
        for name in not_shown:
            terminalreporter.line(name)


@pytest.fixture
def bus_url(bus_name: str, request: pytest.FixtureRequest) -> str:
    """Where the adapter under test connects."""
    if bus_name == "kafka":
        return f"kafka://{request.getfixturevalue('kafka_bootstrap')}"
    if bus_name == "postgres":
        database_url: DatabaseUrl = request.getfixturevalue("database_url")
        return database_url()
    return "memory://"


@pytest.fixture
async def bus(bus_url: str) -> AsyncIterator[ManagedBus]:
    """The adapter under test."""
    bus = open_bus(bus_url, clock=SystemClock(), ids=RandomIds(), client_id="contract")
    yield bus
    await bus.close()


@pytest.fixture
async def desk(bus: Bus) -> Desk:
    """A topic and a group that no other test has."""
    desk = Desk(bus, RandomIds().new_id("test"))
    await desk.open()
    return desk

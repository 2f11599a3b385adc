"""Topics are declared in one place with partitions and retention; consumer groups are named after their services."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.console.stack.blueprint import CONSUMING
from services.reporting.adapters.projections.registry import PROJECTIONS
from services.reporting.ports.generations import group_of
from services.runtime.bus.kafka_admin import settings_of
from services.runtime.bus.topics import COMPACTED, KEPT_SECONDS, TOPICS
from services.runtime.sql.migrations import package_of
from tests.architecture.tree import called_name, modules, parsed

DECLARED = Path("services/runtime/bus/topics.py")
CONSUMERS = {"EventConsumer", "StateConsumer", "consume"}


def consuming_services() -> set[str]:
    """Every service that makes a consumer, by the calls in its modules."""
    return {
        module.parts[2] if module.parts[1] == "integrations" else module.parts[1]
        for module in modules()
        if module.parts[0] == "services" and module.parts[1] != "runtime"
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Call) and called_name(node) in CONSUMERS
    }


def topics_named_in(tree: ast.Module) -> Iterator[str]:
    """Texts of a module that are a topic's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in TOPICS:
            yield str(node.value)


def test_a_topic_is_named_in_one_place_only() -> None:
    assert set(topics_named_in(parsed(DECLARED))) == set(TOPICS)
    elsewhere = {
        (module.as_posix(), topic)
        for module in modules()
        if module.parts[0] == "services" and module != DECLARED
        for topic in topics_named_in(parsed(module))
    }
    assert elsewhere == set()


def test_a_topic_named_by_its_text_is_found() -> None:
    assert [*topics_named_in(ast.parse('bus.subscribe("g", ["balcon.orders.v1", "balcon.other"])'))] == [
        "balcon.orders.v1"
    ]


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_every_topic_says_its_partitions_and_how_long_it_keeps_its_messages(topic: str) -> None:
    assert TOPICS[topic] in {4, 8}
    assert topic not in COMPACTED & KEPT_SECONDS.keys()
    settings = settings_of(topic)
    if topic in COMPACTED:
        assert settings == {"cleanup.policy": "compact"}
    else:
        kept_ms = KEPT_SECONDS[topic] * 1_000 if topic in KEPT_SECONDS else -1
        assert settings == {"cleanup.policy": "delete", "retention.ms": str(kept_ms), "retention.bytes": "-1"}


def test_retention_is_said_of_topics_only_that_there_are() -> None:
    assert set(TOPICS) >= COMPACTED | KEPT_SECONDS.keys()


def test_operators_are_told_of_every_service_that_consumes() -> None:
    assert set(CONSUMING) == consuming_services()


@pytest.mark.parametrize("service", sorted(set(CONSUMING) - {"reporting"}))
def test_a_group_is_named_after_its_service(service: str) -> None:
    group = importlib.import_module(f"{package_of(service)}.main").GROUP
    assert group.partition("-")[0] == service


@pytest.mark.parametrize("model", sorted(PROJECTIONS))
def test_the_groups_of_read_models_are_named_after_reporting(model: str) -> None:
    assert group_of(7, model).startswith("reporting-")

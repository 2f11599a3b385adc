"""Style rule 15: every metric is made in services/runtime/telemetry/metrics.py and says what it means."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from services.runtime.telemetry import metrics
from services.runtime.telemetry.exposition import OwnMetrics
from tests.architecture.tree import ROOT, called_name, modules, parsed

HOME = Path("services/runtime/telemetry/metrics.py")
KINDS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
UNITS = ("_seconds", "_total", "_bytes", "_ratio")


def declared() -> Iterator[MetricWrapperBase]:
    """Every metric object of the one place."""
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase):
            yield value


def test_metrics_are_made_in_one_place_only() -> None:
    elsewhere = [
        f"{path}:{node.lineno}"
        for path in modules()
        if path != HOME and path.parts[0] == "services"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom)
        and node.module == "prometheus_client"
        and KINDS & {alias.name for alias in node.names}
    ]
    made = [
        f"{path}:{node.lineno}"
        for path in modules()
        if path != HOME and path.parts[0] == "services"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "prometheus_client"
        and called_name(node) in KINDS
    ]
    assert not elsewhere + made


def test_every_metric_has_balcons_prefix_and_its_unit_last() -> None:
    for metric in declared():
        (family,) = metric.describe()
        assert re.fullmatch(r"balcon_[a-z0-9_]+", family.name)
        if isinstance(metric, Histogram) and "commands" not in family.name:
            assert family.name.endswith(UNITS), family.name


def test_every_metric_says_what_it_means() -> None:
    for metric in declared():
        (family,) = metric.describe()
        assert isinstance(metric, Counter | Gauge | Histogram)
        assert family.documentation.endswith("."), family.name


def test_a_metrics_name_says_whose_it_is() -> None:
    services = {path.parent.name for path in (ROOT / "services").rglob("main.py")}
    for metric in declared():
        (family,) = metric.describe()
        assert family.name.split("_")[1] in metrics.SHARED | services, family.name
    assert not metrics.SHARED & services


def test_a_process_tells_its_own_metrics_only() -> None:
    """A zero that nobody counts is a lie: payments has no opinion on the seats."""
    for service in ("customers", "inventory", "orders", "payments", "reporting", "ticketing"):
        names = {family.name for family in OwnMetrics(service).collect() if family.name.startswith("balcon_")}
        others = {name for name in names if name.split("_")[1] not in metrics.SHARED | {service}}
        assert not others
        assert "balcon_rpc_seconds" in names
        assert any(name.startswith("balcon_orders_") for name in names) == (service == "orders")

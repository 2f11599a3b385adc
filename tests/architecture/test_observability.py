"""Dashboards, alerts and scrape targets name only what exists: metrics, labels and containers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase

from services.runtime.telemetry import metrics
from tests.architecture.tree import ROOT
from tools.generate_docs import exposed_names

NAME = re.compile(r"\bbalcon_[a-z0-9_]+")
SELECTOR = re.compile(r"(balcon_[a-z0-9_]+)\{([^}]*)\}")


def known() -> dict[str, set[str]]:
    """Every series that some process exposes, with its labels; `service`, `job` and `instance` come from the scrape."""
    found = {}
    for value in vars(metrics).values():
        if isinstance(value, MetricWrapperBase):
            name, _, labels = exposed_names(value)
            for suffix in ("_bucket", "_sum", "_count") if isinstance(value, Histogram) else ("",):
                found[name + suffix] = {*labels, "service", "job", "instance", "le"}
    return found


def panel_expressions() -> Iterator[str]:
    """Every query of the dashboards."""
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        for panel in json.loads(path.read_text())["panels"]:
            yield from (target["expr"] for target in panel["targets"])


def alert_expressions() -> Iterator[str]:
    """Every query of the alerts."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    for group in rules["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def expressions() -> Iterator[str]:
    """Every query of the dashboards and of the alerts."""
    yield from panel_expressions()
    yield from alert_expressions()


def test_every_metric_in_dashboards_and_alerts_exists() -> None:
    used = {name for expression in expressions() for name in NAME.findall(expression)}
    assert len(used) > 10
    assert used <= known().keys()


def test_every_label_that_is_grouped_or_selected_by_exists() -> None:
    for expression in expressions():
        labels = set().union(*(known()[name] for name in NAME.findall(expression) if name in known()), {"job"})
        for group in re.findall(r"by \(([^)]*)\)", expression):
            assert {label.strip() for label in group.split(",")} <= labels, expression
        for name, selector in SELECTOR.findall(expression):
            assert {re.split("[=!]", part)[0].strip() for part in selector.split(",")} <= known()[name], expression


def takes(matchers: str, label: str, value: str) -> bool:
    """Whether a selector takes series whose label has this value; PromQL's expressions match from end to end."""
    for name, operator, pattern in re.findall(r"(\w+)(=~|!~|!=|=)\"([^\"]*)\"", matchers):
        if name == label:
            hit = re.fullmatch(pattern, value) is not None if "~" in operator else pattern == value
            if hit == operator.startswith("!"):
                return False
    return True


def test_no_ratio_of_failed_calls_counts_callers_that_went_away() -> None:
    """Neither as failures nor among all calls, where a crowd that leaves would hide the failures of those who stay."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    expressions_by_code = [
        rule["expr"] for group in rules["groups"] for rule in group["rules"] if re.search(r"\bcode[=!]", rule["expr"])
    ]
    assert len(expressions_by_code) == 1
    for expression in expressions_by_code:
        counted = re.findall(r"balcon_rpc_seconds_count(?:\{([^}]*)\})?", expression)
        assert len(counted) == 2
        assert not [matchers for matchers in counted if takes(matchers, "code", "CANCELLED")]
        assert all(takes(matchers, "code", "UNAVAILABLE") for matchers in counted)


def test_every_alert_says_what_to_do() -> None:
    rules: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"].keys() >= {"summary", "action"}, rule["alert"]


def test_operations_says_what_to_do_for_every_alert_and_for_no_other() -> None:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    page = (ROOT / "docs/operations.md").read_text().partition("## What each alert means")[2].partition("\n## ")[0]
    told = re.findall(r"^\| `([A-Z]\w+)` \|", page, re.MULTILINE)
    assert sorted(told) == sorted(rule["alert"] for group in rules["groups"] for rule in group["rules"])


def test_no_alert_waits_for_a_number_that_a_small_house_never_reaches() -> None:
    """What is compared with more than a few is a count: ages are in seconds, ratios below one."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            limit = float(re.split(r"[<>=]+", rule["expr"])[-1])
            assert limit <= 5 or "_seconds" in rule["expr"] or "turn_commands" in rule["expr"], rule["alert"]


def test_prometheus_scrapes_every_container_that_serves_metrics() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    serving = {
        f"{name}:{value}"
        for name, service in services.items()
        for variable, value in service.get("environment", {}).items()
        if variable.endswith("_METRICS_PORT")
    }
    jobs = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    scraped = {target for job in jobs for static in job["static_configs"] for target in static["targets"]}
    assert scraped == serving


def test_dashboards_ask_the_provisioned_data_source() -> None:
    sources = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    uids = {source["uid"] for source in sources}
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        for panel in json.loads(path.read_text())["panels"]:
            assert {target["datasource"]["uid"] for target in panel["targets"]} <= uids


def test_every_figure_that_an_alert_judges_is_drawn_on_a_dashboard() -> None:
    """Whoever is woken by an alert sees how its figure came there, and the ones beside it."""
    judged = {name for expression in alert_expressions() for name in NAME.findall(expression)}
    drawn = {name for expression in panel_expressions() for name in NAME.findall(expression)}
    assert {_metric(name) for name in judged} - {_metric(name) for name in drawn} == set()


def _metric(series: str) -> str:
    """A histogram's series are one figure."""
    return re.sub("_(bucket|count|sum)$", "", series)

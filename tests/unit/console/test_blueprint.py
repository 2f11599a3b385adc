"""The one place that wires the services: what it tells a process is what that process's settings ask for."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from pydantic_settings import BaseSettings

from services.console.commands.demo import FAST, NORMAL, Tempo
from services.console.stack.blueprint import (
    BUS_DATABASE,
    GRPC_SERVICES,
    INTEGRATIONS,
    PARTS,
    ServicePart,
    Surroundings,
    environment_of,
    is_wanted,
    port_names,
    target_of,
)

SETTINGS = {
    "accounts": ("services.accounts.settings", "AccountsSettings"),
    "catalogue": ("services.catalogue.settings", "CatalogueSettings"),
    "inventory": ("services.inventory.settings", "InventorySettings"),
    "sandbox": ("services.payments.sandbox.settings", "SandboxSettings"),
    "payments": ("services.payments.settings", "PaymentsSettings"),
    "orders": ("services.orders.settings", "OrdersSettings"),
    "reporting": ("services.reporting.settings", "ReportingSettings"),
    "customers": ("services.customers.settings", "CustomersSettings"),
    "ticketing": ("services.ticketing.settings", "TicketingSettings"),
    "dip": ("services.integrations.podiumkunst.sandbox.settings", "DipSettings"),
    "podiumkunst": ("services.integrations.podiumkunst.settings", "PodiumkunstSettings"),
    "trackers": ("services.integrations.trackers.settings", "TrackersSettings"),
    "mailchimp": ("services.integrations.mailchimp.settings", "MailchimpSettings"),
    "webhooks": ("services.integrations.webhooks.settings", "WebhooksSettings"),
}


# Of a real company; what ends in .example is nobody's.
OUTSIDE = re.compile(r"https?://(?!127\.0\.0\.1|[\w.-]+\.example\b|localhost\b)")


def settings_class(part: ServicePart) -> type[BaseSettings]:
    """The class that the part's main builds."""
    module, name = SETTINGS[part.name]
    found: type[BaseSettings] = getattr(import_module(module), name)
    return found


def world(tuning: dict[str, str] | None = None) -> Surroundings:
    """Made-up addresses."""
    ports = {name: 20_000 + index for index, name in enumerate(port_names())}
    databases = [part.database for part in PARTS if part.database] + [BUS_DATABASE]
    urls = {name: f"postgresql+asyncpg://postgres@127.0.0.1:1/{name}" for name in databases}
    return Surroundings(
        ports=ports,
        database_urls=urls,
        redis_url="redis://127.0.0.1:2/0",
        bus_url=urls[BUS_DATABASE],
        webhook_secret="hook",
        sealing_secret="a sealing secret of tests",
        service_key="key",
        data_dir="/data",
        tuning=tuning or {},
    )


@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_each_process_is_told_everything_it_needs_and_nothing_it_ignores(
    part: ServicePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = environment_of(part, world(), {})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = settings_class(part)()
    prefix = f"BALCON_{part.name.upper()}_"
    told = {name.removeprefix(prefix).lower() for name in environment if name.startswith(prefix)}
    assert told <= set(type(settings).model_fields)


@pytest.mark.parametrize("tempo", [NORMAL, FAST], ids=["normal", "fast"])
def test_a_tempo_sets_settings_that_exist_to_values_they_allow(tempo: Tempo, monkeypatch: pytest.MonkeyPatch) -> None:
    known = set()
    for part in PARTS:
        for name, value in environment_of(part, world(tempo.tuning()), {}).items():
            monkeypatch.setenv(name, value)
        settings = settings_class(part)()
        known |= {f"BALCON_{part.name.upper()}_{field.upper()}" for field in type(settings).model_fields}
    assert set(tempo.tuning()) <= known


def test_services_are_told_where_the_others_answer() -> None:
    orders = next(part for part in PARTS if part.name == "orders")
    environment = environment_of(orders, world(), {"PATH": "/bin", "BALCON_ORDERS_LOG_LEVEL": "debug"})
    for needed in ("inventory", "catalogue", "payments"):
        assert environment[f"BALCON_ORDERS_{needed.upper()}_TARGET"] == target_of(needed, world().ports)
    assert environment["BALCON_ORDERS_LOG_LEVEL"] == "debug"  # the caller's, where the stack decides nothing


def test_no_two_servers_share_a_port() -> None:
    assert len(set(port_names())) == len(port_names()) == 2 * len(GRPC_SERVICES) + 5


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_nothing_that_runs_on_one_machine_asks_a_real_company_unless_it_is_told_to(part: ServicePart) -> None:
    """Tests and the demo start these: each address that a setting has by itself is replaced by one of this machine."""
    prefix = f"BALCON_{part.service.upper()}_"
    outside = [
        f"{prefix}{name.upper()}"
        for name, field in settings_class(part).model_fields.items()
        if OUTSIDE.match(str(field.default))
    ]
    environment = environment_of(part, world(), {})
    assert [name for name in outside if "//127.0.0.1:" not in environment.get(name, "")] == []


def test_whoever_wants_a_real_company_asked_says_so_by_the_variable() -> None:
    [part] = [part for part in PARTS if part.name == "mailchimp"]
    told = {"BALCON_MAILCHIMP_API_URL": "https://{data_centre}.api.mailchimp.com/3.0"}
    assert environment_of(part, world(), told)["BALCON_MAILCHIMP_API_URL"] == told["BALCON_MAILCHIMP_API_URL"]


def test_a_stack_has_the_integrations_that_are_wanted_and_the_pretended_platform_with_its_exporter() -> None:
    def names(*integrations: str) -> set[str]:
        return {part.name for part in PARTS if is_wanted(part, integrations)}

    assert names(*INTEGRATIONS) == {part.name for part in PARTS}
    assert names() == names(*INTEGRATIONS) - {*INTEGRATIONS, "dip"}
    assert names("podiumkunst") == names() | {"podiumkunst", "dip"}
    assert names("webhooks") == names() | {"webhooks"}

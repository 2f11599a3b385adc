"""docker-compose.yml, held without an engine: schema, secrets, ports, and that every variable is a real setting."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator

from services.runtime.sql.migrations import package_of
from tests.architecture.tree import ROOT
from tools.generate_docs import environment_name, settings_classes

OWN_IMAGE = "balcon:local"
SECRET = re.compile(r"\$\{BALCON_[A-Z_]+_(?:PASSWORD|KEY):\?[^}]+\}")
SERVICES = (
    "accounts",
    "catalogue",
    "customers",
    "inventory",
    "mailchimp",
    "orders",
    "payments",
    "podiumkunst",
    "reporting",
    "ticketing",
    "trackers",
    "webhooks",
)


@cache
def compose() -> dict[str, Any]:
    """The file as Compose reads it, anchors resolved."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


def own() -> Mapping[str, dict[str, Any]]:
    """The containers made from deploy/Dockerfile."""
    return {name: service for name, service in compose()["services"].items() if service.get("image") == OWN_IMAGE}


def settings_variables() -> dict[str, bool]:
    """Every variable that some service reads, and whether it must be set."""
    return {
        environment_name(settings, name): field.is_required()
        for _, settings in settings_classes()
        for name, field in settings.model_fields.items()
    }


def test_the_file_keeps_the_compose_specifications_schema() -> None:
    schema = json.loads((ROOT / "tests/architecture/schemas/compose_spec.json").read_text())
    errors = [f"{list(error.path)}: {error.message}" for error in Draft201909Validator(schema).iter_errors(compose())]
    assert not errors


def test_the_schema_refuses_a_key_that_compose_does_not_know() -> None:
    schema = json.loads((ROOT / "tests/architecture/schemas/compose_spec.json").read_text())
    assert not Draft201909Validator(schema).is_valid({"services": {"orders": {"imagee": OWN_IMAGE}}})


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_container_of_its_own(service: str) -> None:
    container = own()[service]
    assert container["command"][-1] == f"{package_of(service)}.main"
    assert ROOT.joinpath(*package_of(service).split("."), "main.py").is_file()


def test_every_variable_of_a_container_is_a_setting_of_its_service() -> None:
    known = settings_variables()
    unknown = [
        f"{name}: {variable}"
        for name, service in own().items()
        for variable in service["environment"]
        if variable not in known
    ]
    assert not unknown


@pytest.mark.parametrize("service", SERVICES)
def test_every_required_setting_is_given(service: str) -> None:
    prefix = f"BALCON_{service.upper()}_"
    required = {name for name, must in settings_variables().items() if must and name.startswith(prefix)}
    assert required <= own()[service]["environment"].keys()


def test_everything_is_published_on_loopback_only() -> None:
    for name, service in compose()["services"].items():
        for port in service.get("ports", []):
            assert str(port).startswith("127.0.0.1:"), (name, port)


def test_no_two_containers_publish_the_same_port() -> None:
    ports = [port.split(":")[1] for service in compose()["services"].values() for port in service.get("ports", [])]
    assert len(ports) == len(set(ports))


def test_no_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert SECRET.search(text)
    leftover = SECRET.sub("", text)
    assert "${" not in leftover
    assert not re.findall(r"(?i)(?:password|secret|token)\w*:[ \t]*[^\s$].*", leftover)
    example = (ROOT / ".env.example").read_text()
    assert {line for line in example.splitlines() if "=" in line} == {
        f"{name}=" for name in re.findall(r"\$\{(BALCON_[A-Z_]+):\?", text)
    }


def test_every_lasting_container_says_whether_it_is_healthy() -> None:
    silent = [
        name
        for name, service in compose()["services"].items()
        if "healthcheck" not in service and service.get("restart") != "no"
    ]
    assert not silent


def test_valkey_acknowledges_only_what_is_on_disk() -> None:
    command = compose()["services"]["valkey"]["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--appendfsync") + 1] == "always"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_files_that_containers_mount_exist() -> None:
    for name, service in compose()["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith("./") else source in compose()["volumes"], (
                name,
                volume,
            )


def test_databases_are_made_for_every_service_that_migrates() -> None:
    made = re.search(r"for service in (.*); do", (ROOT / "deploy/postgres/databases.sh").read_text())
    assert made is not None
    assert made.group(1).split() == compose()["services"]["migrations"]["command"][3:]


def test_one_container_builds_the_image_and_the_others_wait_for_it() -> None:
    """Several that build one tag at a time fail: the last step of each is to name it."""
    building = [name for name, service in own().items() if "build" in service]
    assert building == ["migrations"]
    others = own().keys() - {*building, "sandbox", "dip"}
    assert all("migrations" in own()[name]["depends_on"] for name in others)
    assert all(own()[name]["pull_policy"] == "never" for name in own().keys() - {*building})


def test_the_image_installs_hashed_packages_and_runs_as_nobody_in_particular() -> None:
    text = (ROOT / "deploy/Dockerfile").read_text()
    installs = re.findall(r"install (?:--require-hashes|--no-deps --no-index)", text)
    assert len(installs) == text.count("pip install") + text.count("/opt/balcon/bin/python install")
    assert re.search(r"^USER \d+", text, re.MULTILINE)

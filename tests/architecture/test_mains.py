"""One way to build a service: a main takes engine, bus, relay and consumers from its Service, and makes none itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import called_name, modules, parsed

MADE_BY_SERVICE = {"create_engine", "open_bus", "OutboxRelay", "EventConsumer", "serve_bus"}
# The command that builds read models anew is no service.
OTHER = {
    ("services/reporting/main.py", "create_engine"),
    ("services/reporting/main.py", "open_bus"),
}


def made(tree: ast.Module) -> Iterator[str]:
    """What the module makes that a Service makes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called_name(node) in MADE_BY_SERVICE:
            yield called_name(node)


def test_mains_take_their_parts_from_the_service() -> None:
    mains = [module for module in modules() if module.parts[0] == "services" and module.name == "main.py"]
    assert Path("services/orders/main.py") in mains
    assert {(main.as_posix(), name) for main in mains for name in made(parsed(main))} == OTHER


def test_every_service_that_audits_its_record_looks_at_the_wall_between_houses_too() -> None:
    mains = [module for module in modules() if module.parts[0] == "services" and module.name == "main.py"]
    calls = {
        main.as_posix(): [called_name(node) for node in ast.walk(parsed(main)) if isinstance(node, ast.Call)]
        for main in mains
    }
    auditing = {main for main, names in calls.items() if "serve_audit" in names}
    assert len(auditing) > 4
    assert {main for main in auditing if "WalledAudit" not in calls[main]} == set()


@pytest.mark.parametrize("text", ["engine = create_engine(url)", "relay = relays.OutboxRelay(engine, bus)"])
def test_a_main_that_makes_a_part_itself_is_found(text: str) -> None:
    assert len([*made(ast.parse(text))]) == 1

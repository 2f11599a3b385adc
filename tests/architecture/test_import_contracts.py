"""The import contracts bite: a small tree of services that breaks one of them is refused, by that contract's name."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = (
    "accounts",
    "catalogue",
    "console",
    "integrations",
    "inventory",
    "orders",
    "payments",
    "reporting",
    "customers",
    "ticketing",
)
RUNTIME = ("bus", "clock", "errors", "outbox", "rpc", "settings", "sql", "telemetry")
WHOLE = {
    "services.orders.main": "import services.orders.adapters.postgres_orders, services.orders.settings",
    "services.orders.settings": "import services.runtime.settings",
    "services.orders.api.servicer": "import balcon, services.orders.handlers.check_out",
    "services.orders.handlers.check_out": "import services.orders.ports, services.runtime.clock",
    "services.orders.adapters.postgres_orders": "import sqlalchemy, balcon, services.orders.ports",
    "services.orders.ports": "import services.orders.domain.order",
    "services.orders.domain.order": "import services.runtime.errors, services.contracts.texts",
    "services.orders.migrations.env": "import services.orders.adapters.postgres_orders",
    "services.payments.adapters.sandbox_provider": "import httpx",
    "services.payments.api.servicer": "import balcon",
    "services.payments.domain.payment": "import services.runtime.errors",
    "services.payments.handlers.pursue": "import services.payments.domain.payment",
    "services.payments.sandbox.main": "import starlette, services.payments.sandbox.pages",
    "services.payments.sandbox.pages": "import starlette",
    "services.integrations.tracker.main": "import services.integrations.tracker.adapters.http_tracker",
    "services.integrations.tracker.handlers.send": "import services.integrations.tracker.domain.step",
    "services.integrations.tracker.adapters.http_tracker": "import httpx, services.integrations.tracker.domain.step",
    "services.integrations.tracker.domain.step": "import services.contracts.texts",
    "services.integrations.exporter.domain.figures": "",
    "services.contracts.money_messages": "import balcon, services.runtime.errors",
    "services.contracts.texts": "import services.runtime.errors",
    "services.runtime.rpc.server": "import grpc, google.rpc, services.runtime.telemetry",
}


def write_tree(folder: Path, modules: Mapping[str, str]) -> None:
    """Writes packages and modules; a module's text is its one line of imports."""
    wanted = {f"services.{name}.__init__": "" for name in (*SERVICES, "contracts", "paper", "runtime")}
    wanted |= {f"services.runtime.{name}.__init__": "" for name in RUNTIME}
    for name, text in (wanted | dict(modules)).items():
        path = folder.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
        for parent in path.relative_to(folder).parents:
            if parent != Path():
                (folder / parent / "__init__.py").touch()


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the repository's contracts over the tree in `folder`."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", "--config", ROOT / ".importlinter"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_service_of_the_usual_shape_keeps_every_contract(tmp_path: Path) -> None:
    write_tree(tmp_path, WHOLE)
    done = lint(tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "imports", "contract"),
    [
        ("services.orders.handlers.pay", "import services.payments", "Services meet in protos only"),
        ("services.runtime.clock.own", "import services.orders", "The runtime knows no service"),
        ("services.runtime.clock.bounds", "import services.contracts", "The runtime knows no service"),
        (
            "services.contracts.orders",
            "import services.orders",
            "The contracts stand on the runtime and know no service",
        ),
        ("services.paper.totals", "import services.orders", "Paper stands on the contracts and knows no service"),
        ("services.orders.domain.coins", "import services.contracts.money_messages", "The domain is pure"),
        ("services.orders.domain.price", "import services.orders.ports", "Inside a service everything points inwards"),
        ("services.orders.surprise", "import os", "Inside a service everything points inwards"),
        ("services.payments.sandbox.state", "import services.payments.domain", "The pretended payment provider shares"),
        (
            "services.payments.handlers.cheat",
            "import services.payments.sandbox",
            "Payments knows its provider by URL only",
        ),
        ("services.orders.adapters.http", "import services.orders.handlers", "Adapters know ports and domain only"),
        ("services.orders.handlers.store", "import services.orders.adapters", "Nothing but main imports an adapter"),
        ("services.orders.handlers.ttl", "import services.orders.settings", "Nothing but main imports settings"),
        ("services.orders.domain.wait", "import asyncio", "The domain is pure"),
        ("services.orders.domain.now", "import services.runtime.clock", "The domain is pure"),
        ("services.orders.handlers.wire", "import balcon.orders.v1", "Wire types live in api and adapters only"),
        ("services.integrations.tracker.surprise", "import os", "Inside a service everything points inwards"),
        ("services.integrations.tracker.domain.now", "import services.runtime.clock", "The domain is pure"),
        (
            "services.integrations.tracker.handlers.store",
            "import services.integrations.tracker.adapters",
            "Nothing but main imports an adapter",
        ),
        (
            "services.integrations.tracker.adapters.figures",
            "import services.integrations.exporter.domain",
            "An integration knows no other integration",
        ),
        (
            "services.integrations.tracker.domain.orders",
            "import services.orders.domain",
            "Services meet in protos only",
        ),
        ("services.runtime.telemetry.calls", "import services.runtime.rpc", "No package imports in circles"),
        ("services.orders.api.rows", "import sqlalchemy", "Stores and the bus are reached through adapters"),
        ("services.payments.ports.store", "import sqlalchemy", "Stores and the bus are reached through adapters"),
        ("services.payments.ports.store", "import balcon", "Wire types live in api and adapters only"),
        ("services.payments.ports.store", "import services.payments.handlers", "Inside a service everything points"),
    ],
)
def test_an_import_that_crosses_a_line_is_refused(tmp_path: Path, module: str, imports: str, contract: str) -> None:
    write_tree(tmp_path, {**WHOLE, module: imports})
    done = lint(tmp_path)
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert done.returncode != 0
    assert any(line.startswith(contract) for line in broken), done.stdout

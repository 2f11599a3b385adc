"""One door to the database: connections come from runtime/sql with a scope, and who asks for all houses is listed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import called_name, modules, parsed

DOOR = Path("services/runtime/sql")
# They have no scope to name: a cluster is made, an append-only log of our own is kept, before there is any house.
OUTSIDE = (Path("services/runtime/embedded"), Path("services/runtime/testing"))
# Ways past the door.
PAST = {"connect", "begin", "execution_options", "create_async_engine"}
# Calls of those names on what is no engine of ours.
OTHER = {
    ("services/inventory/main.py", "connect"): "a connection to Redis",
    ("services/payments/sandbox/ledger.py", "connect"): "the sandbox's SQLite",
    ("services/runtime/mail/smtp.py", "connect"): "a connection to the mail server",
    ("services/runtime/bus/postgres_bus.py", "connect"): "the log in Postgres, whose rows belong to no house",
    ("services/reporting/handlers/rebuild.py", "begin"): "a generation of the read model",
}

# Every use of AllHouses in the services, with its reason: what row-level security will let through.
ALL_HOUSES = {
    "services/contracts/checked_record.py": ["the audit examines the whole record"],
    "services/accounts/adapters/postgres_accounts.py": [
        "people belong to no house, and their memberships are in many",
        "what is over is forgotten by age",
    ],
    "services/catalogue/adapters/drawing_request_rows.py": [
        "the operator draws plans for every house",
    ],
    "services/catalogue/adapters/shared_plan_rows.py": [
        "shared plans are there for every house to pick",
    ],
    "services/catalogue/adapters/postgres_catalogue.py": [
        "changes of plans are finished, whatever their house",
        "keys are forgotten by age",
    ],
    "services/catalogue/adapters/house_rows.py": [
        "accounts adopts the houses that it does not know",
    ],
    "services/customers/adapters/postgres_customers.py": [
        "what is over is forgotten by age",
        "what was locked is removed when its time is over",
    ],
    "services/integrations/mailchimp/adapters/postgres_store.py": [
        "each round looks for the houses that have something to do",
        "what is over is forgotten by age",
    ],
    "services/integrations/podiumkunst/adapters/postgres_figures.py": [
        "what was put out is forgotten by age",
    ],
    "services/integrations/podiumkunst/adapters/postgres_links.py": [
        "whose list or portfolio is due is found whichever house it is",
    ],
    "services/integrations/podiumkunst/adapters/postgres_rounds.py": [
        "rounds of all houses come due",
    ],
    "services/integrations/trackers/adapters/order_intake.py": ["what is over is forgotten by age"],
    "services/integrations/trackers/adapters/postgres_trackers.py": ["what is over is forgotten by age"],
    "services/integrations/webhooks/adapters/postgres_webhooks.py": [
        "what is over is forgotten by age",
    ],
    "services/inventory/adapters/catalogue_performances.py": [
        "a node asks for the performances that it owns, whatever their house",
    ],
    "services/inventory/adapters/postgres_audit.py": [
        "the audit examines the whole record",
    ],
    "services/inventory/adapters/postgres_directory.py": [
        "the directory knows performances and nodes, and no houses",
    ],
    "services/inventory/adapters/postgres_due_reservations.py": ["deadlines come for the reservations of every house"],
    "services/inventory/adapters/postgres_due_returns.py": [
        "the day comes for the allotments of every house",
    ],
    "services/orders/adapters/old_buyers.py": ["orders of every house are carried over to customers"],
    "services/orders/adapters/passed_tickets.py": [
        "tickets of every house are asked for when they are due",
    ],
    "services/orders/adapters/postgres_audit.py": [
        "the audit examines the whole record",
    ],
    "services/orders/adapters/postgres_order_store.py": [
        "the saga works on orders that are due",
        "the watchers of orders are of many houses",
        "keys are forgotten by age",
        "gauges count every house's orders",
    ],
    "services/orders/adapters/postgres_order_work.py": [
        "jobs over performances are worked on for each house",
        "operators see the stuck orders of every house",
    ],
    "services/orders/adapters/postgres_refund_requests.py": [
        "keys are forgotten by age",
    ],
    "services/payments/adapters/overdue_refunds.py": [
        "a gauge counts every house's overdue refunds",
    ],
    "services/payments/adapters/postgres_audit.py": [
        "the audit examines the whole record",
    ],
    "services/payments/adapters/postgres_provider_accounts.py": [
        "a payment or a webhook's address names the account; its house is known once it is found",
        "credentials are sealed anew after the secret was changed",
        "accounts of every house that are locked are counted and checked again",
        "the payments of every house's accounts are listed",
        "what is over is forgotten by age",
    ],
    "services/payments/adapters/postgres_unknown_payments.py": [
        "the deployment's own account has payments of every house",
    ],
    "services/payments/adapters/postgres_webhook_event_store.py": [
        "a provider's webhook events name a payment; its house is known once it is found",
    ],
    "services/payments/adapters/postgres_payment_store.py": [
        "gauges count every house's payments",
        "the reconciler visits payments that are due",
    ],
    "services/reporting/adapters/postgres_generations.py": [
        "a generation of the read model holds every house",
    ],
    "services/reporting/adapters/postgres_own_dashboards.py": [
        "dashboards are people's, and what they choose is of many houses",
        "keys of dashboards are forgotten by age",
    ],
    "services/reporting/adapters/postgres_read_model_audit.py": [
        "the audit examines the whole read model",
    ],
    "services/reporting/adapters/postgres_settlement_keys.py": [
        "the keys of settlements are the deployment's",
    ],
    "services/reporting/adapters/postgres_totals_reader.py": [
        "the audit compares everything that is served",
    ],
    "services/reporting/adapters/postgres_schedules.py": [
        "a lock is no house's",
        "runs that nobody has in hand are taken up again",
        "schedules come due, whatever their house",
        "the ledger of mails is forgotten by age",
    ],
    "services/reporting/adapters/writing_transaction.py": [
        "keys are forgotten by age",
    ],
    "services/ticketing/adapters/postgres_audit.py": [
        "the audit examines the whole record",
    ],
    "services/ticketing/adapters/postgres_deliveries.py": [
        "letters to buyers come due, whatever their house",
        "the ledger of letters is forgotten by age",
    ],
    "services/ticketing/adapters/invoice_rows.py": [
        "orders that may need an invoice are of many houses",
        "documents are emptied when their time is over",
    ],
    "services/ticketing/adapters/postgres_ticketing.py": [
        "keys are forgotten by age",
        "the keys of codes are the deployment's",
    ],
    "services/runtime/outbound/leases.py": [
        "what is to be told outside is carried for every house",
    ],
    "services/runtime/outbound/upkeep.py": [
        "what was told outside is forgotten by age",
        "gauges count what waits for every house",
    ],
    "services/runtime/outbox/application.py": [
        "a partition holds events of many houses",
    ],
    "services/runtime/outbox/consumer.py": [
        "operators look at parked keys whatever their house",
        "the inbox forgets by age",
    ],
    "services/runtime/outbox/held_outbox.py": [
        "the relay publishes every house's events",
    ],
    "services/runtime/outbox/pauses.py": [
        "a consumer group reads the events of many houses",
    ],
    "services/runtime/outbox/state_consumer.py": [
        "a batch holds states of many houses",
    ],
}


def strangers(module: Path, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Calls that open or end something at a database beside the door."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = called_name(node)
        is_past = name in PAST and (module.as_posix(), name) not in OTHER
        if is_past or commits_itself(node):
            yield module.as_posix(), f"line {node.lineno}: {name}()"


def commits_itself(call: ast.Call) -> bool:
    """A connection's commit is the door's: it comes as the block ends, and what is to follow it follows then."""
    match call.func:
        case ast.Attribute(attr="commit", value=ast.Name(id=owner) | ast.Attribute(attr=owner)):
            return owner.removeprefix("_") == "connection"
        case _:
            return False


def reasons(tree: ast.Module) -> Iterator[str | None]:
    """What AllHouses is made with; None for what cannot be read off."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called_name(node) == "AllHouses":
            match node.args, node.keywords:
                case [ast.Constant(value=str(why))], []:
                    yield why
                case _:
                    yield None


def service_modules() -> Iterator[Path]:
    """What runs in a service, apart from the door itself and from migrations."""
    for module in modules():
        if module.parts[0] != "services" or "migrations" in module.parts:
            continue
        if not any(module.is_relative_to(folder) for folder in (DOOR, *OUTSIDE)):
            yield module


def test_connections_come_from_the_door_only() -> None:
    assert [found for module in service_modules() for found in strangers(module, parsed(module))] == []


def test_the_exceptions_are_still_needed() -> None:
    called = {
        (module.as_posix(), called_name(node))
        for module in service_modules()
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.Call)
    }
    assert [place for place in OTHER if place not in called] == []


@pytest.mark.parametrize(
    "text",
    [
        "async def f(engine):\n    async with engine.connect() as c:\n        pass",
        "async def f(self):\n    async with self._engine.begin() as c:\n        pass",
        "engine = create_async_engine('postgresql+asyncpg://')",
        "engine = sa.create_async_engine('postgresql+asyncpg://')",
        "single = engine.execution_options(isolation_level='AUTOCOMMIT')",
        "async def f(connection):\n    await connection.commit()",
        "async def f(self):\n    await self._connection.commit()",
    ],
)
def test_a_way_past_the_door_is_found(text: str) -> None:
    assert len([*strangers(Path("services/orders/adapters/x.py"), ast.parse(text))]) == 1


def test_who_asks_for_all_houses_is_listed_with_the_reason() -> None:
    found = {module.as_posix(): sorted(map(str, reasons(parsed(module)))) for module in service_modules()}
    assert {module: whys for module, whys in found.items() if whys} == {
        module: sorted(whys) for module, whys in ALL_HOUSES.items()
    }


def test_a_reason_that_cannot_be_read_off_is_in_no_list() -> None:
    assert [*reasons(ast.parse("AllHouses('a')\nscopes.AllHouses('b')\nAllHouses(why)\nAllHouses(why='c')"))] == [
        "a",
        "b",
        None,
        None,
    ]

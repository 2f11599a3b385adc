"""Every row that belongs to a house names it (INV-8): each table has a house_id that cannot be missing."""

import importlib
from collections.abc import Iterator

from sqlalchemy import MetaData, Table

from tests.architecture.tree import ROOT

# Tables without a house, and why.
NO_HOUSE = {
    "accounts.grant_versions": "how often grants to an address have changed, of whatever houses",
    "accounts.idempotency_keys": "keys are a person's; who signs up has no house yet",
    "accounts.letters": "sealed: to whom it goes is nobody's to look for",
    "accounts.log_in_attempts": "of an account or an address, whatever house it works for",
    "accounts.one_time_links": "a person's, as people are",
    "accounts.people": "a person belongs to no house: memberships tie them to many",
    "accounts.recovery_codes": "a person's, as people are",
    "accounts.second_factors": "a person's, as people are",
    "accounts.sessions": "a session is a person's or a buyer's, for all houses",
    "accounts.signing_keys": "the deployment's own",
    "accounts.revocations": "what makes tokens void, of people and keys of every house",
    "payments.provider_cursors": "how far a provider's own list of events was read",
    "payments.provider_notices": "webhooks; whose payment one is about is known only once it was worked off",
    "reporting.own_dashboards": "a person's, and what is chosen may be of many houses",
    "reporting.dashboard_keys": "see own_dashboards",
    "reporting.generations": "which rebuild of the whole read model is the one that is shown",
    "reporting.read_model_generations": "which rebuild of a read model, of all houses, is the one that is shown",
    "reporting.signing_keys": "the deployment's own: they sign the settlements of every house",
    "ticketing.signing_keys": "the deployment's own: they sign the tickets of every house",
    "inventory.placement_pin": "see performance_owner",
    "inventory.performance_owner": "the directory: which process owns a performance, nothing of what is in it",
}
# The runtime's own in every service's database: positions and who stands still, no house's facts.
COUNTERS = ("outbox_sequence", "consumer_pause")


def tables() -> Iterator[tuple[str, Table]]:
    """Every table as service.table."""
    found: dict[str, Table] = {}
    paths = sorted((ROOT / "services").rglob("adapters/*tables.py"))
    # All of them first: tables refer to tables of other modules.
    modules = {path: importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in paths}
    for path, module in modules.items():
        for metadata in (value for value in vars(module).values() if isinstance(value, MetaData)):
            found |= {f"{path.parent.parent.name}.{table.name}": table for table in metadata.sorted_tables}
    yield from found.items()


def test_there_are_tables_to_look_at() -> None:
    assert len(list(tables())) > 3


def test_every_table_of_house_data_has_a_house_id_that_cannot_be_missing() -> None:
    silent = {
        name
        for name, table in tables()
        if table.name not in COUNTERS and ("house_id" not in table.c or table.c.house_id.nullable)
    }
    assert silent == set(NO_HOUSE)

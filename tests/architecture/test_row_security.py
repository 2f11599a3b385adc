"""The second wall (INV-8): in a migrated database every table of houses' rows has its policy, and no other way in."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.architecture.test_migrations import SERVICES
from tests.architecture.test_tables import COUNTERS, NO_HOUSE, tables

TABLES = text(
    """SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity,
              EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attname = 'house_id' AND NOT a.attisdropped)
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
         -- The job queue's are its library's: jobs hold keys of rows, never what is in them (decision 0011).
         AND c.relname NOT LIKE 'procrastinate\\_%' AND c.relname <> 'job_migrations'"""
)
POLICIES = text("SELECT tablename, policyname, permissive, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2")
# As the database writes down what policies.POLICY says, of a column that is text.
POLICY = (
    "((house_id = NULLIF(current_setting('balcon.house_id'::text, true), ''::text))"
    " OR (current_setting('balcon.all_houses'::text, true) = 'on'::text))"
)
# Policies beside the one that every table has, and what they are for.
FURTHER = {
    "payments": {
        ("provider_notices", "nobodys_found", "SELECT"): "a webhook is nobody's until the payment's house works it off",
        ("provider_notices", "nobodys_taken", "UPDATE"): "see nobodys_found",
    }
}
# Tables without a policy that are no service's own.
TOOLS = {"alembic_version"}


def free_of(service: str) -> set[str]:
    """The service's tables whose rows belong to no house: their reasons are in test_tables.py."""
    own = {name.removeprefix(f"{service}.") for name, _ in tables() if name.startswith(f"{service}.")}
    without = {name.removeprefix(f"{service}.") for name in NO_HOUSE if name.startswith(f"{service}.")}
    return ((without | set(COUNTERS)) & own | TOOLS) - {table for table, _, _ in FURTHER.get(service, {})}


@pytest.mark.parametrize("service", SERVICES)
async def test_every_table_of_houses_rows_has_its_policy(service: str, database_url: DatabaseUrl) -> None:
    async with as_owner(database_url(service)).connect() as connection:
        found = (await connection.execute(TABLES)).all()
        policies = (await connection.execute(POLICIES)).all()
    assert {name for name, is_forced, _ in found if not is_forced} == free_of(service)
    assert {name for name, is_forced, has_house in found if is_forced != has_house} == set()
    declared = {name for name, _ in tables() if name.startswith(f"{service}.")}
    assert declared == {f"{service}.{name}" for name, _, _ in found if name not in TOOLS}
    of_scope = [row for row in policies if row.policyname == "of_scope"]
    assert [row.tablename for row in of_scope] == sorted(name for name, is_forced, _ in found if is_forced)
    for row in of_scope:
        assert (row.permissive, row.cmd, row.qual) == ("PERMISSIVE", "ALL", row.with_check)
        assert row.qual.replace("(house_id)::text", "house_id") == POLICY
    others = {(row.tablename, row.policyname, row.cmd) for row in policies if row.policyname != "of_scope"}
    assert others == set(FURTHER.get(service, {}))

"""The policies of row-level security, for use inside the services' Alembic migrations: a new table needs one line.

Released functions never change: the next change of a policy is a new function and a new migration in each service.
"""

from __future__ import annotations

from typing import Final

from alembic import op

from services.runtime.sql.policy_name import POLICY_NAME

# USING and WITH CHECK. Two settings, so that no house id, whatever it is, stands for all houses. A setting that was
# made once reads as '' afterwards, never made as NULL: neither is a house, so they match nothing. A row whose house is
# not known is reachable from the scope of all houses only, unless secure_rows_without_house says more.
POLICY: Final = (
    "house_id = nullif(current_setting('balcon.house_id', true), '')"
    " OR current_setting('balcon.all_houses', true) = 'on'"
)

# What a migration runs with: it works on every house's rows, as an owner whom FORCE holds to the policies too.
EVERY_HOUSE: Final = "SELECT set_config('balcon.all_houses', 'on', true)"


def secure_rows(*tables: str) -> None:
    """Rows of these tables are reachable in the scope of their house_id and of all houses, for their owner too.

    Foreign keys and unique indexes are the database's own business and look at all rows.
    """
    # What a migration before this one has left to be checked at the commit; no table is altered before.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        for statement in statements_for(table):
            op.execute(statement)


def secure_rows_without_house(table: str) -> None:
    """After secure_rows, for a table whose rows are nobody's (NULL) at first: a house may make them its own."""
    nobodys = "house_id IS NULL AND nullif(current_setting('balcon.house_id', true), '') IS NOT NULL"
    op.execute(f"CREATE POLICY nobodys_found ON {table} FOR SELECT USING ({nobodys})")
    op.execute(f"CREATE POLICY nobodys_taken ON {table} FOR UPDATE USING ({nobodys}) WITH CHECK ({POLICY})")


def free_rows_without_house(table: str) -> None:
    """Undoes secure_rows_without_house."""
    op.execute(f"DROP POLICY nobodys_found ON {table}")
    op.execute(f"DROP POLICY nobodys_taken ON {table}")


def free_rows(*tables: str) -> None:
    """Undoes secure_rows."""
    for table in tables:
        op.execute(f"DROP POLICY {POLICY_NAME} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def statements_for(table: str) -> list[str]:
    """What secure_rows runs for one table."""
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {POLICY_NAME} ON {table} USING ({POLICY}) WITH CHECK ({POLICY})",
    ]

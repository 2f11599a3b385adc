"""DDL of the outbound base, for use inside the integrations' Alembic migrations.

Released functions never change: the next change of the tables is a new function and a new migration in each of them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.outbound.tables import INDEXES, dispatch_columns, exchange_columns, target_columns
from services.runtime.sql.policies import secure_rows

_TABLES = {
    "outbound_target": target_columns,
    "outbound_dispatch": dispatch_columns,
    "outbound_exchange": exchange_columns,
}


def create_outbound_tables() -> None:
    """Creates the three tables, each row its house's."""
    for table, columns in _TABLES.items():
        op.create_table(table, *columns())
        for name, indexed, where, is_unique in INDEXES[table]:
            only = sa.text(where) if where else None
            op.create_index(name, table, indexed, unique=is_unique, postgresql_where=only)
    secure_rows(*_TABLES)


def drop_outbound_tables() -> None:
    """Undoes create_outbound_tables; what waits is never sent."""
    for table in reversed(_TABLES):
        op.drop_table(table)

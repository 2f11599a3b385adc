"""DDL of the outbound base, for use inside the integrations' Alembic migrations.

Released functions never change: the next change of the tables is a new function and a new migration in each of them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows


def _target_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("house_id", sa.Text, primary_key=True),
        sa.Column("target_id", sa.Text, primary_key=True),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("mends", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("leased_until_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("served_at_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("resting_since_ms", sa.BigInteger),
        sa.Column("rests_until_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("locked_at_ms", sa.BigInteger),
        sa.Column("locked_why", sa.Text),
        sa.Column("paused_at_ms", sa.BigInteger),
        sa.Column("paused_by", sa.Text),
        sa.Column("succeeded_at_ms", sa.BigInteger),
        sa.Column("failed_at_ms", sa.BigInteger),
        sa.Column("failure", sa.Text),
    ]


def _dispatch_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("dispatch_id", sa.Text, primary_key=True),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("target_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("place", sa.BigInteger, sa.Identity(always=False), nullable=False),
        sa.Column("made_at_ms", sa.BigInteger, nullable=False),
        sa.Column("wanted_at_ms", sa.BigInteger, nullable=False),
        sa.Column("due_at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("settled", sa.Text),
        sa.Column("settled_at_ms", sa.BigInteger),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
        sa.Column("exchange_id", sa.Text),
    ]


def _exchange_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("exchange_id", sa.Text, primary_key=True),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("target_id", sa.Text, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("payload_hash", sa.Text, nullable=False),
        sa.Column("dispatches", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
    ]


_WAITING = "settled IS NULL"
# Table, then name, columns, condition, and whether it is unique.
_INDEXES: dict[str, list[tuple[str, list[str], str, bool]]] = {
    "outbound_target": [],
    "outbound_dispatch": [
        ("uq_outbound_dispatch_key", ["house_id", "target_id", "key"], "", True),
        ("ix_outbound_dispatch_due", ["house_id", "target_id", "due_at_ms", "place"], _WAITING, False),
        (
            "ix_outbound_dispatch_lane",
            ["house_id", "target_id", "lane", "place"],
            f"{_WAITING} AND lane <> ''",
            False,
        ),
        ("ix_outbound_dispatch_wanted", ["wanted_at_ms"], _WAITING, False),
        ("ix_outbound_dispatch_expiring", ["expires_at_ms"], f"{_WAITING} AND expires_at_ms > 0", False),
        ("ix_outbound_dispatch_settled", ["settled_at_ms"], "settled IS NOT NULL", False),
        ("ix_outbound_dispatch_listed", ["house_id", "made_at_ms", "dispatch_id"], "", False),
    ],
    "outbound_exchange": [
        ("ix_outbound_exchange_listed", ["house_id", "at_ms", "exchange_id"], "", False),
        ("ix_outbound_exchange_at_ms", ["at_ms"], "", False),
    ],
}
_TABLES = {
    "outbound_target": _target_columns,
    "outbound_dispatch": _dispatch_columns,
    "outbound_exchange": _exchange_columns,
}


def create_outbound_tables() -> None:
    """Creates the three tables, each row its house's."""
    for table, columns in _TABLES.items():
        op.create_table(table, *columns())
        for name, indexed, where, is_unique in _INDEXES[table]:
            only = sa.text(where) if where else None
            op.create_index(name, table, indexed, unique=is_unique, postgresql_where=only)
    secure_rows(*_TABLES)


def drop_outbound_tables() -> None:
    """Undoes create_outbound_tables; what waits is never sent."""
    for table in reversed(_TABLES):
        op.drop_table(table)

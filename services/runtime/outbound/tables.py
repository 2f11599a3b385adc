"""The tables of the outbound base, for an integration's own MetaData. Their DDL over time is in migration.py."""

from __future__ import annotations

import sqlalchemy as sa

_WAITING = "settled IS NULL"


def outbound_tables(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table, sa.Table]:
    """Adds `outbound_target` (what is known of each), `outbound_dispatch` and `outbound_exchange` (the ledger).

    A dispatch that is settled keeps its row, and with it its key; its sealed body goes first.
    """
    target = sa.Table("outbound_target", metadata, *_target_columns())
    dispatch = sa.Table("outbound_dispatch", metadata, *_dispatch_columns())
    exchange = sa.Table("outbound_exchange", metadata, *_exchange_columns())
    for table in (target, dispatch, exchange):
        for name, columns, where, is_unique in _INDEXES[table.name]:
            only = sa.text(where) if where else None
            sa.Index(name, *(table.c[column] for column in columns), unique=is_unique, postgresql_where=only)
    return target, dispatch, exchange


def _target_columns() -> list[sa.Column[object]]:
    """`fence` grows with each lease; what a process writes that has lost its lease does not count.

    `mends`: how often the account was mended or resumed; what was asked before says nothing of how it stands since.
    """
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
    """`place`: the order of putting. `wanted_at_ms`: when it was first due. `alone`: it is carried in no batch."""
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
    """`about`: the first of the dispatches that it carried."""
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


# Table, then name, columns, condition, and whether it is unique.
_INDEXES: dict[str, list[tuple[str, list[str], str, bool]]] = {
    "outbound_target": [],
    "outbound_dispatch": [
        ("uq_outbound_dispatch_key", ["house_id", "target_id", "key"], "", True),
        ("ix_outbound_dispatch_due", ["house_id", "target_id", "due_at_ms", "place"], _WAITING, False),
        ("ix_outbound_dispatch_lane", ["house_id", "target_id", "lane", "place"], f"{_WAITING} AND lane <> ''", False),
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

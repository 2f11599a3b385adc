"""The tables of the outbox and the inbox, for a service's own MetaData. Their DDL over time is in migration.py."""

from __future__ import annotations

import sqlalchemy as sa


def outbox_tables(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """Adds `outbox` (events that wait or were sent) and `outbox_sequence` (the last number given per topic and key).

    A row is numbered by the relay, not by its writer: `sequence` follows the order of publishing (RULE 29, 30).
    """
    outbox = sa.Table(
        "outbox",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("published_at_ms", sa.BigInteger),
    )
    sa.Index("ix_outbox_unnumbered", outbox.c.id, postgresql_where=sa.text("sequence IS NULL"))
    sa.Index(
        "ix_outbox_unpublished",
        outbox.c.sequence,
        postgresql_where=sa.text("published_at_ms IS NULL AND sequence IS NOT NULL"),
    )
    sequences = sa.Table(
        "outbox_sequence",
        metadata,
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
    )
    return outbox, sequences


def inbox_table(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """Adds `inbox` (events whose effect is here) and `inbox_sequence` (how far each key is, and whether it is parked).

    `diverted_sequence` is the last event of a parked key that went to the dead-letter topic. Beside them pause_table.
    """
    pause_table(metadata)
    inbox = sa.Table(
        "inbox",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
    )
    sa.Index("ix_inbox_received_at_ms", inbox.c.received_at_ms)
    sequences = sa.Table(
        "inbox_sequence",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("parked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("parked_at_ms", sa.BigInteger),
        sa.Column("parked_error", sa.Text),
        sa.Column("diverted_sequence", sa.BigInteger),
    )
    return inbox, sequences


def pause_table(metadata: sa.MetaData) -> sa.Table:
    """Adds `consumer_pause`: a row for each consumer group that an operator has paused."""
    return sa.Table(
        "consumer_pause",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("paused_at_ms", sa.BigInteger, nullable=False),
    )

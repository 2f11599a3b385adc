"""DDL of the outbox and the inbox, for use inside the services' Alembic migrations.

Released functions never change: the next change of the tables is a new function and a new migration in each service.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def create_outbox_tables() -> None:
    """Creates outbox and outbox_sequence."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True)),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("published_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_unnumbered", "outbox", ["id"], postgresql_where=sa.text("sequence IS NULL"))
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["sequence"],
        postgresql_where=sa.text("published_at_ms IS NULL AND sequence IS NOT NULL"),
    )
    op.create_table(
        "outbox_sequence",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("topic", "key", name="pk_outbox_sequence"),
    )


def drop_outbox_tables() -> None:
    """Undoes create_outbox_tables; unpublished events are gone with it."""
    op.drop_table("outbox_sequence")
    op.drop_table("outbox")


def create_inbox_tables() -> None:
    """Creates inbox and inbox_sequence."""
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("consumer", "source", "event_id", name="pk_inbox"),
    )
    op.create_index("ix_inbox_received_at_ms", "inbox", ["received_at_ms"])
    op.create_table(
        "inbox_sequence",
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("parked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("parked_at_ms", sa.BigInteger),
        sa.Column("parked_error", sa.Text),
        sa.Column("diverted_sequence", sa.BigInteger),
        sa.PrimaryKeyConstraint("consumer", "source", "topic", "key", name="pk_inbox_sequence"),
    )


def drop_inbox_tables() -> None:
    """Undoes create_inbox_tables; events that come again would be applied again."""
    op.drop_table("inbox_sequence")
    op.drop_table("inbox")


def create_pause_table() -> None:
    """Creates consumer_pause."""
    op.create_table(
        "consumer_pause",
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("paused_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("consumer", name="pk_consumer_pause"),
    )


def drop_pause_table() -> None:
    """Undoes create_pause_table; what was paused goes on."""
    op.drop_table("consumer_pause")

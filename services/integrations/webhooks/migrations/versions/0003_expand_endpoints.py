"""Endpoints, what was told, how the delivery log is read, and jobs for letters to owners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.jobs.migration import create_job_tables, drop_job_tables
from services.runtime.sql.policies import secure_rows

revision = "0003"
down_revision = "0002"

_TABLES = ("endpoints", "told_events", "shows", "idempotency_keys")


def upgrade() -> None:
    """Adds the tables and three indexes of the outbound base's."""
    _create_endpoints()
    _create_told()
    op.create_index(
        "ix_outbound_dispatch_of_target",
        "outbound_dispatch",
        ["house_id", "target_id", "made_at_ms", "dispatch_id"],
    )
    op.create_index("ix_outbound_exchange_about", "outbound_exchange", ["house_id", "target_id", "about", "at_ms"])
    op.create_index(
        "ix_outbound_dispatch_latest",
        "outbound_dispatch",
        ["house_id", "target_id", "about"],
        postgresql_where=sa.text("key LIKE 'latest:%'"),
    )
    create_job_tables()
    secure_rows(*_TABLES)


def _create_endpoints() -> None:
    op.create_table(
        "endpoints",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("endpoint_id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("event_types", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("topics", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("performance_ids", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("production_ids", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("disabled_at_ms", sa.BigInteger, nullable=False),
        sa.Column("failing_since_ms", sa.BigInteger, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("former_secret", sa.LargeBinary, nullable=True),
        sa.Column("former_secret_until_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("state IN ('enabled', 'gone', 'failing', 'archived')", name=op.f("ck_endpoints_state")),
        sa.PrimaryKeyConstraint("house_id", "endpoint_id", name="pk_endpoints"),
    )


def _create_told() -> None:
    op.create_table(
        "told_events",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "event_id", name="pk_told_events"),
    )
    op.create_index("ix_told_events_at_ms", "told_events", ["house_id", "at_ms", "event_id"])
    op.create_index("ix_told_events_created_at_ms", "told_events", ["created_at_ms"])
    op.create_table(
        "shows",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("production_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "performance_id", name="pk_shows"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=True),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at_ms", "idempotency_keys", ["created_at_ms"])


def downgrade() -> None:
    """Drops them."""
    drop_job_tables()
    op.drop_index("ix_outbound_dispatch_latest", "outbound_dispatch")
    op.drop_index("ix_outbound_exchange_about", "outbound_exchange")
    op.drop_index("ix_outbound_dispatch_of_target", "outbound_dispatch")
    for table in reversed(_TABLES):
        op.drop_table(table)

"""Payments, the inbox of providers' notices, and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.outbox.migration import create_outbox_tables, drop_outbox_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates the first tables."""
    _create_payments()
    _index_payments()
    _create_provider_tables()
    create_outbox_tables()


def _create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.String(64), nullable=False),
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(128), nullable=False),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("order_id", sa.String(64), nullable=False),
        sa.Column("performance_id", sa.String(64), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("return_url", sa.String(2048), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("provider_ref", sa.String(255)),
        sa.Column("pay_url", sa.String(2048), nullable=False),
        sa.Column("reason", sa.String(255), nullable=False),
        sa.Column("succeeded_at_ms", sa.BigInteger),
        sa.Column("ended_at_ms", sa.BigInteger),
        sa.Column("cancel_asked_at_ms", sa.BigInteger),
        sa.Column("refund_state", sa.String(16), nullable=False),
        sa.Column("refund_key", sa.String(128)),
        sa.Column("refund_attempt", sa.Integer, nullable=False),
        sa.Column("refund_due_at_ms", sa.BigInteger),
        sa.Column("refunded_at_ms", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at_ms", sa.BigInteger),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("payment_id", name="pk_payments"),
        sa.CheckConstraint("amount_minor BETWEEN 1 AND 1000000000", name="amount"),
        sa.CheckConstraint("state IN ('CREATING', 'PENDING', 'SUCCEEDED', 'FAILED', 'CANCELLED')", name="state"),
        sa.CheckConstraint("refund_state IN ('NONE', 'DUE', 'SUCCEEDED')", name="refund_state"),
        sa.CheckConstraint("refund_state = 'NONE' OR state = 'SUCCEEDED'", name="refund_of_captured"),
    )


def _index_payments() -> None:
    op.create_index("uq_payments_house_id_idempotency_key", "payments", ["house_id", "idempotency_key"], unique=True)
    op.create_index(
        "uq_payments_house_id_refund_key",
        "payments",
        ["house_id", "refund_key"],
        unique=True,
        postgresql_where=sa.text("refund_key IS NOT NULL"),
    )
    op.create_index(
        "uq_payments_provider_provider_ref",
        "payments",
        ["provider", "provider_ref"],
        unique=True,
        postgresql_where=sa.text("provider_ref IS NOT NULL"),
    )
    op.create_index("ix_payments_house_id_order_id", "payments", ["house_id", "order_id"])
    op.create_index("ix_payments_performance_id", "payments", ["performance_id"])
    op.create_index(
        "ix_payments_next_attempt_at_ms",
        "payments",
        ["next_attempt_at_ms"],
        postgresql_where=sa.text("next_attempt_at_ms IS NOT NULL"),
    )


def _create_provider_tables() -> None:
    op.create_table(
        "provider_notices",
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("event_id", sa.String(255), nullable=False),
        sa.Column("payment_ref", sa.String(255), nullable=False),
        sa.Column("house_id", sa.String(64)),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at_ms", sa.BigInteger, nullable=False),
        sa.Column("settled_at_ms", sa.BigInteger),
        sa.Column("outcome", sa.String(16)),
        sa.PrimaryKeyConstraint("provider", "event_id", name="pk_provider_notices"),
    )
    op.create_index(
        "ix_provider_notices_next_attempt_at_ms",
        "provider_notices",
        ["provider", "next_attempt_at_ms"],
        postgresql_where=sa.text("settled_at_ms IS NULL"),
    )
    op.create_table(
        "provider_cursors",
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("cursor", sa.String(255), nullable=False),
        sa.Column("next_listing_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("provider", name="pk_provider_cursors"),
    )


def downgrade() -> None:
    """Undoes upgrade; the payments are gone with it."""
    drop_outbox_tables()
    op.drop_table("provider_cursors")
    op.drop_table("provider_notices")
    op.drop_table("payments")

"""Payments that houses' providers have and we do not know."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "unknown_payments",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("payment_ref", sa.Text, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("named_payment_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("first_seen_at_ms", sa.BigInteger, nullable=False),
        sa.Column("last_seen_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "payment_ref", name="pk_unknown_payments"),
    )
    op.create_index("ix_unknown_payments_house_id", "unknown_payments", ["house_id", "first_seen_at_ms", "payment_ref"])
    secure_rows("unknown_payments")


def downgrade() -> None:
    """Drops the table."""
    free_rows("unknown_payments")
    op.drop_table("unknown_payments")

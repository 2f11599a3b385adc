"""What trackers knows of orders: whose they are, and what is left of their worth."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "order_facts",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("confirmed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("left_minor", sa.BigInteger, nullable=True),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("refunded_at_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "order_id", "performance_id", name="pk_order_facts"),
    )
    op.create_index("ix_order_facts_changed_at_ms", "order_facts", ["changed_at_ms"])
    secure_rows("order_facts")


def downgrade() -> None:
    """Drops it."""
    op.drop_table("order_facts")

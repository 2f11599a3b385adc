"""What houses let their buyers do by themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """A row a version."""
    op.create_table(
        "buyer_policies",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_by_kind", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("refunds", JSONB, nullable=False),
        sa.Column("exchanges", JSONB, nullable=False),
        sa.Column("tickets", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "performance_id", "version", name="pk_buyer_policies"),
    )
    op.create_index("ix_buyer_policies_newest", "buyer_policies", ["house_id", "since_ms"])
    secure_rows("buyer_policies")


def downgrade() -> None:
    """Buyers may do nothing by themselves."""
    free_rows("buyer_policies")
    op.drop_table("buyer_policies")

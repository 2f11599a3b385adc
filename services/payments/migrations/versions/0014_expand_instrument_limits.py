"""How many tickets one card may pay for: limits of payments, cards as keyed hashes, and counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds columns and the table."""
    op.add_column("payments", sa.Column("limits", JSONB))
    op.add_column("payments", sa.Column("over_limit", JSONB))
    op.add_column("payments", sa.Column("instrument", sa.String(64), nullable=False, server_default=""))
    op.create_table(
        "instrument_uses",
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("instrument", sa.String(64), nullable=False),
        sa.Column("performance_id", sa.String(64), nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "instrument", "performance_id", name="pk_instrument_uses"),
        sa.CheckConstraint("used >= 0", name="ck_instrument_uses_used"),
    )
    secure_rows("instrument_uses")


def downgrade() -> None:
    """Undoes upgrade."""
    free_rows("instrument_uses")
    op.drop_table("instrument_uses")
    for name in ("instrument", "over_limit", "limits"):
        op.drop_column("payments", name)

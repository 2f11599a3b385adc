"""How often promotion codes, discounts and passes are used, and what of that each order takes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Orders of the release before take nothing."""
    op.create_table(
        "counted_uses",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("counted_id", sa.Text, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "counted_id", name="pk_counted_uses"),
        sa.CheckConstraint("used >= 0", name="ck_counted_uses_used_not_negative"),
    )
    secure_rows("counted_uses")
    op.add_column("orders", sa.Column("uses", JSONB))


def downgrade() -> None:
    """Forgets what was counted."""
    op.drop_column("orders", "uses")
    free_rows("counted_uses")
    op.drop_table("counted_uses")

"""One order a hold. Orders that are there already are left alone: two of one hold end by themselves within minutes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds what says that an order's hold is in use, and the guard over it."""
    op.add_column("orders", sa.Column("uses_hold", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index(
        "uq_orders_hold_in_use",
        "orders",
        ["house_id", "performance_id", "hold_id"],
        unique=True,
        postgresql_where=sa.text("uses_hold"),
    )


def downgrade() -> None:
    """Takes both away."""
    op.drop_index("uq_orders_hold_in_use", "orders")
    op.drop_column("orders", "uses_hold")

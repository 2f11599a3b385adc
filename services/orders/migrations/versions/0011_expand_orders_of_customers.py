"""A customer's orders are found by an index of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Orders from before customers were kept are not in it."""
    op.create_index(
        "ix_orders_customer_newest",
        "orders",
        ["house_id", "customer_id", "created_at_ms", "order_id"],
        postgresql_where=sa.text("customer_id <> ''"),
    )


def downgrade() -> None:
    """Forgets nothing."""
    op.drop_index("ix_orders_customer_newest", table_name="orders")

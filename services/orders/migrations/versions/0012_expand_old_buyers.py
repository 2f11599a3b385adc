"""Names and addresses go to customers' own service: what is left of them is found by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """They are carried over by a loop, not here: it takes as long as it takes."""
    op.create_index("ix_orders_old_buyers", "orders", ["order_id"], postgresql_where=sa.text("customer_email <> ''"))


def downgrade() -> None:
    """What was carried over does not come back."""
    op.drop_index("ix_orders_old_buyers", table_name="orders")

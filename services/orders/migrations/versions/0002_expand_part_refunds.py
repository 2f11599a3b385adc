"""What has gone back of an order's money without us, and the dispute over it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds columns with defaults, so that processes of the release before go on."""
    op.add_column("orders", sa.Column("refunded_minor", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("dispute", sa.Text, nullable=False, server_default="NONE"))
    op.execute("UPDATE orders SET refunded_minor = total_minor WHERE state = 'REFUNDED'")
    op.create_check_constraint(op.f("ck_orders_refunded"), "orders", "refunded_minor BETWEEN 0 AND total_minor")


def downgrade() -> None:
    """Undoes upgrade; part refunds and disputes are forgotten here, not at payments."""
    op.drop_constraint(op.f("ck_orders_refunded"), "orders", type_="check")
    op.drop_column("orders", "dispute")
    op.drop_column("orders", "refunded_minor")

"""What has gone back of an order's money in parts, and each line's share of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds columns with defaults, so that processes of the release before go on."""
    for table in ("orders", "order_lines"):
        op.add_column(table, sa.Column("refunded_minor", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Undoes upgrade; a rebuild by the release before has whole refunds only."""
    for table in ("order_lines", "orders"):
        op.drop_column(table, "refunded_minor")

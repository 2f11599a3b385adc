"""What was taken of orders line by line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """What the release before wrote has nothing taken of single lines."""
    op.add_column("figure_orders", sa.Column("cut", sa.LargeBinary))


def downgrade() -> None:
    """Tickets that were cancelled count again."""
    op.drop_column("figure_orders", "cut")

"""The way to pay that the buyer chose; empty on payments from before, and where nothing was chosen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column."""
    op.add_column("payments", sa.Column("method", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    """Drops the column."""
    op.drop_column("payments", "method")

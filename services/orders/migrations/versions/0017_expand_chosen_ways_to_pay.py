"""Where and how the buyer chose to pay; empty: no choice, as on every order of before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Adds the column."""
    op.add_column("orders", sa.Column("pays_by", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Undoes upgrade."""
    op.drop_column("orders", "pays_by")

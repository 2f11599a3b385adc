"""What people call the seats of an order's lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the names; NULL on orders of the release before, which does not write them."""
    op.add_column("orders", sa.Column("seat_names", JSONB))


def downgrade() -> None:
    """Forgets the names; the catalogue's plan has them."""
    op.drop_column("orders", "seat_names")

"""The lines of another order that are given for an order, and what of it is given for others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """NULL: neither, as on every order of before."""
    op.add_column("orders", sa.Column("exchange", JSONB))


def downgrade() -> None:
    """Undoes upgrade."""
    op.drop_column("orders", "exchange")

"""What vouchers and gift cards pay of an order; their codes are not kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """NULL: none, as on every order of before."""
    op.add_column("orders", sa.Column("charges", JSONB))


def downgrade() -> None:
    """Undoes upgrade."""
    op.drop_column("orders", "charges")

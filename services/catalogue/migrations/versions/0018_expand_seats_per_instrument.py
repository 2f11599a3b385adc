"""Performances may bound how many tickets one card pays for."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None has a bound of its own."""
    op.add_column("performances", sa.Column("seats_per_instrument", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """The bounds are gone."""
    op.drop_column("performances", "seats_per_instrument")

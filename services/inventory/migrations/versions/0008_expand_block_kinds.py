"""Soft blocks: staff may still sell such seats."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An older version beside this one blocks seats for everybody, and takes every block for such a one."""
    op.add_column("seat_block", sa.Column("kind", sa.String(8), nullable=False, server_default="HARD"))


def downgrade() -> None:
    """Forgets which were soft: nobody may sell those seats until they are unblocked."""
    op.drop_column("seat_block", "kind")

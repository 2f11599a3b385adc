"""Sidecars of seating plans, kept beside the documents that they came with."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An older version beside this one goes on importing documents without one."""
    op.add_column("seating_plans", sa.Column("sidecar", sa.LargeBinary))


def downgrade() -> None:
    """Forgets them."""
    op.drop_column("seating_plans", "sidecar")

"""What a house says of its halls, halls that are put away, and how often one was changed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An older version beside this one goes on adding halls without these."""
    for text in ("address", "city", "description"):
        op.add_column("halls", sa.Column(text, sa.Text, nullable=False, server_default=""))
    op.add_column("halls", sa.Column("archived_at_ms", sa.BigInteger))
    op.add_column("halls", sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"))
    op.create_index("ix_halls_by_creation", "halls", ["house_id", "created_at_ms", "hall_id"])


def downgrade() -> None:
    """Forgets them; halls that were put away are in use again."""
    op.drop_index("ix_halls_by_creation", "halls")
    for name in ("revision", "archived_at_ms", "description", "city", "address"):
        op.drop_column("halls", name)

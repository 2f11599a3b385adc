"""What is said of one performance in place of its production's, and names that lists look for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What an older version beside this one adds is found by its name once it was changed."""
    op.add_column("performances", sa.Column("texts", JSONB, nullable=False, server_default="[]"))
    op.add_column("performances", sa.Column("search_text", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE performances SET search_text = lower(title)")


def downgrade() -> None:
    """Forgets them."""
    op.drop_column("performances", "search_text")
    op.drop_column("performances", "texts")

"""When each channel sells, and whether a performance was cancelled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An older version beside this one copies performances without these: always open, not cancelled."""
    op.add_column("performance", sa.Column("windows", JSONB, nullable=False, server_default="[]"))
    op.add_column("performance", sa.Column("cancelled", sa.Boolean, nullable=False, server_default=sa.text("false")))


def downgrade() -> None:
    """Forgets them; the catalogue has them."""
    op.drop_column("performance", "cancelled")
    op.drop_column("performance", "windows")

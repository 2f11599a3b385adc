"""When the sale of a performance ends online. Rows from before learn it from the catalogue at their next activation."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the end, not known yet."""
    op.add_column("performance", sa.Column("sale_ends_at_ms", sa.BigInteger))


def downgrade() -> None:
    """Forgets the ends; the catalogue has them."""
    op.drop_column("performance", "sale_ends_at_ms")

"""Quotas of performances (R4), the version of their terms, and since when the public is shown them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An older version beside this one copies performances without these: no quotas, not published."""
    op.add_column("performance", sa.Column("quotas", JSONB, nullable=False, server_default="[]"))
    for name in ("terms_version", "published_at_ms"):
        op.add_column("performance", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Forgets them; the catalogue has them."""
    for name in ("published_at_ms", "terms_version", "quotas"):
        op.drop_column("performance", name)

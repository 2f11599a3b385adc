"""Of which categories the money of an order went back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """What the release before wrote is shared out, as it was."""
    op.add_column("orders", sa.Column("back", JSONB))


def downgrade() -> None:
    """Shared out again."""
    op.drop_column("orders", "back")

"""How many tickets one card may pay for, of performances that bound it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """NULL: no bound, as on every order of before."""
    op.add_column("orders", sa.Column("instrument_limits", JSONB))


def downgrade() -> None:
    """Undoes upgrade."""
    op.drop_column("orders", "instrument_limits")

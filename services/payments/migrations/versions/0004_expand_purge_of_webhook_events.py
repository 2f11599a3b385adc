"""Webhook events that were worked off are found by their age, so that the old ones can be deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NAME = "ix_provider_notices_settled_at_ms"


def upgrade() -> None:
    """An index of what is worked off: the purge reads nothing else."""
    op.create_index(_NAME, "provider_notices", ["settled_at_ms"], postgresql_where=sa.text("settled_at_ms IS NOT NULL"))


def downgrade() -> None:
    """Undoes upgrade."""
    op.drop_index(_NAME, "provider_notices")

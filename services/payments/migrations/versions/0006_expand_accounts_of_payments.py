"""Payments and webhook events name the account at the provider; events are worked off whosever they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAMED = ("provider_notices", "provider_cursors")


def upgrade() -> None:
    """The payments that are there were made at the deployment's own account."""
    op.add_column("payments", sa.Column("provider_account_id", sa.String(64), nullable=False, server_default=""))
    for table in _NAMED:
        op.alter_column(table, "provider", type_=sa.String(64), existing_type=sa.String(32), existing_nullable=False)
    op.create_index(
        "ix_provider_notices_due",
        "provider_notices",
        ["next_attempt_at_ms"],
        postgresql_where=sa.text("settled_at_ms IS NULL"),
    )


def downgrade() -> None:
    """Undoes upgrade; the columns stay as wide as they are, for names of accounts do not fit into less."""
    op.drop_index("ix_provider_notices_due", "provider_notices")
    op.drop_column("payments", "provider_account_id")

"""What has become of single lines, and of what a refund takes its money."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Orders of the release before have whole parts, and refunds that are shared out over all."""
    op.add_column("order_parts", sa.Column("line_states", JSONB))
    op.add_column("refunds", sa.Column("route", sa.Text, nullable=False, server_default="ORIGIN"))
    op.add_column("refunds", sa.Column("shares", JSONB))
    op.add_column("refunds", sa.Column("act_id", sa.Text, nullable=False, server_default=""))
    op.create_index(
        "ix_refunds_act", "refunds", ["house_id", "act_id", "state"], postgresql_where=sa.text("act_id <> ''")
    )


def downgrade() -> None:
    """Forgets which lines were cancelled."""
    op.drop_index("ix_refunds_act", table_name="refunds")
    op.drop_column("refunds", "act_id")
    op.drop_column("refunds", "shares")
    op.drop_column("refunds", "route")
    op.drop_column("order_parts", "line_states")

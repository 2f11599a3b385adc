"""Dashboards that people have made, and the keys of their requests. Neither belongs to a house."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "own_dashboards",
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("dashboard_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("menu_place", sa.Integer, nullable=False),
        *(
            sa.Column(name, sa.ARRAY(sa.Text), nullable=False)
            for name in ("house_ids", "production_ids", "performance_ids")
        ),
        sa.Column("seen_in", JSONB, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("archived_at_ms", sa.BigInteger),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "dashboard_id", name="pk_own_dashboards"),
    )
    op.create_table(
        "dashboard_keys",
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "key", name="pk_dashboard_keys"),
    )
    op.create_index("ix_dashboard_keys_created_at_ms", "dashboard_keys", ["created_at_ms"])


def downgrade() -> None:
    """Drops them."""
    for table in ("dashboard_keys", "own_dashboards"):
        op.drop_table(table)

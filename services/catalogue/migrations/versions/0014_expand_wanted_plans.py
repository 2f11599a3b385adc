"""Which plan a performance is on its way to, so that a change that was broken off is finished."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is on its way yet."""
    op.add_column("performances", sa.Column("wanted_plan_version", sa.Integer))
    op.create_index(
        "ix_performances_wanting_a_plan",
        "performances",
        ["performance_id"],
        postgresql_where=sa.text("wanted_plan_version IS NOT NULL"),
    )


def downgrade() -> None:
    """Forgets it."""
    op.drop_index("ix_performances_wanting_a_plan", "performances")
    op.drop_column("performances", "wanted_plan_version")

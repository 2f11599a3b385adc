"""Quotas (R4) of productions, and of some of their performances."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has any yet."""
    op.create_table(
        "quotas",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("quota_id", sa.Text, nullable=False),
        sa.Column("production_id", sa.Text, nullable=False),
        sa.Column("is_for_all", sa.Boolean, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("archived_at_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "quota_id", name="pk_quotas"),
        sa.ForeignKeyConstraint(
            ["house_id", "production_id"],
            ["productions.house_id", "productions.production_id"],
            name="fk_quotas_production",
        ),
    )
    op.create_index("ix_quotas_by_production", "quotas", ["house_id", "production_id", "created_at_ms"])
    op.create_table(
        "quota_performances",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("quota_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "quota_id", "performance_id", name="pk_quota_performances"),
        sa.ForeignKeyConstraint(
            ["house_id", "quota_id"], ["quotas.house_id", "quotas.quota_id"], name="fk_quota_performances_quota"
        ),
        sa.ForeignKeyConstraint(
            ["house_id", "performance_id"],
            ["performances.house_id", "performances.performance_id"],
            name="fk_quota_performances_performance",
        ),
    )
    op.create_index("ix_quota_performances", "quota_performances", ["house_id", "performance_id"])
    secure_rows("quotas", "quota_performances")


def downgrade() -> None:
    """Forgets them; the owners of seats keep their copies."""
    free_rows("quotas", "quota_performances")
    op.drop_table("quota_performances")
    op.drop_table("quotas")

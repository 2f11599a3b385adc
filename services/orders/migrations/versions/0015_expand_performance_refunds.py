"""Jobs that give a whole performance back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """A row a job, with how far it is."""
    op.create_table(
        "performance_refunds",
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.Text, nullable=False),
        sa.Column("keep", JSONB, nullable=False),
        sa.Column("fee_minor", sa.BigInteger, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("release", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("started_by_kind", sa.Text, nullable=False),
        sa.Column("started_by", sa.Text, nullable=False),
        sa.Column("started_at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("after_ms", sa.BigInteger, nullable=False),
        sa.Column("after_id", sa.Text, nullable=False),
        sa.Column("pass_acted", sa.Integer, nullable=False),
        sa.Column("is_swept", sa.Boolean, nullable=False),
        sa.Column("orders_acted", sa.Integer, nullable=False),
        sa.Column("tickets_cancelled", sa.Integer, nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger, nullable=False),
        sa.Column("lease_token", sa.Text, nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger, nullable=False),
        sa.Column("next_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_performance_refunds"),
    )
    op.create_index("uq_performance_refunds_key", "performance_refunds", ["house_id", "idempotency_key"], unique=True)
    op.create_index(
        "ix_performance_refunds_due",
        "performance_refunds",
        ["next_at_ms"],
        postgresql_where=sa.text("state = 'RUNNING'"),
    )
    secure_rows("performance_refunds")


def downgrade() -> None:
    """Refunds that were asked for go on."""
    free_rows("performance_refunds")
    op.drop_table("performance_refunds")

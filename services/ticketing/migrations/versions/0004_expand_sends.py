"""Mails with documents, and their jobs."""

import sqlalchemy as sa
from alembic import op

from services.runtime.jobs.migration import create_job_tables, drop_job_tables
from services.runtime.sql.policies import secure_rows

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "sends",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("send_id", sa.Text, nullable=False),
        sa.Column("allotment_id", sa.Text, nullable=False),
        sa.Column("office_id", sa.Text, nullable=False),
        sa.Column("document_ids", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("sent_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "send_id", name="pk_sends"),
    )
    create_job_tables()
    secure_rows("sends")


def downgrade() -> None:
    """Drops them."""
    drop_job_tables()
    op.drop_table("sends")

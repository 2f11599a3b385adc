"""Links in mails, the sessions that they open, letters that wait and their jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.jobs.migration import create_job_tables, drop_job_tables
from services.runtime.sql.policies import secure_rows

revision = "0003"
down_revision = "0002"

_TABLES = (
    "links",
    "sessions",
    "letters",
)


def upgrade() -> None:
    """Adds the tables."""
    _create_links()
    create_job_tables()
    secure_rows(*_TABLES)


def _create_links() -> None:
    op.create_table(
        "links",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("ticks", JSONB, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("used_at_ms", sa.BigInteger, nullable=True),
        sa.CheckConstraint("purpose IN ('log_in', 'confirm')", name=op.f("ck_links_purpose")),
        sa.PrimaryKeyConstraint("house_id", "secret_hash", name="pk_links"),
    )
    op.create_index("ix_links_customer_id", "links", ["house_id", "customer_id"])
    op.create_index("ix_links_expires_at_ms", "links", ["expires_at_ms"])
    op.create_table(
        "sessions",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "secret_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_customer_id", "sessions", ["house_id", "customer_id"])
    op.create_index("ix_sessions_expires_at_ms", "sessions", ["expires_at_ms"])
    op.create_table(
        "letters",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("letter_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "letter_id", name="pk_letters"),
    )
    op.create_index("ix_letters_created_at_ms", "letters", ["created_at_ms"])
    op.create_index("ix_letters_customer_id", "letters", ["house_id", "customer_id"])


def downgrade() -> None:
    """Drops them."""
    drop_job_tables()
    for table in reversed(_TABLES):
        op.drop_table(table)

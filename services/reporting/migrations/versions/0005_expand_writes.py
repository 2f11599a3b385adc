"""What houses write in reporting needs: the outbox of its acts, keys of requests, and the queue of jobs."""

import sqlalchemy as sa
from alembic import op

from services.runtime.jobs.migration import create_job_tables, drop_job_tables
from services.runtime.outbox.migration import create_outbox_tables, drop_outbox_tables
from services.runtime.sql.policies import secure_rows

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables."""
    create_outbox_tables()
    op.create_table(
        "idempotency_keys",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at_ms", "idempotency_keys", ["created_at_ms"])
    create_job_tables()
    secure_rows("outbox", "idempotency_keys")


def downgrade() -> None:
    """Drops them."""
    drop_job_tables()
    op.drop_table("idempotency_keys")
    drop_outbox_tables()

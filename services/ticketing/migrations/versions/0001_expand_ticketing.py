"""The keys of ticket codes, the outbox and the inbox."""

import sqlalchemy as sa
from alembic import op

from services.runtime.outbox.migration import (
    create_inbox_tables,
    create_outbox_tables,
    drop_inbox_tables,
    drop_outbox_tables,
)
from services.runtime.sql.policies import secure_rows

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sealed_private", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("signs_from_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_signing_keys"),
    )
    create_outbox_tables()
    create_inbox_tables()
    secure_rows("outbox", "inbox", "inbox_sequence")


def downgrade() -> None:
    """Drops them."""
    drop_inbox_tables()
    drop_outbox_tables()
    op.drop_table("signing_keys")

"""When a performance's sale ends online; idempotency keys that keep wire forms and are found by their age."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An older version beside this one goes on writing rows: no end is the start, and its answers are no wire forms."""
    op.add_column("performances", sa.Column("sale_ends_at_ms", sa.BigInteger))
    op.add_column(
        "idempotency_keys", sa.Column("in_wire_form", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.create_index("ix_idempotency_keys_created_at_ms", "idempotency_keys", ["created_at_ms"])


def downgrade() -> None:
    """Forgets the ends, and the keys whose answers the older version cannot read."""
    op.drop_index("ix_idempotency_keys_created_at_ms", "idempotency_keys")
    op.execute("DELETE FROM idempotency_keys WHERE in_wire_form")
    op.drop_column("idempotency_keys", "in_wire_form")
    op.drop_column("performances", "sale_ends_at_ms")

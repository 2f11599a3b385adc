"""Outbox, inbox and pauses."""

from __future__ import annotations

from services.runtime.outbox.migration import (
    create_inbox_tables,
    create_outbox_tables,
    create_pause_table,
    drop_inbox_tables,
    drop_outbox_tables,
    drop_pause_table,
)
from services.runtime.sql.policies import secure_rows

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Adds the tables."""
    create_outbox_tables()
    create_inbox_tables()
    create_pause_table()
    secure_rows("outbox", "inbox", "inbox_sequence")


def downgrade() -> None:
    """Drops the tables."""
    drop_pause_table()
    drop_inbox_tables()
    drop_outbox_tables()

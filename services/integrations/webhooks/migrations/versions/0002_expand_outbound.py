"""What is to be told outside, to whom, and the ledger of it."""

from __future__ import annotations

from services.runtime.outbound.migration import create_outbound_tables, drop_outbound_tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the tables."""
    create_outbound_tables()


def downgrade() -> None:
    """Drops the tables."""
    drop_outbound_tables()

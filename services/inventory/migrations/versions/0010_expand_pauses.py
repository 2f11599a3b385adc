"""Operators pause consumer groups."""

from services.runtime.outbox.migration import create_pause_table, drop_pause_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table; nobody is paused."""
    create_pause_table()


def downgrade() -> None:
    """What was paused goes on."""
    drop_pause_table()

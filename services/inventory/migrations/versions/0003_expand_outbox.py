"""An outbox: what people of a house do to seats is told to its act log."""

from services.runtime.outbox.migration import create_outbox_tables, drop_outbox_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables; an older version beside this one does not know of them."""
    create_outbox_tables()


def downgrade() -> None:
    """Acts that were not published are gone with it."""
    drop_outbox_tables()

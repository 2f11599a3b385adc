"""Who buys and by whose hand an order was made: ids. Names and addresses are going to customers' own service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_COLUMNS = ("customer_id", "sold_by_kind", "sold_by")


def upgrade() -> None:
    """Empty on the orders that are there."""
    for name in _COLUMNS:
        op.add_column("orders", sa.Column(name, sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Forgets who it was."""
    for name in reversed(_COLUMNS):
        op.drop_column("orders", name)

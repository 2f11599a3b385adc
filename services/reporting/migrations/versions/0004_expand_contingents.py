"""How many seats are reserved, handed out, and reported sold."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
_COLUMNS = ("counted_reserved", "counted_allotted", "counted_reported_sold")


def upgrade() -> None:
    """Nullable, so that processes of the release before go on."""
    for name in _COLUMNS:
        op.add_column("performances", sa.Column(name, sa.Integer))


def downgrade() -> None:
    """Undoes upgrade."""
    for name in reversed(_COLUMNS):
        op.drop_column("performances", name)

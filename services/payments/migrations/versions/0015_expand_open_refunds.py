"""Payments with refunds that are owed are found without reading all payments: they are counted every half minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_OPEN = """refunds @? '$[*] ? (@."state" == "DUE" || @."state" == "STUCK")'"""


def upgrade() -> None:
    """Adds the index."""
    op.create_index("ix_payments_refunds_open", "payments", ["payment_id"], postgresql_where=sa.text(_OPEN))


def downgrade() -> None:
    """Drops it."""
    op.drop_index("ix_payments_refunds_open", "payments")

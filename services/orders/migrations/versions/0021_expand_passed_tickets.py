"""Tickets that were passed on, and when ticketing is asked who has them now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Nothing is known of tickets of before until the ticketing topic is read from its beginning."""
    op.add_column("tickets", sa.Column("passed_on", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("tickets", sa.Column("issued_at_ms", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.add_column("tickets", sa.Column("ask_at_ms", sa.BigInteger))
    op.create_index("ix_tickets_ask_at_ms", "tickets", ["ask_at_ms"], postgresql_where=sa.text("ask_at_ms IS NOT NULL"))


def downgrade() -> None:
    """Undoes upgrade."""
    op.drop_index("ix_tickets_ask_at_ms", table_name="tickets")
    for name in ("ask_at_ms", "issued_at_ms", "passed_on"):
        op.drop_column("tickets", name)

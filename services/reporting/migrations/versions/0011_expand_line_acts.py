"""Lines that were cancelled by themselves, and of which lines money went back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """What the release before wrote has no such lines; it shares out what went back."""
    op.add_column("orders", sa.Column("cancelled", JSONB))
    op.add_column("sales_orders", sa.Column("cancelled", JSONB))
    op.add_column("sales_orders", sa.Column("cancelled_at_ms", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("sales_orders", sa.Column("back_lines", JSONB))
    op.drop_constraint(op.f("ck_sales_lines_tickets"), "sales_lines", type_="check")
    op.create_check_constraint(op.f("ck_sales_lines_tickets"), "sales_lines", "tickets >= 0")


def downgrade() -> None:
    """A rebuild by the release before has whole orders only."""
    op.execute("DELETE FROM sales_lines WHERE tickets = 0")
    op.drop_constraint(op.f("ck_sales_lines_tickets"), "sales_lines", type_="check")
    op.create_check_constraint(op.f("ck_sales_lines_tickets"), "sales_lines", "tickets > 0")
    op.drop_column("sales_orders", "back_lines")
    op.drop_column("sales_orders", "cancelled_at_ms")
    op.drop_column("sales_orders", "cancelled")
    op.drop_column("orders", "cancelled")

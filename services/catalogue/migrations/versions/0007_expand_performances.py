"""Doors, end, admission, sales windows, codes, publication, moves, cancellation, series of performances."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INSTANTS = (
    "doors_at_ms",
    "ends_at_ms",
    "opens_at_ms",
    "closes_at_ms",
    "published_at_ms",
    "refund_until_ms",
    "cancelled_at_ms",
    "archived_at_ms",
)
CHECK = "ck_performances_sale_state"


def upgrade() -> None:
    """An older version beside this one goes on adding performances without these; what was on sale is published."""
    for name in INSTANTS:
        op.add_column("performances", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    for name, default in (("admission", "at_start"), ("code", ""), ("publication", "draft"), ("series_id", "")):
        op.add_column("performances", sa.Column(name, sa.Text, nullable=False, server_default=default))
    op.add_column("performances", sa.Column("sales_windows", JSONB, nullable=False, server_default="[]"))
    op.add_column("performances", sa.Column("move_number", sa.Integer, nullable=False, server_default="0"))
    op.add_column("performances", sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"))
    op.execute(
        "UPDATE performances SET publication = 'published', published_at_ms = created_at_ms WHERE sale_state <> 'draft'"
    )
    op.drop_constraint(op.f(CHECK), "performances", type_="check")
    op.create_check_constraint(op.f(CHECK), "performances", "sale_state IN ('draft', 'on_sale', 'closed', 'cancelled')")
    op.create_index(
        "uq_performances_code",
        "performances",
        ["house_id", "code"],
        unique=True,
        postgresql_where=sa.text("code <> ''"),
    )
    op.create_index(
        "ix_performances_series",
        "performances",
        ["house_id", "series_id"],
        postgresql_where=sa.text("series_id <> ''"),
    )


def downgrade() -> None:
    """Forgets them; what was cancelled is closed for the older version."""
    op.drop_index("ix_performances_series", "performances")
    op.drop_index("uq_performances_code", "performances")
    op.execute("UPDATE performances SET sale_state = 'closed' WHERE sale_state = 'cancelled'")
    op.drop_constraint(op.f(CHECK), "performances", type_="check")
    op.create_check_constraint(op.f(CHECK), "performances", "sale_state IN ('draft', 'on_sale', 'closed')")
    others = ("revision", "move_number", "sales_windows", "series_id", "publication", "code", "admission")
    for name in (*others, *INSTANTS):
        op.drop_column("performances", name)

"""The inventory's first tables: directory of owners, claims, blocks, copies from the catalogue, inbox."""

import sqlalchemy as sa
from alembic import op

from services.runtime.outbox.migration import create_inbox_tables, drop_inbox_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates everything."""
    _create_record()
    _create_copies()
    create_inbox_tables()


def _create_record() -> None:
    op.create_table(
        "performance_owner",
        sa.Column("performance_id", sa.String(64), primary_key=True),
        sa.Column("incarnation", sa.String(64), nullable=False),
        sa.Column("endpoint", sa.String(255), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("record_batch", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_table(
        "placement_pin",
        sa.Column("performance_id", sa.String(64), primary_key=True),
        sa.Column("endpoint", sa.String(255), nullable=False),
    )
    op.create_table(
        "seat_claim",
        sa.Column("performance_id", sa.String(64), primary_key=True),
        sa.Column("order_id", sa.String(64), primary_key=True),
        sa.Column("seat_index", sa.Integer, primary_key=True),
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("plan_version", sa.Integer, nullable=False),
        sa.Column("seat_id", sa.String(64), nullable=False),
        sa.Column("holder_id", sa.String(64), nullable=False),
        sa.Column("hold_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "uq_seat_claim_active",
        "seat_claim",
        ["performance_id", "seat_index"],
        unique=True,
        postgresql_where=sa.text("state IN ('claimed', 'sold')"),
    )
    op.create_table(
        "seat_block",
        sa.Column("performance_id", sa.String(64), primary_key=True),
        sa.Column("seat_index", sa.Integer, primary_key=True),
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("seat_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
    )


def _create_copies() -> None:
    op.create_table(
        "seat_plan",
        sa.Column("hall_id", sa.String(64), primary_key=True),
        sa.Column("plan_version", sa.Integer, primary_key=True),
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("seat_ids", sa.LargeBinary, nullable=False),
        sa.Column("places", sa.LargeBinary),
    )
    op.create_table(
        "performance",
        sa.Column("performance_id", sa.String(64), primary_key=True),
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("hall_id", sa.String(64), nullable=False),
        sa.Column("plan_version", sa.Integer, nullable=False),
        sa.Column("on_sale", sa.Boolean, nullable=False),
        sa.Column("seats_per_holder", sa.Integer, nullable=False),
        sa.Column("hold_ttl_seconds", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False, server_default=""),
        sa.Column("refuses_orphans", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )


def downgrade() -> None:
    """Drops everything."""
    drop_inbox_tables()
    for name in ("performance", "seat_plan", "seat_block", "seat_claim", "placement_pin", "performance_owner"):
        op.drop_table(name)

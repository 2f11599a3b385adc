"""Tickets, the orders that get none any more, and the numbers of what is void."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "tickets",
        *_texts("house_id", "ticket_id", "performance_id", "order_id", "allotment_id"),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        *_texts("print_id", "seat_id", "ticket_type", "zone", "seat_row", "seat", "code"),
        sa.Column("is_foreign", sa.Boolean, nullable=False),
        sa.Column("issued_at_ms", sa.BigInteger, nullable=False),
        sa.Column("voided_at_ms", sa.BigInteger),
        sa.Column("void_reason", sa.Text),
        sa.Column("revocation", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "ticket_id", name="pk_tickets"),
        sa.CheckConstraint("(order_id = '') <> (allotment_id = '')", name=op.f("ck_tickets_source")),
        sa.CheckConstraint(
            "(voided_at_ms IS NULL) = (void_reason IS NULL) AND (voided_at_ms IS NULL) = (revocation IS NULL)",
            name=op.f("ck_tickets_void"),
        ),
    )
    for name, columns, where in (
        ("uq_tickets_valid_seat", ["seat_id"], "voided_at_ms IS NULL"),
        ("uq_tickets_foreign_code", ["code"], "is_foreign AND voided_at_ms IS NULL"),
        ("uq_tickets_revocation", ["revocation"], "revocation IS NOT NULL"),
    ):
        op.create_index(
            name, "tickets", ["house_id", "performance_id", *columns], unique=True, postgresql_where=sa.text(where)
        )
    op.create_index("ix_tickets_order", "tickets", ["house_id", "order_id"], postgresql_where=sa.text("order_id <> ''"))
    op.create_index(
        "ix_tickets_allotment",
        "tickets",
        ["house_id", "allotment_id"],
        postgresql_where=sa.text("allotment_id <> ''"),
    )
    op.create_table(
        "ended_orders",
        *_texts("house_id", "order_id"),
        sa.Column("ended_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "order_id", name="pk_ended_orders"),
    )
    op.create_table(
        "revocation_counters",
        *_texts("house_id", "performance_id"),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "performance_id", name="pk_revocation_counters"),
    )
    secure_rows("tickets", "ended_orders", "revocation_counters")


def downgrade() -> None:
    """Drops them."""
    op.drop_table("revocation_counters")
    op.drop_table("ended_orders")
    op.drop_table("tickets")

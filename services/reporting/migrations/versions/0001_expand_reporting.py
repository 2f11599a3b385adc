"""Reporting's first tables: generations, the read model, the inbox; and the generation that is served first."""

import sqlalchemy as sa
from alembic import op

from services.runtime.outbox.migration import create_inbox_tables, drop_inbox_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates everything."""
    _create_generations()
    _create_performances()
    _create_sales_lines()
    _create_orders()
    create_inbox_tables()


def downgrade() -> None:
    """Drops everything."""
    drop_inbox_tables()
    for table in ("order_lines", "orders", "sales_lines", "performances", "generations"):
        op.drop_table(table)


_KEY = ["generation", "house_id", "performance_id"]
_ORDER = [*_KEY, "order_id"]


def _create_generations() -> None:
    op.create_table(
        "generations",
        sa.Column("generation", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("serving", sa.Boolean, nullable=False),
    )
    op.create_index(
        "uq_generations_serving", "generations", ["serving"], unique=True, postgresql_where=sa.text("serving")
    )
    op.execute("INSERT INTO generations (serving) VALUES (true)")


def _create_performances() -> None:
    op.create_table(
        "performances",
        *_key(),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("described_sequence", sa.BigInteger),
        sa.Column("title", sa.Text),
        sa.Column("capacity", sa.Integer),
        sa.Column("described_at_ms", sa.BigInteger),
        sa.Column("counted_epoch", sa.BigInteger),
        sa.Column("counted_version", sa.BigInteger),
        sa.Column("counted_free", sa.Integer),
        sa.Column("counted_held", sa.Integer),
        sa.Column("counted_claimed", sa.Integer),
        sa.Column("counted_sold", sa.Integer),
        sa.Column("counted_blocked", sa.Integer),
        sa.Column("counted_capacity", sa.Integer),
        sa.Column("counted_at_ms", sa.BigInteger),
        sa.Column("orders_confirmed", sa.Integer, nullable=False),
        sa.Column("orders_refunded", sa.Integer, nullable=False),
        sa.Column("orders_at_ms", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["generation"], ["generations.generation"], name="fk_performances_generation"),
    )


def _create_sales_lines() -> None:
    op.create_table(
        "sales_lines",
        *_key(),
        sa.Column("category", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("tickets", sa.Integer, nullable=False),
        sa.Column("revenue_minor", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(_KEY, _targets("performances", _KEY), name="fk_sales_lines_generation"),
        sa.CheckConstraint("tickets > 0", name=op.f("ck_sales_lines_tickets")),
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        *_key(),
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("channel", sa.Text),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.Column("refunded", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(_KEY, _targets("performances", _KEY), name="fk_orders_generation"),
    )
    op.create_table(
        "order_lines",
        *_key(),
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("category", sa.Text, primary_key=True),
        sa.Column("tickets", sa.Integer, nullable=False),
        sa.Column("revenue_minor", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(_ORDER, _targets("orders", _ORDER), name="fk_order_lines_generation"),
        sa.CheckConstraint("tickets > 0", name=op.f("ck_order_lines_tickets")),
    )


def _key() -> list[sa.Column[int] | sa.Column[str]]:
    return [
        sa.Column("generation", sa.BigInteger, primary_key=True),
        sa.Column("house_id", sa.Text, primary_key=True),
        sa.Column("performance_id", sa.Text, primary_key=True),
    ]


def _targets(table: str, columns: list[str]) -> list[str]:
    return [f"{table}.{column}" for column in columns]

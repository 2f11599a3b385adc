"""Read models of their own for sales, performances, houses, counts, allotments and visits, and their generations.

The totals of the releases before stay, are filled and served as they were: a later release contracts them.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MODELS = ("sales", "performances", "houses", "availability", "contingents", "funnel")
_TABLES = (
    "allotment_facts",
    "customer_fates",
    "funnel_counts",
    "funnel_steps",
    "house_facts",
    "performance_facts",
    "sales_ledger",
    "sales_minutes",
    "sales_orders",
    "sales_parts",
    "sales_sums",
    "seat_counts",
)


def upgrade() -> None:
    """Nothing that was there is touched."""
    op.create_table(
        "read_model_generations",
        sa.Column("generation", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("serving", sa.Boolean, nullable=False),
    )
    op.create_index(
        "uq_read_model_generations_model",
        "read_model_generations",
        ["model"],
        unique=True,
        postgresql_where=sa.text("serving"),
    )
    for model in _MODELS:
        op.execute(f"INSERT INTO read_model_generations (model, serving) VALUES ('{model}', true)")  # noqa: S608 (ours)
    _create_sales()
    _create_sums()
    _create_facts()
    _create_funnel()
    secure_rows(*_TABLES)


def downgrade() -> None:
    """What is in them can be built again from the topics."""
    free_rows(*_TABLES)
    for table in (*_TABLES, "read_model_generations"):
        op.drop_table(table)


def _key(*more: str) -> list[sa.Column[Any]]:
    return [
        sa.Column("generation", sa.BigInteger, primary_key=True),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("house_id", "performance_id", *more)),
    ]


def _of(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


_FIGURES = ("tickets_sold", "tickets_back", "sold_minor", "back_minor", "vat_minor", "discount_minor")


def _create_sales() -> None:
    op.create_table(
        "sales_orders",
        *_key("order_id"),
        *_of(sa.Boolean, "confirmed"),
        *_of(sa.BigInteger, "back_minor", "back_at_ms"),
        sa.Column("refunded_at_ms", sa.BigInteger),
        *_of(sa.Integer, "movements"),
    )
    op.create_table(
        "sales_ledger",
        *_key("order_id"),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("line", sa.SmallInteger, primary_key=True),
        *_of(sa.Text, "seat_id"),
        *_of(sa.SmallInteger, "tickets"),
        *_of(sa.Text, "category", "kind", "ticket_type", "channel", "currency"),
        *_of(sa.BigInteger, "amount_minor", "vat_minor", "discount_minor"),
        *_of(sa.Text, "discount_id", "office_id", "seller_kind", "seller", "customer_id"),
        *_of(sa.BigInteger, "at_ms"),
        *(sa.Column(name, sa.ARRAY(sa.Text), nullable=False) for name in ("part_kinds", "part_classes")),
        sa.Column("part_rates", sa.ARRAY(sa.Integer), nullable=False),
        *(sa.Column(name, sa.ARRAY(sa.BigInteger), nullable=False) for name in ("part_amounts", "part_vats")),
    )
    op.create_index("ix_sales_ledger_at_ms", "sales_ledger", ["generation", "house_id", "at_ms"])
    op.create_index(
        "ix_sales_ledger_customer_id",
        "sales_ledger",
        ["generation", "house_id", "customer_id"],
        postgresql_where=sa.text("customer_id <> ''"),
    )
    op.create_table(
        "customer_fates",
        sa.Column("generation", sa.BigInteger, primary_key=True),
        sa.Column("house_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, primary_key=True),
        *_of(sa.Text, "became"),
    )


def _create_sums() -> None:
    op.create_table(
        "sales_sums",
        *_key("category", "kind", "ticket_type", "channel", "discount_id", "office_id"),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("seller_kind", "seller", "currency")),
        *_of(sa.BigInteger, *_FIGURES, "last_at_ms"),
    )
    op.create_table(
        "sales_parts",
        *_key("kind", "channel", "component", "vat_class"),
        sa.Column("vat_rate", sa.Integer, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        *_of(sa.BigInteger, "sold_minor", "back_minor", "vat_minor"),
    )
    op.create_table(
        "sales_minutes",
        *_key(),
        sa.Column("minute_ms", sa.BigInteger, primary_key=True),
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("channel", "kind", "currency")),
        *_of(sa.BigInteger, *_FIGURES),
    )
    op.create_index("ix_sales_minutes_minute_ms", "sales_minutes", ["generation", "house_id", "minute_ms"])


def _create_facts() -> None:
    op.create_table(
        "performance_facts",
        *_key(),
        *_of(sa.BigInteger, "sequence"),
        *_of(sa.Text, "production_id", "title", "hall_id"),
        *_of(sa.BigInteger, "starts_at_ms"),
        *_of(sa.Integer, "capacity"),
        *_of(sa.Text, "currency"),
        *_of(sa.Boolean, "is_cancelled"),
        *_of(sa.BigInteger, "at_ms"),
    )
    op.create_index(
        "ix_performance_facts_starts_at_ms", "performance_facts", ["generation", "house_id", "starts_at_ms"]
    )
    op.create_table(
        "house_facts",
        sa.Column("generation", sa.BigInteger, primary_key=True),
        sa.Column("house_id", sa.Text, primary_key=True),
        *_of(sa.BigInteger, "revision"),
        *_of(sa.Text, "label", "name", "time_zone", "currency"),
        sa.Column("languages", sa.ARRAY(sa.Text), nullable=False),
    )
    counts = ("free", "held", "claimed", "sold", "blocked", "reserved", "allotted", "reported_sold", "capacity")
    op.create_table(
        "seat_counts",
        *_key(),
        *_of(sa.BigInteger, "epoch", "version"),
        *_of(sa.Integer, *counts),
        *_of(sa.BigInteger, "at_ms"),
    )
    op.create_table(
        "allotment_facts",
        *_key("allotment_id"),
        *_of(sa.BigInteger, "version"),
        *_of(sa.Text, "office_id", "kind"),
        *_of(sa.Integer, "handed_out", "reported_sold", "returned", "open"),
        *_of(sa.Boolean, "is_closed"),
        *_of(sa.BigInteger, "at_ms"),
    )


def _create_funnel() -> None:
    op.create_table(
        "funnel_steps",
        *_key("visit_id"),
        sa.Column("step", sa.SmallInteger, primary_key=True),
        *_of(sa.BigInteger, "reached_at_ms"),
    )
    op.create_index("ix_funnel_steps_reached_at_ms", "funnel_steps", ["generation", "house_id", "reached_at_ms"])
    op.create_table(
        "funnel_counts",
        *_key(),
        sa.Column("step", sa.SmallInteger, primary_key=True),
        *_of(sa.BigInteger, "visits"),
    )

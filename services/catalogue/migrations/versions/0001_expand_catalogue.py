"""The catalogue's first tables: houses, halls, plans, productions, performances, prices, keys, outbox."""

import sqlalchemy as sa
from alembic import op

from services.runtime.outbox.migration import create_outbox_tables, drop_outbox_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates everything."""
    _create_houses()
    _create_seating_plans()
    _create_performances()
    op.create_table(
        "idempotency_keys",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "key", name="pk_idempotency_keys"),
    )
    create_outbox_tables()


def _create_houses() -> None:
    op.create_table(
        "houses",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", name="pk_houses"),
        sa.UniqueConstraint("label", name="uq_houses_label"),
    )
    op.create_table(
        "halls",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("hall_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("latest_plan_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "hall_id", name="pk_halls"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.house_id"], name="fk_halls_house_id"),
    )
    op.create_table(
        "productions",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("production_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("performer", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "production_id", name="pk_productions"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.house_id"], name="fk_productions_house_id"),
    )


def _create_seating_plans() -> None:
    op.create_table(
        "seating_plans",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("hall_id", sa.Text, nullable=False),
        sa.Column("plan_version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seat_count", sa.Integer, nullable=False),
        sa.Column("categories", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("plan", sa.LargeBinary, nullable=False),
        sa.Column("source", sa.LargeBinary, nullable=False),
        sa.Column("imported_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "hall_id", "plan_version", name="pk_seating_plans"),
        sa.ForeignKeyConstraint(
            ["house_id", "hall_id"], ["halls.house_id", "halls.hall_id"], name="fk_seating_plans_house_id"
        ),
        sa.CheckConstraint("plan_version >= 1", name=op.f("ck_seating_plans_plan_version")),
        sa.CheckConstraint("seat_count >= 1", name=op.f("ck_seating_plans_seat_count")),
    )


def _create_performances() -> None:
    op.create_table(
        "performances",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("hall_id", sa.Text, nullable=False),
        sa.Column("plan_version", sa.Integer, nullable=False),
        sa.Column("production_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger, nullable=False),
        sa.Column("sale_state", sa.Text, nullable=False),
        sa.Column("seats_per_holder", sa.Integer, nullable=False),
        sa.Column("hold_ttl_seconds", sa.Integer, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("refuses_orphans", sa.Boolean, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "performance_id", name="pk_performances"),
        sa.UniqueConstraint("performance_id", name="uq_performances_performance_id"),
        sa.ForeignKeyConstraint(
            ["house_id", "hall_id", "plan_version"],
            ["seating_plans.house_id", "seating_plans.hall_id", "seating_plans.plan_version"],
            name="fk_performances_plan",
        ),
        sa.ForeignKeyConstraint(
            ["house_id", "production_id"],
            ["productions.house_id", "productions.production_id"],
            name="fk_performances_production",
        ),
        sa.CheckConstraint("sale_state IN ('draft', 'on_sale', 'closed')", name=op.f("ck_performances_sale_state")),
    )
    op.create_index("ix_performances_by_start", "performances", ["house_id", "starts_at_ms", "performance_id"])
    op.create_table(
        "prices",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("ticket_type", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "performance_id", "category", "ticket_type", name="pk_prices"),
        sa.ForeignKeyConstraint(
            ["house_id", "performance_id"],
            ["performances.house_id", "performances.performance_id"],
            name="fk_prices_performance",
        ),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_prices_amount_minor")),
        sa.CheckConstraint("kind IN ('normal', 'discount', 'free', 'other')", name=op.f("ck_prices_kind")),
    )


def downgrade() -> None:
    """Drops everything."""
    drop_outbox_tables()
    for table in ("idempotency_keys", "prices", "performances", "seating_plans", "productions", "halls", "houses"):
        op.drop_table(table)

"""The read model of sales, and what of it the platform was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.runtime.sql.policies import secure_rows

revision = "0004"
down_revision = "0003"

_TABLES = (
    "figure_orders",
    "figure_sums",
    "figure_seats",
    "figure_allotments",
    "figure_rules",
    "figure_states",
    "figure_told",
    "figure_rounds",
)
_PLACE = ("house_id", "performance_id")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _longs(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _integers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def upgrade() -> None:
    """Adds the tables."""
    _read_model()
    _told()
    secure_rows(*_TABLES)


def _read_model() -> None:
    op.create_table(
        "figure_orders",
        *_texts(*_PLACE, "order_id", "seller_kind", "seller", "currency"),
        sa.Column("lines", sa.LargeBinary),
        *_longs("back_minor"),
        sa.Column("is_back", sa.Boolean, nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("tickets", postgresql.ARRAY(sa.Integer), nullable=False),
        sa.Column("recettes", postgresql.ARRAY(sa.BigInteger), nullable=False),
        sa.PrimaryKeyConstraint(*_PLACE, "order_id", name="pk_figure_orders"),
    )
    op.create_table(
        "figure_sums",
        *_texts(*_PLACE, "kind", "seller_kind", "seller", "currency"),
        *_longs("tickets", "recette_minor"),
        sa.PrimaryKeyConstraint(*_PLACE, "kind", "seller_kind", "seller", "currency", name="pk_figure_sums"),
    )
    op.create_table(
        "figure_seats",
        *_texts(*_PLACE),
        *_longs("epoch", "version"),
        *_integers("reserved", "blocked"),
        sa.PrimaryKeyConstraint(*_PLACE, name="pk_figure_seats"),
    )
    op.create_table(
        "figure_allotments",
        *_texts(*_PLACE, "allotment_id"),
        *_longs("version"),
        *_texts("kind", "office_id"),
        *_integers("reported_sold"),
        sa.PrimaryKeyConstraint(*_PLACE, "allotment_id", name="pk_figure_allotments"),
    )


def _told() -> None:
    op.create_table(
        "figure_rules",
        *_texts("house_id"),
        sa.Column("resellers", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("offices", postgresql.ARRAY(sa.Text), nullable=False),
        *_longs("version"),
        sa.PrimaryKeyConstraint("house_id", name="pk_figure_rules"),
    )
    op.create_table(
        "figure_states",
        *_texts("house_id", "number", "part"),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        *_longs("put_at_ms"),
        sa.PrimaryKeyConstraint("house_id", "number", "part", "digest", name="pk_figure_states"),
    )
    op.create_table(
        "figure_told",
        *_texts("house_id", "number", "part", "performance_id"),
        sa.Column("put", sa.LargeBinary, nullable=False),
        *_longs("put_at_ms"),
        sa.Column("told", sa.LargeBinary),
        *_longs("told_at_ms", "answered_at_ms"),
        *_texts("answer", "outcome"),
        sa.PrimaryKeyConstraint("house_id", "number", "part", name="pk_figure_told"),
    )
    op.create_table(
        "figure_rounds",
        *_texts("house_id"),
        *_longs("hourly_at_ms", "nightly_at_ms"),
        sa.PrimaryKeyConstraint("house_id", name="pk_figure_rounds"),
    )


def downgrade() -> None:
    """Drops the tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)

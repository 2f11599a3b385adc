"""Connections, the platform's performances, links with them, halls and portfolios; copies of shows and houses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import secure_rows

revision = "0003"
down_revision = "0002"

_TABLES = (
    "connections",
    "platform_performances",
    "links",
    "hall_mappings",
    "portfolio_looks",
    "portfolio_figures",
    "shows",
    "houses",
)


def upgrade() -> None:
    """Adds the tables."""
    _create_connections()
    _create_links()
    _create_portfolios()
    _create_copies()
    secure_rows(*_TABLES)


def _create_connections() -> None:
    op.create_table(
        "connections",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary),
        sa.Column("secret_tail", sa.Text, nullable=False),
        sa.Column("theatre_ids", JSONB, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("look_answer", sa.Text, nullable=False),
        sa.Column("look_note", sa.Text, nullable=False),
        sa.Column("looked_at_ms", sa.BigInteger, nullable=False),
        sa.Column("told_at_ms", sa.BigInteger, nullable=False),
        sa.Column("list_due_at_ms", sa.BigInteger, nullable=False),
        sa.Column("portfolio_due_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", name="pk_connections"),
    )
    for due in ("list_due_at_ms", "portfolio_due_at_ms"):
        op.create_index(f"ix_connections_{due}", "connections", [due], postgresql_where=sa.text("is_on"))
    op.create_table(
        "platform_performances",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("performer", sa.Text, nullable=False),
        sa.Column("theatre_id", sa.Text, nullable=False),
        sa.Column("theatre", sa.Text, nullable=False),
        sa.Column("province_id", sa.Text, nullable=False),
        sa.Column("province", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("wall_ms", sa.BigInteger, nullable=False),
        sa.Column("has_time", sa.Boolean, nullable=False),
        sa.Column("season", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("is_private", sa.Boolean, nullable=False),
        sa.Column("is_school", sa.Boolean, nullable=False),
        sa.Column("capacity", JSONB, nullable=False),
        sa.Column("season_year", sa.Integer, nullable=False),
        sa.Column("is_linkable", sa.Boolean, nullable=False),
        sa.Column("gone_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "number", name="pk_platform_performances"),
    )
    op.create_index("ix_platform_performances_wall_ms", "platform_performances", ["house_id", "wall_ms", "number"])


def _create_links() -> None:
    op.create_table(
        "links",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("linked_at_ms", sa.BigInteger, nullable=False),
        sa.Column("linked_by_kind", sa.Text, nullable=False),
        sa.Column("linked_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "number", name="pk_links"),
    )
    op.create_index("uq_links_performance_id", "links", ["house_id", "performance_id"], unique=True)
    op.create_table(
        "hall_mappings",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("hall_id", sa.Text, nullable=False),
        sa.Column("theatre_id", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("ranks", JSONB, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "hall_id", name="pk_hall_mappings"),
    )


def _create_portfolios() -> None:
    op.create_table(
        "portfolio_looks",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("production", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("looked_at_ms", sa.BigInteger, nullable=False),
        sa.Column("told_at_ms", sa.BigInteger, nullable=False),
        sa.Column("adds_up", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "production", name="pk_portfolio_looks"),
    )
    op.create_table(
        "portfolio_figures",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("production", sa.Text, nullable=False),
        sa.Column("theatre_id", sa.Text, nullable=False),
        sa.Column("theatre", sa.Text, nullable=False),
        sa.Column("province_id", sa.Text, nullable=False),
        sa.Column("province", sa.Text, nullable=False),
        sa.Column("tickets", sa.BigInteger, nullable=False),
        sa.Column("recette_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "production", "theatre_id", name="pk_portfolio_figures"),
    )


def _create_copies() -> None:
    op.create_table(
        "shows",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("production_id", sa.Text, nullable=False),
        sa.Column("hall_id", sa.Text, nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("capacity", sa.BigInteger, nullable=False),
        sa.Column("is_archived", sa.Boolean, nullable=False),
        sa.Column("prices", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "performance_id", name="pk_shows"),
    )
    op.create_index("ix_shows_starts_at_ms", "shows", ["house_id", "starts_at_ms", "performance_id"])
    op.create_index("ix_shows_code", "shows", ["house_id", "code"])
    op.create_table(
        "houses",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", name="pk_houses"),
    )


def downgrade() -> None:
    """Drops them."""
    for table in reversed(_TABLES):
        op.drop_table(table)

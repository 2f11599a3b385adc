"""Copies of what other services say: the house's performances, and its clock."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.integrations.podiumkunst.adapters.metadata import metadata

# `sequence`: of the event that said it; 0 where the catalogue was asked before its event came. `prices`: the dearest of
# each category.
shows = sa.Table(
    "shows",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
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
)
sa.Index("ix_shows_starts_at_ms", shows.c.house_id, shows.c.starts_at_ms, shows.c.performance_id)
sa.Index("ix_shows_code", shows.c.house_id, shows.c.code)

houses = sa.Table(
    "houses",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

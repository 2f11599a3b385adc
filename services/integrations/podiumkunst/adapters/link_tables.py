"""Tables of a house's connection, of what the platform tells, and of links with it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.integrations.podiumkunst.adapters.metadata import metadata

# Looks change nothing that an etag stands for. `list_due_at_ms`: when the list is fetched next; likewise the figures.
connections = sa.Table(
    "connections",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
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
)
sa.Index("ix_connections_list_due_at_ms", connections.c.list_due_at_ms, postgresql_where=connections.c.is_on)
sa.Index("ix_connections_portfolio_due_at_ms", connections.c.portfolio_due_at_ms, postgresql_where=connections.c.is_on)

# What was listed once stays: `gone_at_ms` says since when it is listed no more. `wall_ms`: its wall time as if in UTC.
platform_performances = sa.Table(
    "platform_performances",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
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
    # By the domain's rules as they were when it was read.
    sa.Column("season_year", sa.Integer, nullable=False),
    sa.Column("is_linkable", sa.Boolean, nullable=False),
    sa.Column("gone_at_ms", sa.BigInteger),
)
sa.Index(
    "ix_platform_performances_wall_ms",
    platform_performances.c.house_id,
    platform_performances.c.wall_ms,
    platform_performances.c.number,
)

# Both ways at most one (R0.11), in one house; another house may have the same number.
links = sa.Table(
    "links",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("linked_at_ms", sa.BigInteger, nullable=False),
    sa.Column("linked_by_kind", sa.Text, nullable=False),
    sa.Column("linked_by", sa.Text, nullable=False),
)
sa.Index("uq_links_performance_id", links.c.house_id, links.c.performance_id, unique=True)

# `ranks`: [[category, rank], ...].
hall_mappings = sa.Table(
    "hall_mappings",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("hall_id", sa.Text, primary_key=True),
    sa.Column("theatre_id", sa.Text, nullable=False),
    sa.Column("location", sa.Text, nullable=False),
    sa.Column("ranks", JSONB, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

portfolio_looks = sa.Table(
    "portfolio_looks",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("production", sa.Text, primary_key=True),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("looked_at_ms", sa.BigInteger, nullable=False),
    sa.Column("told_at_ms", sa.BigInteger, nullable=False),
    sa.Column("adds_up", sa.Boolean, nullable=False),
)

# What stands here is what was told last.
portfolio_figures = sa.Table(
    "portfolio_figures",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("production", sa.Text, primary_key=True),
    sa.Column("theatre_id", sa.Text, primary_key=True),
    sa.Column("theatre", sa.Text, nullable=False),
    sa.Column("province_id", sa.Text, nullable=False),
    sa.Column("province", sa.Text, nullable=False),
    sa.Column("tickets", sa.BigInteger, nullable=False),
    sa.Column("recette_minor", sa.BigInteger, nullable=False),
)

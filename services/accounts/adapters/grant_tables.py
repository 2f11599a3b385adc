"""Tables of grants. A grant is a house's row and names an address, known or not."""

from __future__ import annotations

import sqlalchemy as sa

from services.accounts.adapters.metadata import metadata

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("house_id", sa.Text, sa.ForeignKey("houses.house_id"), primary_key=True),
    sa.Column("grant_id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    # Addresses that are the same for us have the same.
    sa.Column("email_key", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    # '' for the whole house.
    sa.Column("thing_id", sa.Text, nullable=False),
    sa.Column("granted_at_ms", sa.BigInteger, nullable=False),
    # NULL: it stands.
    sa.Column("withdrawn_at_ms", sa.BigInteger),
    sa.CheckConstraint("scope IN ('house', 'production', 'performance')", name="scope"),
    sa.CheckConstraint("(scope = 'house') = (thing_id = '')", name="thing_id"),
)
sa.Index("ix_grants_as_made", grants.c.house_id, grants.c.granted_at_ms, grants.c.grant_id)
sa.Index(
    "uq_grants_standing",
    grants.c.email_key,
    grants.c.house_id,
    grants.c.scope,
    grants.c.thing_id,
    unique=True,
    postgresql_where=sa.text("withdrawn_at_ms IS NULL"),
)

# How often what an address is granted has changed; its row's lock makes the changes take turns.
grant_versions = sa.Table(
    "grant_versions",
    metadata,
    sa.Column("email_key", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)

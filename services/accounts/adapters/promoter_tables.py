"""The table of promoters: a person belongs to one house at most."""

from __future__ import annotations

import sqlalchemy as sa

from services.accounts.adapters.metadata import metadata

promoters = sa.Table(
    "promoters",
    metadata,
    sa.Column("house_id", sa.Text, sa.ForeignKey("houses.house_id"), primary_key=True),
    sa.Column("person_id", sa.Text, sa.ForeignKey("people.person_id"), primary_key=True),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("person_id"),
)

"""Tables of houses and of who works in them. Every row has its house's id."""

from __future__ import annotations

import sqlalchemy as sa

from services.accounts.adapters.metadata import metadata

houses = sa.Table(
    "houses",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("label", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("languages", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)

memberships = sa.Table(
    "memberships",
    metadata,
    sa.Column("house_id", sa.Text, sa.ForeignKey("houses.house_id"), primary_key=True),
    sa.Column("person_id", sa.Text, sa.ForeignKey("people.person_id"), primary_key=True),
    sa.Column("roles", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("joined_at_ms", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.CheckConstraint("cardinality(roles) >= 1", name="roles"),
)
sa.Index("ix_memberships_person_id", memberships.c.person_id)

# First answers of writes (RULE 27). `owner_id`: the person whose keys these are, '' for who signs up.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("owner_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.LargeBinary, nullable=False),
    # Null only inside the transaction that has claimed the key.
    sa.Column("answer", sa.LargeBinary),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_idempotency_keys_created_at_ms", idempotency_keys.c.created_at_ms)

"""Tables of people and what is theirs, whatever houses they work in; of secrets only hashes and sealed forms."""

from __future__ import annotations

import sqlalchemy as sa

from services.accounts.adapters.metadata import metadata
from services.runtime.signing_keys.rows import signing_keys_table

people = sa.Table(
    "people",
    metadata,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    # Addresses that are the same for us have the same.
    sa.Column("email_key", sa.Text, nullable=False, unique=True),
    sa.Column("email_confirmed", sa.Boolean, nullable=False),
    # argon2id, in its own notation.
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("tokens_void_until_ms", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("session_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    # A person, or a buyer's holder id.
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("used_at_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.CheckConstraint("kind IN ('person', 'buyer')", name="kind"),
)
sa.Index("ix_sessions_subject", sessions.c.subject)
sa.Index("ix_sessions_expires_at_ms", sessions.c.expires_at_ms)

signing_keys = signing_keys_table(metadata)

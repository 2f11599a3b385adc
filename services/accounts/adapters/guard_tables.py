"""Tables that keep others out: tries to log in and second factors."""

from __future__ import annotations

import sqlalchemy as sa

from services.accounts.adapters.metadata import metadata

log_in_attempts = sa.Table(
    "log_in_attempts",
    metadata,
    # Of the account's or the caller's address: who never signed up is not kept in words.
    sa.Column("name_hash", sa.LargeBinary, primary_key=True),
    sa.Column("tries", sa.BigInteger, nullable=False),
    sa.Column("last_at_ms", sa.BigInteger, nullable=False),
    sa.Column("blocked_until_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_log_in_attempts_last_at_ms", log_in_attempts.c.last_at_ms)

second_factors = sa.Table(
    "second_factors",
    metadata,
    sa.Column("person_id", sa.Text, sa.ForeignKey("people.person_id"), primary_key=True),
    # Opened with the deployment's sealing secret only.
    sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
    sa.Column("is_confirmed", sa.Boolean, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("person_id", sa.Text, sa.ForeignKey("people.person_id"), primary_key=True),
    sa.Column("code_hash", sa.LargeBinary, primary_key=True),
)

"""The table of guesses: who was wrong how often about a number and a code, by order, caller and house."""

from __future__ import annotations

import sqlalchemy as sa

from services.ticketing.adapters.metadata import metadata

# `guessed`: o- and an order's number, c- and a caller, or * for the whole house. A row counts for one window of time.
code_guesses = sa.Table(
    "code_guesses",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("guessed", sa.Text, primary_key=True),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("wrong", sa.Integer, nullable=False),
)
sa.Index("ix_code_guesses_created_at_ms", code_guesses.c.created_at_ms)

"""Tables of what goes by mail: links, the sessions that they open, letters that wait. Secrets are hashed or sealed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.customers.adapters.metadata import metadata

# `ticks`: [[consent, text version], ...]: what opening it confirms.
links = sa.Table(
    "links",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("secret_hash", sa.LargeBinary, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("customer_id", sa.Text, nullable=False),
    # Where it was sent: it proves nothing of another address.
    sa.Column("email_key", sa.Text, nullable=False),
    sa.Column("ticks", JSONB, nullable=False),
    sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
    sa.Column("used_at_ms", sa.BigInteger),
    sa.CheckConstraint("purpose IN ('log_in', 'confirm')", name="purpose"),
)
sa.Index("ix_links_customer_id", links.c.house_id, links.c.customer_id)
sa.Index("ix_links_expires_at_ms", links.c.expires_at_ms)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("secret_hash", sa.LargeBinary, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_sessions_customer_id", sessions.c.house_id, sessions.c.customer_id)
sa.Index("ix_sessions_expires_at_ms", sessions.c.expires_at_ms)

letters = sa.Table(
    "letters",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("letter_id", sa.Text, primary_key=True),
    # '': whose it is is found out when it is worked on.
    sa.Column("customer_id", sa.Text, nullable=False),
    # To whom, why and with which link: opened with the deployment's sealing secret only, and gone once it was sent.
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_letters_customer_id", letters.c.house_id, letters.c.customer_id)
sa.Index("ix_letters_created_at_ms", letters.c.created_at_ms)

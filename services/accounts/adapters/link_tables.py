"""Tables of what goes by mail: invitations, one-time links, letters that wait. Secrets are hashed or sealed."""

from __future__ import annotations

import sqlalchemy as sa

from services.accounts.adapters.metadata import metadata

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("house_id", sa.Text, sa.ForeignKey("houses.house_id"), primary_key=True),
    sa.Column("invitation_id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", sa.Text, nullable=False),
    sa.Column("roles", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.CheckConstraint("state IN ('open', 'accepted', 'withdrawn')", name="state"),
    sa.CheckConstraint("cardinality(roles) >= 1", name="roles"),
)
sa.Index(
    "ix_invitations_open",
    invitations.c.house_id,
    invitations.c.created_at_ms,
    invitations.c.invitation_id,
    postgresql_where=sa.text("state = 'open'"),
)

one_time_links = sa.Table(
    "one_time_links",
    metadata,
    sa.Column("secret_hash", sa.LargeBinary, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("person_id", sa.Text, sa.ForeignKey("people.person_id"), nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_key", sa.Text, nullable=False),
    sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
    sa.Column("used_at_ms", sa.BigInteger),
    sa.CheckConstraint("purpose IN ('reset', 'confirm_email')", name="purpose"),
)
sa.Index("ix_one_time_links_person_id", one_time_links.c.person_id)
sa.Index("ix_one_time_links_expires_at_ms", one_time_links.c.expires_at_ms)

letters = sa.Table(
    "letters",
    metadata,
    sa.Column("letter_id", sa.Text, primary_key=True),
    # To whom, why and with which link: opened with the deployment's sealing secret only, and gone once it was sent.
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)

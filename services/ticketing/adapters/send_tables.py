"""The table of mails with documents. Whom they go to is the office's business, and not kept here."""

from __future__ import annotations

import sqlalchemy as sa

from services.ticketing.adapters.metadata import metadata

sends = sa.Table(
    "sends",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("send_id", sa.Text, primary_key=True),
    sa.Column("allotment_id", sa.Text, nullable=False),
    sa.Column("office_id", sa.Text, nullable=False),
    sa.Column("document_ids", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    # NULL: it waits for the post.
    sa.Column("sent_at_ms", sa.BigInteger),
)

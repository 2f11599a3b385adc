"""The table of how houses' paper looks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.ticketing.adapters.metadata import metadata

paper_styles = sa.Table(
    "paper_styles",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("primary_color", sa.Text, nullable=False),
    sa.Column("accent_color", sa.Text, nullable=False),
    sa.Column("address_lines", JSONB, nullable=False),
    sa.Column("conditions", sa.Text, nullable=False),
    sa.Column("logo", sa.LargeBinary, nullable=False),
    sa.Column("stocks", JSONB, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

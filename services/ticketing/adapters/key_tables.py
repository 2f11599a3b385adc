"""The table of the keys of ticket codes; private ones are sealed."""

from __future__ import annotations

import sqlalchemy as sa

from services.ticketing.adapters.metadata import metadata

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("sealed_private", sa.LargeBinary, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("signs_from_ms", sa.BigInteger, nullable=False),
)

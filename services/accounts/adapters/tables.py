"""All tables of accounts, so that whoever looks at the schema sees the whole of it."""

from __future__ import annotations

from services.accounts.adapters import (
    act_tables,
    grant_tables,
    guard_tables,
    house_tables,
    key_tables,
    link_tables,
    people_tables,
    promoter_tables,
    revocation_rows,
)
from services.accounts.adapters.metadata import metadata

__all__ = [
    "act_tables",
    "grant_tables",
    "guard_tables",
    "house_tables",
    "key_tables",
    "link_tables",
    "metadata",
    "people_tables",
    "promoter_tables",
    "revocation_rows",
]

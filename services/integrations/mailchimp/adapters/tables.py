"""All tables of mailchimp, so that whoever looks at the schema sees the whole of it."""

from __future__ import annotations

from services.integrations.mailchimp.adapters import account_tables, member_tables
from services.integrations.mailchimp.adapters.metadata import metadata

__all__ = ["account_tables", "member_tables", "metadata"]

"""All tables of webhooks, so that whoever looks at the schema sees the whole of it."""

from __future__ import annotations

from services.integrations.webhooks.adapters import endpoint_tables
from services.integrations.webhooks.adapters.metadata import metadata

__all__ = ["endpoint_tables", "metadata"]

"""All tables of podiumkunst, so that whoever looks at the schema sees the whole of it."""

from __future__ import annotations

from services.integrations.podiumkunst.adapters import figure_tables, link_tables, show_tables
from services.integrations.podiumkunst.adapters.metadata import metadata

__all__ = ["figure_tables", "link_tables", "metadata", "show_tables"]

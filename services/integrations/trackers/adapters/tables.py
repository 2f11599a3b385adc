"""All tables of trackers, so that whoever looks at the schema sees the whole of it."""

from __future__ import annotations

from services.integrations.trackers.adapters import order_tables, tracker_tables, visit_tables
from services.integrations.trackers.adapters.metadata import metadata

__all__ = ["metadata", "order_tables", "tracker_tables", "visit_tables"]

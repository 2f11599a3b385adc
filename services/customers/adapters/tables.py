"""All tables of customers, so that whoever looks at the schema sees the whole of it."""

from __future__ import annotations

from services.customers.adapters import consent_tables, customer_tables, link_tables
from services.customers.adapters.metadata import metadata

__all__ = ["consent_tables", "customer_tables", "link_tables", "metadata"]

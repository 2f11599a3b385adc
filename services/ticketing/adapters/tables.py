"""All tables of ticketing, so that whoever looks at the schema sees the whole of it."""

from __future__ import annotations

from services.ticketing.adapters import (
    delivery_tables,
    document_tables,
    guess_tables,
    invoice_tables,
    key_tables,
    paper_style_tables,
    send_tables,
    statement_tables,
    ticket_tables,
)
from services.ticketing.adapters.metadata import metadata

__all__ = [
    "delivery_tables",
    "document_tables",
    "guess_tables",
    "invoice_tables",
    "key_tables",
    "metadata",
    "paper_style_tables",
    "send_tables",
    "statement_tables",
    "ticket_tables",
]

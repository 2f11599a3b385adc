"""Invoices of orders, and how the house invoices."""

from __future__ import annotations

from typing import Final

from balcon.ticketing.v1 import invoices_pb2

from services.console.house.command import Command, ReadsEtag, Subject

_SERVICE: Final = invoices_pb2.DESCRIPTOR.services_by_name["InvoicesService"]

INVOICES: Final = Subject(
    "invoice",
    "Invoices, receipts and credit notes of orders.",
    "ticketing",
    _SERVICE,
    (
        Command("settings", "GetInvoicing", "Shows how the house invoices."),
        Command(
            "set",
            "UpdateInvoicing",
            "Says who sells, and when a receipt will do.",
            etag=ReadsEtag("GetInvoicing"),
        ),
        Command(
            "issue",
            "IssueInvoice",
            "Issues the invoice of an order, and credit notes for what went back.",
            arguments=("order_id",),
        ),
        Command(
            "correct",
            "CorrectInvoice",
            "Puts another name on an invoice: a credit note and a new invoice.",
            arguments=("invoice_id",),
        ),
        Command("show", "GetInvoice", "Shows a document.", arguments=("invoice_id",)),
        Command(
            "list",
            "ListInvoices",
            "Lists documents, the newest first.",
            columns=("number", "kind", "order_id", "total", "issued_at", "replaced_by"),
        ),
        Command(
            "file",
            "DownloadInvoice",
            "Fetches a document into a file (PDF).",
            arguments=("invoice_id",),
            saves={"data": "out"},
        ),
    ),
)

"""balcon.ticketing.v1.InvoicesService: protobuf in, protobuf out. Decides nothing."""
# ruff: noqa: N802 (the methods have gRPC's names)

from __future__ import annotations

from collections.abc import AsyncIterator

from balcon.ticketing.v1 import invoices_pb2 as pb
from balcon.ticketing.v1.invoices_pb2_grpc import InvoicesServiceServicer

from services.contracts.changes import etag_of
from services.contracts.languages import refused_language
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import as_lines, refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import wire_instant, wire_money
from services.runtime.errors import UNSET, FieldInvalid, Refusal
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context
from services.ticketing.domain.invoice import Invoice, InvoiceBuyer, InvoiceLine, InvoicePart, VatSum, vat_sums
from services.ticketing.domain.invoicing import Invoicing, KeptInvoicing
from services.ticketing.handlers.invoices import (
    Corrected,
    InvoiceHandler,
    OrderDocuments,
    WantedCorrection,
    WantedInvoice,
)
from services.ticketing.handlers.invoicing import (
    InvoicingChange,
    InvoicingHandler,
    refused_buyer,
    refused_invoicing_change,
)

_PART_BYTES = 256 * 1024


class InvoicesServicer(InvoicesServiceServicer):
    """See invoices.proto."""

    def __init__(self, invoicing: InvoicingHandler, invoices: InvoiceHandler) -> None:
        self._invoicing = invoicing
        self._invoices = invoices

    async def GetInvoicing(self, request: pb.GetInvoicingRequest, context: Context) -> pb.GetInvoicingResponse:
        """See invoices.proto."""
        accept(refused_key("house_id", request.house_id))
        return pb.GetInvoicingResponse(invoicing=_invoicing_message(await self._invoicing.get(request.house_id)))

    async def UpdateInvoicing(self, request: pb.UpdateInvoicingRequest, context: Context) -> pb.UpdateInvoicingResponse:
        """See invoices.proto."""
        change = InvoicingChange(_invoicing(request.invoicing), tuple(request.update_mask.paths), request.etag)
        unset = None if request.HasField("invoicing") else FieldInvalid("invoicing", UNSET, "how the house invoices")
        accept(refused_key("house_id", request.house_id), unset, *refused_invoicing_change(change))
        kept = answered(await self._invoicing.update(request.house_id, change))
        return pb.UpdateInvoicingResponse(invoicing=_invoicing_message(kept))

    async def IssueInvoice(self, request: pb.IssueInvoiceRequest, context: Context) -> pb.IssueInvoiceResponse:
        """See invoices.proto."""
        buyer = _buyer(request.buyer) if request.HasField("buyer") else None
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("order_id", request.order_id),
            *(refused_buyer(buyer) if buyer is not None else ()),
            refused_language("language", request.language) if request.language else None,
        )

        def response(made: OrderDocuments) -> pb.IssueInvoiceResponse:
            return pb.IssueInvoiceResponse(
                invoice=_message(request.house_id, made.invoice),
                credit_notes=[_message(request.house_id, note) for note in made.credit_notes],
            )

        wanted = WantedInvoice(request.order_id, buyer, request.language)
        answer = await self._invoices.issue(asked_once(request, response), request.house_id, wanted)
        return pb.IssueInvoiceResponse.FromString(answered(answer))

    async def CorrectInvoice(self, request: pb.CorrectInvoiceRequest, context: Context) -> pb.CorrectInvoiceResponse:
        """See invoices.proto."""
        buyer = _buyer(request.buyer)
        unset = None if request.HasField("buyer") else FieldInvalid("buyer", UNSET, "who is to stand on the new one")
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("invoice_id", request.invoice_id),
            unset,
            *(() if unset else refused_buyer(buyer)),
            refused_language("language", request.language) if request.language else None,
        )

        def response(made: Corrected) -> pb.CorrectInvoiceResponse:
            return pb.CorrectInvoiceResponse(
                credit_note=_message(request.house_id, made.credit_note),
                invoice=_message(request.house_id, made.invoice),
            )

        wanted = WantedCorrection(request.invoice_id, buyer, request.language)
        answer = await self._invoices.correct(asked_once(request, response), request.house_id, wanted)
        return pb.CorrectInvoiceResponse.FromString(answered(answer))

    async def GetInvoice(self, request: pb.GetInvoiceRequest, context: Context) -> pb.GetInvoiceResponse:
        """See invoices.proto."""
        accept(refused_key("house_id", request.house_id), refused_key("invoice_id", request.invoice_id))
        found = answered(await self._invoices.get(request.house_id, request.invoice_id))
        return pb.GetInvoiceResponse(invoice=_message(request.house_id, found))

    async def ListInvoices(self, request: pb.ListInvoicesRequest, context: Context) -> pb.ListInvoicesResponse:
        """See invoices.proto."""
        named = refused_key("order_id", request.order_id) if request.order_id else None
        checks = (refused_key("house_id", request.house_id), named)
        asked = asked_page(request.page_size, request.page_token, request.house_id, *checks)
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        page, has_more = await self._invoices.page(request.house_id, request.order_id, asked)
        return pb.ListInvoicesResponse(
            invoices=[_message(request.house_id, one, with_lines=False) for one in page],
            next_page_token=token_after(request.house_id, page[-1].invoice_id, page[-1].issued_at_ms)
            if has_more
            else "",
        )

    async def DownloadInvoice(
        self, request: pb.DownloadInvoiceRequest, context: Context
    ) -> AsyncIterator[pb.DownloadInvoiceResponse]:
        """See invoices.proto."""
        accept(refused_key("house_id", request.house_id), refused_key("invoice_id", request.invoice_id))
        found = answered(await self._invoices.get(request.house_id, request.invoice_id))
        async with self._invoices.drawn(request.house_id, found) as file:
            if isinstance(file, Refusal):
                raise Refused(file)
            yield pb.DownloadInvoiceResponse(invoice=_message(request.house_id, found))
            while data := file.read(_PART_BYTES):
                yield pb.DownloadInvoiceResponse(data=data)


def _invoicing(message: pb.Invoicing) -> Invoicing:
    return Invoicing(
        legal_name=message.legal_name,
        address_lines=tuple(message.address_lines),
        vat_number=message.vat_number,
        registration=message.registration,
        number_prefix=message.number_prefix,
        automatic=message.automatic,
        small_up_to_minor=message.small_up_to_minor,
        note=as_lines(message.note),
    )


def _invoicing_message(kept: KeptInvoicing) -> pb.Invoicing:
    one = kept.invoicing
    return pb.Invoicing(
        legal_name=one.legal_name,
        address_lines=one.address_lines,
        vat_number=one.vat_number,
        registration=one.registration,
        number_prefix=one.number_prefix,
        automatic=one.automatic,
        small_up_to_minor=one.small_up_to_minor,
        note=one.note,
        etag=etag_of(kept.revision),
    )


def _buyer(message: pb.InvoiceBuyer) -> InvoiceBuyer:
    return InvoiceBuyer(message.name, tuple(message.address_lines), message.vat_number)


def _message(house_id: str, invoice: Invoice, *, with_lines: bool = True) -> pb.Invoice:
    """All of it but who it is made out to: that stands on the document."""
    currency = invoice.currency
    return pb.Invoice(
        house_id=house_id,
        invoice_id=invoice.invoice_id,
        kind=pb.InvoiceKind.Value(f"INVOICE_KIND_{invoice.kind.value}"),
        number=invoice.number,
        order_id=invoice.order_id,
        corrects=invoice.corrects,
        refund_id=invoice.refund_id,
        replaced_by=invoice.replaced_by,
        total=wire_money(invoice.total_minor, currency),
        vat=[_vat_message(one, currency) for one in vat_sums(invoice.lines)],
        language=invoice.language,
        has_buyer=invoice.has_buyer,
        issued_at=wire_instant(invoice.issued_at_ms),
        lines=[_line_message(line, currency) for line in (invoice.lines if with_lines else ())],
    )


def _vat_message(one: VatSum, currency: str) -> pb.InvoiceVat:
    return pb.InvoiceVat(
        vat_class=one.vat_class,
        rate_basis_points=one.rate_basis_points,
        net=wire_money(one.net_minor, currency),
        vat=wire_money(one.vat_minor, currency),
    )


def _line_message(line: InvoiceLine, currency: str) -> pb.InvoiceLine:
    return pb.InvoiceLine(
        performance_id=line.performance_id,
        seat_id=line.seat_id,
        seat_text=line.seat_text,
        category=line.category,
        ticket_type=line.ticket_type,
        amount=wire_money(line.amount_minor, currency),
        parts=[_part_message(part, currency) for part in line.parts],
    )


def _part_message(part: InvoicePart, currency: str) -> pb.InvoicePart:
    return pb.InvoicePart(
        component=part.component,
        amount=wire_money(part.amount_minor, currency),
        vat_class=part.vat_class,
        rate_basis_points=part.rate_basis_points,
        vat=wire_money(part.vat_minor, currency),
    )

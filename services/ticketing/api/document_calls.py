"""balcon.ticketing.v1.TicketingService, the paper of allotments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Protocol

from balcon.ticketing.v1 import ticketing_service_pb2 as pb

from services.contracts.bounds import MAX_SEAT_ID_CHARS
from services.contracts.languages import refused_language
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import instant_ms
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context
from services.ticketing.api.document_messages import document_message
from services.ticketing.domain.document import STATEMENTS, Document
from services.ticketing.handlers.allotment_papers import AllotmentPaperHandler, NoteMade, WantedPaper
from services.ticketing.handlers.documents import DocumentHandler
from services.ticketing.handlers.office_statements import OfficeStatementHandler, WantedStatement
from services.ticketing.handlers.prints import Printed, PrintHandler, WantedPrint
from services.ticketing.paper.shipped_stocks import DEFAULT_STOCK

# As many as the largest hall has.
_MAX_SEATS = 20_000
_MAX_STOCK_CHARS = 40


class _OfAllotment(Protocol):
    """What every request for paper names."""

    idempotency_key: str
    house_id: str
    performance_id: str
    allotment_id: str
    language: str


class DocumentCalls:
    """Stateless; everything lives in the handlers."""

    _prints: PrintHandler
    _papers: AllotmentPaperHandler
    _documents: DocumentHandler
    _office_statements: OfficeStatementHandler

    async def PrintAllotment(  # noqa: N802
        self, request: pb.PrintAllotmentRequest, context: Context
    ) -> pb.PrintAllotmentResponse:
        accept(*_refused(request), *_refused_seats(request.seat_ids), _refused_stock(request.stock))
        wanted = WantedPrint(
            request.performance_id,
            request.allotment_id,
            tuple(request.seat_ids),
            request.stock or DEFAULT_STOCK,
            request.language,
        )

        def response(printed: Printed) -> pb.PrintAllotmentResponse:
            document = document_message(request.house_id, printed.document)
            return pb.PrintAllotmentResponse(document=document, voided=printed.voided)

        answer = answered(await self._prints.print(asked_once(request, response), request.house_id, wanted))
        return pb.PrintAllotmentResponse.FromString(answer)

    async def CreateDeliveryNote(  # noqa: N802
        self, request: pb.CreateDeliveryNoteRequest, context: Context
    ) -> pb.CreateDeliveryNoteResponse:
        accept(*_refused(request))

        def response(made: NoteMade) -> pb.CreateDeliveryNoteResponse:
            return pb.CreateDeliveryNoteResponse(
                note=document_message(request.house_id, made.note),
                seat_list=document_message(request.house_id, made.seat_list),
            )

        answer = await self._papers.note(asked_once(request, response), request.house_id, _wanted(request))
        return pb.CreateDeliveryNoteResponse.FromString(answered(answer))

    async def CreateHallPlan(  # noqa: N802
        self, request: pb.CreateHallPlanRequest, context: Context
    ) -> pb.CreateHallPlanResponse:
        accept(*_refused(request))

        def response(document: Document) -> pb.CreateHallPlanResponse:
            return pb.CreateHallPlanResponse(document=document_message(request.house_id, document))

        answer = await self._papers.hall_plan(asked_once(request, response), request.house_id, _wanted(request))
        return pb.CreateHallPlanResponse.FromString(answered(answer))

    async def CreateStatement(  # noqa: N802
        self, request: pb.CreateStatementRequest, context: Context
    ) -> pb.CreateStatementResponse:
        accept(*_refused(request))

        def response(document: Document) -> pb.CreateStatementResponse:
            return pb.CreateStatementResponse(document=document_message(request.house_id, document))

        answer = await self._papers.statement(asked_once(request, response), request.house_id, _wanted(request))
        return pb.CreateStatementResponse.FromString(answered(answer))

    async def CreateOfficeStatement(  # noqa: N802
        self, request: pb.CreateOfficeStatementRequest, context: Context
    ) -> pb.CreateOfficeStatementResponse:
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("office_id", request.office_id),
            *_refused_span(request),
            refused_language("language", request.language) if request.language else None,
        )
        span = instant_ms(request.from_at), instant_ms(request.until_at)
        wanted = WantedStatement(request.office_id, *span, request.language)

        def response(document: Document) -> pb.CreateOfficeStatementResponse:
            return pb.CreateOfficeStatementResponse(document=document_message(request.house_id, document))

        answer = await self._office_statements.make(asked_once(request, response), request.house_id, wanted)
        return pb.CreateOfficeStatementResponse.FromString(answered(answer))

    async def ListDocuments(self, request: pb.ListDocumentsRequest, context: Context) -> pb.ListDocumentsResponse:  # noqa: N802
        named = refused_key("allotment_id", request.allotment_id) if request.allotment_id else None
        checks = (refused_key("house_id", request.house_id), named)
        asked = asked_page(request.page_size, request.page_token, request.house_id, *checks)
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        page, has_more = await self._documents.page(request.house_id, request.allotment_id, asked)
        return pb.ListDocumentsResponse(
            documents=[document_message(request.house_id, document) for document in page],
            next_page_token=_token(request.house_id, page[-1]) if has_more else "",
        )

    async def DownloadDocument(  # noqa: N802
        self, request: pb.DownloadDocumentRequest, context: Context
    ) -> AsyncIterator[pb.DownloadDocumentResponse]:
        accept(refused_key("house_id", request.house_id), refused_key("document_id", request.document_id))
        document = answered(await self._documents.drawn(request.house_id, request.document_id))
        yield pb.DownloadDocumentResponse(document=document_message(request.house_id, document))
        async for part in self._documents.parts(request.house_id, request.document_id):
            yield pb.DownloadDocumentResponse(data=part)

    async def DownloadStatement(  # noqa: N802
        self, request: pb.DownloadStatementRequest, context: Context
    ) -> AsyncIterator[pb.DownloadStatementResponse]:
        accept(refused_key("house_id", request.house_id), refused_key("document_id", request.document_id))
        document = answered(await self._documents.drawn(request.house_id, request.document_id, STATEMENTS))
        yield pb.DownloadStatementResponse(document=document_message(request.house_id, document))
        async for part in self._documents.parts(request.house_id, request.document_id):
            yield pb.DownloadStatementResponse(data=part)


def _refused(request: _OfAllotment) -> Iterator[FieldInvalid | None]:
    yield refused_idempotency_key(request.idempotency_key)
    yield refused_key("house_id", request.house_id)
    yield refused_key("performance_id", request.performance_id)
    yield refused_key("allotment_id", request.allotment_id)
    if request.language:
        yield refused_language("language", request.language)


def _refused_span(request: pb.CreateOfficeStatementRequest) -> Iterator[FieldInvalid | None]:
    set_ones = [name for name in ("from_at", "until_at") if request.HasField(name)]
    for name in ("from_at", "until_at"):
        if name not in set_ones:
            yield FieldInvalid(name, UNSET, "a time")
    if len(set_ones) == 2 and instant_ms(request.until_at) <= instant_ms(request.from_at):
        yield FieldInvalid("until_at", "is not after from_at", "a time after from_at")


def _refused_seats(seats: Sequence[str]) -> Iterator[FieldInvalid | None]:
    if len(seats) > _MAX_SEATS:
        yield FieldInvalid("seat_ids", f"has {len(seats):,} seats", f"at most {_MAX_SEATS:,} seats")
    if len(set(seats)) < len(seats):
        yield FieldInvalid("seat_ids", "has a seat twice", "each seat once")
    for place, seat in enumerate(seats[:_MAX_SEATS]):
        yield refused_text(f"seat_ids[{place}]", seat, at_most=MAX_SEAT_ID_CHARS)


def _refused_stock(stock: str) -> FieldInvalid | None:
    """Which stocks there are, the house says."""
    return refused_text("stock", stock, at_least=0, at_most=_MAX_STOCK_CHARS)


def _wanted(request: _OfAllotment) -> WantedPaper:
    return WantedPaper(request.performance_id, request.allotment_id, request.language)


def _token(house_id: str, document: Document) -> str:
    return token_after(house_id, document.document_id, document.created_at_ms)

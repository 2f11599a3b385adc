"""balcon.ticketing.v1.TicketingService, put together from the calls of each subject."""

from __future__ import annotations

from dataclasses import dataclass

from balcon.ticketing.v1.ticketing_service_pb2_grpc import TicketingServiceServicer

from services.ticketing.api.document_calls import DocumentCalls
from services.ticketing.api.foreign_calls import ForeignCalls
from services.ticketing.api.key_calls import KeyCalls
from services.ticketing.api.send_calls import SendCalls
from services.ticketing.api.sold_ticket_calls import SoldTicketCalls
from services.ticketing.api.style_calls import StyleCalls
from services.ticketing.api.ticket_calls import TicketCalls
from services.ticketing.handlers.allotment_papers import AllotmentPaperHandler
from services.ticketing.handlers.code_checks import CodeCheckHandler
from services.ticketing.handlers.documents import DocumentHandler
from services.ticketing.handlers.foreign_imports import ForeignImportHandler
from services.ticketing.handlers.office_statements import OfficeStatementHandler
from services.ticketing.handlers.order_tickets import OrderTicketHandler
from services.ticketing.handlers.paper_styles import PaperStyleHandler
from services.ticketing.handlers.prints import PrintHandler
from services.ticketing.handlers.sends import SendHandler
from services.ticketing.handlers.signing_keys import KeyRing
from services.ticketing.handlers.sold_tickets import SoldTicketHandler


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the calls are answered by."""

    keys: KeyRing
    order_tickets: OrderTicketHandler
    code_checks: CodeCheckHandler
    prints: PrintHandler
    papers: AllotmentPaperHandler
    documents: DocumentHandler
    imports: ForeignImportHandler
    sends: SendHandler
    styles: PaperStyleHandler
    office_statements: OfficeStatementHandler
    sold_tickets: SoldTicketHandler


class TicketingServicer(
    KeyCalls,
    TicketCalls,
    DocumentCalls,
    ForeignCalls,
    SendCalls,
    SoldTicketCalls,
    StyleCalls,
    TicketingServiceServicer,
):
    """Stateless; everything lives in the handlers."""

    def __init__(self, handlers: Handlers) -> None:
        self._keys = handlers.keys
        self._order_tickets = handlers.order_tickets
        self._code_checks = handlers.code_checks
        self._prints = handlers.prints
        self._papers = handlers.papers
        self._documents = handlers.documents
        self._imports = handlers.imports
        self._sends = handlers.sends
        self._styles = handlers.styles
        self._office_statements = handlers.office_statements
        self._sold_tickets = handlers.sold_tickets

"""The statement of an office: all that it was given for performances of a time, and its discounts' sales (R1.10)."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.once import Asked, answer_once
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.ticketing.domain.document import Document, DocumentKind
from services.ticketing.domain.refusals import AllotmentNotFound, OfficeHasNothing
from services.ticketing.handlers.paper_facts import FactGatherer, PaperFacts
from services.ticketing.handlers.sheets import office_sheet
from services.ticketing.ports.paper import Paper
from services.ticketing.ports.store import TicketingStore
from services.ticketing.ports.transaction import TicketingTransaction

MAX_ALLOTMENTS = 500


@dataclass(frozen=True, slots=True)
class WantedStatement:
    """Performances that begin in [from_ms, until_ms). `language` '' takes the office's."""

    office_id: str
    from_ms: int
    until_ms: int
    language: str


class OfficeStatementHandler:
    """Asks the owner of each performance what its allotments have now."""

    def __init__(self, store: TicketingStore, facts: FactGatherer, paper: Paper, ids: Ids) -> None:
        self._store = store
        self._facts = facts
        self._paper = paper
        self._ids = ids

    async def make(self, asked: Asked[Document], house_id: str, wanted: WantedStatement) -> bytes | Refusal:
        """Once a request."""

        async def act(transaction: TicketingTransaction) -> Document | Refusal:
            found: list[PaperFacts] = []
            for one in await transaction.office_sales.allotments(wanted.office_id, MAX_ALLOTMENTS):
                facts = await self._facts.gather(house_id, one.performance_id, one.allotment_id)
                if isinstance(facts, AllotmentNotFound):
                    continue
                if isinstance(facts, Refusal):
                    return facts
                if wanted.from_ms <= facts.show.starts_at_ms < wanted.until_ms:
                    found.append(facts)
            if not found:
                return OfficeHasNothing(wanted.office_id)
            return await self._made(transaction, wanted, found)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def _made(
        self, transaction: TicketingTransaction, wanted: WantedStatement, found: list[PaperFacts]
    ) -> Document:
        found.sort(key=lambda facts: (facts.show.starts_at_ms, facts.allotment.allotment_id))
        performances = {facts.show.performance_id for facts in found}
        sums = await transaction.office_sales.sums(wanted.office_id, performances)
        now_ms, document_id = transaction.now_ms, self._ids.new_id("doc")
        document = Document(
            document_id=document_id,
            kind=DocumentKind.OFFICE_STATEMENT,
            number=document_id[-8:].upper(),
            performance_id="",
            allotment_id="",
            office_id=wanted.office_id,
            language=found[0].language(wanted.language),
            created_at_ms=now_ms,
        )
        span = wanted.from_ms, wanted.until_ms
        own = (await transaction.paper_styles.get()).style
        sheet = office_sheet(found, own, document.language, document.number, now_ms, span, sums)
        await transaction.documents.add(document, self._paper.written(sheet))
        facts = {"document": document_id, "allotments": str(len(found))}
        transaction.record_act(Act("office.stated", "office", wanted.office_id, facts=facts))
        return document

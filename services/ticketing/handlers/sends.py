"""Mails documents of an allotment to its office (R1.8): asked for once, sent by a job that is tried again."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.once import Asked, answer_once
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.mail.letter import Attachment
from services.runtime.mail.post import Post
from services.ticketing.domain.document import Document
from services.ticketing.domain.paper_letters import paper_letter
from services.ticketing.domain.refusals import (
    AttachmentsTooLarge,
    DocumentNotFound,
    DocumentsNotTogether,
    OfficeHasNoEmail,
)
from services.ticketing.domain.send import MAX_ATTACHED_BYTES, Send
from services.ticketing.handlers.documents import DocumentHandler
from services.ticketing.ports.shows import Shows
from services.ticketing.ports.store import TicketingStore
from services.ticketing.ports.transaction import TicketingTransaction


@dataclass(frozen=True, slots=True)
class WantedSend:
    """Documents of one allotment, each once."""

    allotment_id: str
    document_ids: tuple[str, ...]


class SendHandler:
    """The address is the office's at the moment of sending; nothing here keeps it."""

    def __init__(self, store: TicketingStore, documents: DocumentHandler, shows: Shows, post: Post, ids: Ids) -> None:
        self._store = store
        self._documents = documents
        self._shows = shows
        self._post = post
        self._ids = ids

    async def ask(self, asked: Asked[Send], house_id: str, wanted: WantedSend) -> bytes | Refusal:
        """Draws what is to be sent, and leaves the rest to a job that commits with it."""
        found: list[Document] = []
        for document_id in wanted.document_ids:
            document = await self._documents.drawn(house_id, document_id)
            if isinstance(document, Refusal):
                return document
            found.append(document)
        size = sum(document.size_bytes for document in found)
        # Of one performance too: another evening's allotment may have the same id, and another office.
        if {(one.performance_id, one.allotment_id) for one in found} != {
            (found[0].performance_id, wanted.allotment_id)
        }:
            return DocumentsNotTogether(wanted.allotment_id)
        if size > MAX_ATTACHED_BYTES:
            return AttachmentsTooLarge(size, MAX_ATTACHED_BYTES)
        office = await self._shows.office(house_id, found[0].office_id)
        if isinstance(office, Refusal):
            return office
        if not office.email:
            return OfficeHasNoEmail(office.office_id)

        async def act(transaction: TicketingTransaction) -> Send | Refusal:
            first, now_ms = found[0], transaction.now_ms
            send = Send(
                self._ids.new_id("snd"),
                wanted.allotment_id,
                first.office_id,
                wanted.document_ids,
                first.language,
                now_ms,
            )
            await transaction.sends.add(send)
            facts = {"send": send.send_id, "documents": str(len(found)), "office": first.office_id}
            transaction.record_act(Act("allotment.mailed", "allotment", wanted.allotment_id, facts=facts))
            return send

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def send(self, house_id: str, send_id: str) -> None:
        """Once, unless the process dies between the server's yes and the record of it: then with the same Message-ID.

        Raises what the post raises (later, or never) and NeighbourSilent.
        """
        async with self._store.transaction(house_id) as transaction:
            send = await transaction.sends.get(send_id)
        if send is None or send.sent_at_ms is not None:
            return
        office = await self._shows.office(house_id, send.office_id)
        if isinstance(office, Refusal) or not office.email:
            # Gone since it was asked for: nobody to send to.
            return
        attached, numbers = [], []
        for document_id in send.document_ids:
            document = await self._documents.drawn(house_id, document_id)
            assert isinstance(document, Document), DocumentNotFound.__name__
            content = b"".join([part async for part in self._documents.parts(house_id, document_id)])
            attached.append(Attachment(document.file_name, document.content_type, content))
            numbers.append(document.file_name)
        text = paper_letter(send.language, office.name, send.allotment_id, numbers)
        await self._post.send(send.send_id, office.email, text, send.language, attached)
        async with self._store.transaction(house_id) as transaction:
            await transaction.sends.mark_sent(send_id)
            await transaction.commit()

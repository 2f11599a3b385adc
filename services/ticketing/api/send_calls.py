"""balcon.ticketing.v1.TicketingService, mails to offices."""

from __future__ import annotations

from balcon.ticketing.v1 import ticketing_service_pb2 as pb

from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context
from services.ticketing.domain.send import MAX_DOCUMENTS, Send
from services.ticketing.handlers.sends import SendHandler, WantedSend


class SendCalls:
    """Stateless; everything lives in the handler."""

    _sends: SendHandler

    async def SendAllotmentPaper(  # noqa: N802
        self, request: pb.SendAllotmentPaperRequest, context: Context
    ) -> pb.SendAllotmentPaperResponse:
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("allotment_id", request.allotment_id),
            _refused_count(len(request.document_ids), len(set(request.document_ids))),
            *(
                refused_key(f"document_ids[{place}]", document_id)
                for place, document_id in enumerate(request.document_ids[:MAX_DOCUMENTS])
            ),
        )
        wanted = WantedSend(request.allotment_id, tuple(request.document_ids))

        def response(send: Send) -> pb.SendAllotmentPaperResponse:
            return pb.SendAllotmentPaperResponse(send_id=send.send_id)

        answer = await self._sends.ask(asked_once(request, response), request.house_id, wanted)
        return pb.SendAllotmentPaperResponse.FromString(answered(answer))


def _refused_count(count: int, different: int) -> FieldInvalid | None:
    limit = f"1 to {MAX_DOCUMENTS} documents, each once"
    if not 1 <= count <= MAX_DOCUMENTS:
        return FieldInvalid("document_ids", f"has {count}" if count else UNSET, limit)
    return None if different == count else FieldInvalid("document_ids", "has a document twice", limit)

"""balcon.ticketing.v1.TicketingService, other systems' codes."""

from __future__ import annotations

from balcon.ticketing.v1 import ticketing_service_pb2 as pb

from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context
from services.ticketing.domain.foreign_codes import MAX_CSV_BYTES
from services.ticketing.domain.ticket import MAX_FOREIGN_CODE_CHARS
from services.ticketing.handlers.foreign_imports import ForeignImportHandler, Imported, WantedImport


class ForeignCalls:
    """Stateless; everything lives in the handler."""

    _imports: ForeignImportHandler

    async def ImportForeignCodes(  # noqa: N802
        self, request: pb.ImportForeignCodesRequest, context: Context
    ) -> pb.ImportForeignCodesResponse:
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("performance_id", request.performance_id),
            refused_key("allotment_id", request.allotment_id),
            _refused_csv(request.csv),
            refused_text("test_code", request.test_code, at_most=MAX_FOREIGN_CODE_CHARS),
        )
        wanted = WantedImport(request.performance_id, request.allotment_id, request.csv, request.test_code)

        def response(imported: Imported) -> pb.ImportForeignCodesResponse:
            return pb.ImportForeignCodesResponse(added=imported.added, kept=imported.kept, voided=imported.voided)

        answer = await self._imports.take_over(asked_once(request, response), request.house_id, wanted)
        return pb.ImportForeignCodesResponse.FromString(answered(answer))


def _refused_csv(content: bytes) -> FieldInvalid | None:
    """What is in it is looked at with the allotment's seats at hand."""
    if 1 <= len(content) <= MAX_CSV_BYTES:
        return None
    problem = f"has {len(content):,} bytes" if content else UNSET
    return FieldInvalid("csv", problem, f"1 to {MAX_CSV_BYTES:,} bytes")

"""balcon.reporting.v1.SettlementsService, final settlements for promoters whom a house has granted."""

from __future__ import annotations

from collections.abc import AsyncIterator

from balcon.reporting.v1 import settlements_pb2 as pb

from services.contracts.bounds import PART_BYTES
from services.contracts.languages import refused_language
from services.reporting.api.callers import calling_person
from services.reporting.api.report_questions import format_of, refused_format
from services.reporting.api.settlement_messages import file_message, settlement_message, summary_message
from services.reporting.handlers.granted_settlements import GrantedSettlementHandler
from services.reporting.handlers.settlement_papers import SettlementPapers
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context


class GrantedSettlementCalls:
    """Stateless; everything lives in the handler."""

    _granted: GrantedSettlementHandler
    _papers: SettlementPapers

    async def ListGrantedSettlements(  # noqa: N802
        self, request: pb.ListGrantedSettlementsRequest, context: Context
    ) -> pb.ListGrantedSettlementsResponse:
        narrowing = ("house_id", request.house_id), ("performance_id", request.performance_id)
        accept(*(refused_key(name, value) for name, value in narrowing if value))
        found, more = await self._granted.list(calling_person(), request.house_id, request.performance_id)
        return pb.ListGrantedSettlementsResponse(settlements=map(summary_message, found), has_more=more)

    async def GetGrantedSettlement(  # noqa: N802
        self, request: pb.GetGrantedSettlementRequest, context: Context
    ) -> pb.GetGrantedSettlementResponse:
        accept(refused_key("house_id", request.house_id), refused_key("settlement_id", request.settlement_id))
        signed = answered(await self._granted.get(calling_person(), request.house_id, request.settlement_id))
        return pb.GetGrantedSettlementResponse(settlement=settlement_message(signed))

    async def DownloadGrantedSettlement(  # noqa: N802
        self, request: pb.DownloadGrantedSettlementRequest, context: Context
    ) -> AsyncIterator[pb.DownloadGrantedSettlementResponse]:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("settlement_id", request.settlement_id),
            refused_format("format", request.format),
            refused_language("language", request.language),
        )
        signed = answered(await self._granted.get(calling_person(), request.house_id, request.settlement_id))
        made = await self._papers.final(signed, format_of(request.format), request.language)
        yield pb.DownloadGrantedSettlementResponse(file=file_message(made))
        for start in range(0, len(made.content), PART_BYTES):
            yield pb.DownloadGrantedSettlementResponse(data=made.content[start : start + PART_BYTES])

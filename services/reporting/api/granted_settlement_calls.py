"""balcon.reporting.v1.SettlementsService, final settlements for promoters whom a house has granted."""

from __future__ import annotations

from balcon.reporting.v1 import settlements_pb2 as pb

from services.reporting.api.people import calling_subject
from services.reporting.api.settlement_messages import settlement_message, summary_message
from services.reporting.handlers.granted_settlements import GrantedSettlementHandler
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context


class GrantedSettlementCalls:
    """Stateless; everything lives in the handler."""

    _granted: GrantedSettlementHandler

    async def ListGrantedSettlements(  # noqa: N802
        self, request: pb.ListGrantedSettlementsRequest, context: Context
    ) -> pb.ListGrantedSettlementsResponse:
        narrowing = ("house_id", request.house_id), ("performance_id", request.performance_id)
        accept(*(refused_key(name, value) for name, value in narrowing if value))
        found, more = await self._granted.list(calling_subject(), request.house_id, request.performance_id)
        return pb.ListGrantedSettlementsResponse(settlements=map(summary_message, found), has_more=more)

    async def GetGrantedSettlement(  # noqa: N802
        self, request: pb.GetGrantedSettlementRequest, context: Context
    ) -> pb.GetGrantedSettlementResponse:
        accept(refused_key("house_id", request.house_id), refused_key("settlement_id", request.settlement_id))
        signed = answered(await self._granted.get(calling_subject(), request.house_id, request.settlement_id))
        return pb.GetGrantedSettlementResponse(settlement=settlement_message(signed))

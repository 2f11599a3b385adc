"""balcon.reporting.v1.SettlementsService, put together from the calls of each subject."""

from __future__ import annotations

from dataclasses import dataclass

from balcon.reporting.v1.settlements_pb2_grpc import SettlementsServiceServicer

from services.reporting.api.deal_calls import DealCalls
from services.reporting.api.granted_settlement_calls import GrantedSettlementCalls
from services.reporting.api.settlement_calls import SettlementCalls
from services.reporting.handlers.deals import DealHandler
from services.reporting.handlers.granted_settlements import GrantedSettlementHandler
from services.reporting.handlers.settlement_papers import SettlementPapers
from services.reporting.handlers.settlements import SettlementHandler


@dataclass(frozen=True, slots=True)
class SettlementHandlers:
    """What the calls are answered by."""

    deals: DealHandler
    settlements: SettlementHandler
    granted: GrantedSettlementHandler
    papers: SettlementPapers


class SettlementsServicer(DealCalls, SettlementCalls, GrantedSettlementCalls, SettlementsServiceServicer):
    """Stateless; everything lives in the handlers."""

    def __init__(self, handlers: SettlementHandlers) -> None:
        self._deals = handlers.deals
        self._settlements = handlers.settlements
        self._granted = handlers.granted
        self._papers = handlers.papers

"""balcon.reporting.v1.ReportingService: checks what a stranger sends, then reads. It writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import grpc
from balcon.reporting.v1.reporting_service_pb2 import (
    GetTotalsRequest,
    GetTotalsResponse,
    ListTotalsRequest,
    ListTotalsResponse,
)
from balcon.reporting.v1.reporting_service_pb2_grpc import ReportingServiceServicer

from services.contracts.pages import asked_page, token_after
from services.reporting.api.totals_messages import Further, performance_totals
from services.reporting.domain.refusals import PerformanceNotFound
from services.reporting.domain.totals import Totals
from services.reporting.ports.figures import Dimension, Figures, Narrowing, Sight
from services.reporting.ports.totals_reader import TotalsReader
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept

_SLICES: Final = (
    Dimension.PERFORMANCE,
    Dimension.CATEGORY,
    Dimension.KIND,
    Dimension.TICKET_TYPE,
    Dimension.CHANNEL,
)
_COMPONENTS: Final = (Dimension.PERFORMANCE, Dimension.COMPONENT, Dimension.VAT_CLASS, Dimension.VAT_RATE)


class ReportingServicer(ReportingServiceServicer):
    """A house sees its own figures only: another house's performance is as one that does not exist (INV-8)."""

    def __init__(self, reader: TotalsReader, figures: Figures) -> None:
        self._reader = reader
        self._figures = figures

    async def GetTotals(  # noqa: N802 (gRPC's name)
        self, request: GetTotalsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> GetTotalsResponse:
        """FieldInvalid, PerformanceNotFound."""
        accept(refused_key("house_id", request.house_id), refused_key("performance_id", request.performance_id))
        totals = await self._reader.totals(request.house_id, request.performance_id)
        if totals is None:
            raise Refused(PerformanceNotFound(request.house_id, request.performance_id))
        further = await self._further(request.house_id, [totals])
        return GetTotalsResponse(totals=performance_totals(totals, further[totals.performance_id]))

    async def ListTotals(  # noqa: N802 (gRPC's name)
        self, request: ListTotalsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> ListTotalsResponse:
        """FieldInvalid. A house without performances has an empty list."""
        refused_house = refused_key("house_id", request.house_id)
        asked = asked_page(request.page_size, request.page_token, request.house_id, refused_house)
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        after, size = asked
        found = await self._reader.page(request.house_id, after.item_id if after else "", size + 1)
        page = found[:size]
        more = len(found) > size
        further = await self._further(request.house_id, page)
        return ListTotalsResponse(
            totals=[performance_totals(totals, further[totals.performance_id]) for totals in page],
            next_page_token=token_after(request.house_id, page[-1].performance_id) if more else "",
        )

    async def _further(self, house_id: str, page: Sequence[Totals]) -> Mapping[str, Further]:
        """What the sales model tells of these performances: three questions, however many they are."""
        found: defaultdict[str, Further] = defaultdict(Further)
        if not page:
            return found
        sight = Sight(house_id, whole_house=True)
        narrowing = Narrowing(performance_ids=frozenset(totals.performance_id for totals in page))
        for row in await self._figures.sums(sight, narrowing, _SLICES):
            found[row.values[0]].slices.append(row)
        for row in await self._figures.sums(sight, narrowing, _COMPONENTS):
            found[row.values[0]].components.append(row)
        for allotment in await self._figures.allotments(sight, narrowing):
            found[allotment.performance_id].open_allotments += not allotment.is_closed
        return found

"""balcon.catalogue.v1.CatalogueService, copies of performances."""

from __future__ import annotations

from collections.abc import Sequence

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.performance_messages import performance_message
from services.catalogue.domain.performance import Performance
from services.catalogue.domain.performance_copies import WeeklyRule
from services.catalogue.handlers.performance_copies import PerformanceCopyHandler, Series
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import instant_ms, wire_instant
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class PerformanceCopyCalls:
    """Stateless; everything lives in the handler."""

    _performance_copies: PerformanceCopyHandler

    async def CopyPerformance(  # noqa: N802
        self, request: pb.CopyPerformanceRequest, context: Context
    ) -> pb.CopyPerformanceResponse:
        asked: Asked[Performance] = asked_once(
            request, lambda copy: pb.CopyPerformanceResponse(performance=performance_message(copy))
        )
        copy = await self._performance_copies.copy(
            asked, request.house_id, request.performance_id, instant_ms(request.starts_at), request.code
        )
        return pb.CopyPerformanceResponse.FromString(answered(copy))

    async def CreateSeries(self, request: pb.CreateSeriesRequest, context: Context) -> pb.CreateSeriesResponse:  # noqa: N802
        asked: Asked[Series] = asked_once(request, _series_response)
        series = await self._performance_copies.create_series(
            asked, request.house_id, request.performance_id, _rule_of(request)
        )
        return pb.CreateSeriesResponse.FromString(answered(series))

    async def UpdateSeries(self, request: pb.UpdateSeriesRequest, context: Context) -> pb.UpdateSeriesResponse:  # noqa: N802
        changed = await self._performance_copies.carry_on(
            request.house_id, request.performance_id, tuple(request.carried_fields.paths), request.etag
        )
        return pb.UpdateSeriesResponse(members=_members(answered(changed)))


def _series_response(series: Series) -> pb.CreateSeriesResponse:
    return pb.CreateSeriesResponse(series_id=series.series_id, members=_members(series.members))


def _members(performances: Sequence[Performance]) -> list[pb.SeriesMember]:
    return [
        pb.SeriesMember(performance_id=one.performance_id, starts_at=wire_instant(one.starts_at_ms))
        for one in performances
    ]


def _rule_of(request: pb.CreateSeriesRequest) -> WeeklyRule | Sequence[int] | None:
    match request.WhichOneof("rule"):
        case "weekly":
            weekly = request.weekly
            return WeeklyRule(tuple(weekly.weekdays), tuple(weekly.local_times), weekly.first_date, weekly.last_date)
        case "starts":
            return [instant_ms(start) for start in request.starts.starts_at]
        case _:
            return None

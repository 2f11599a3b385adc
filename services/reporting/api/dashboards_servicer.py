"""balcon.reporting.v1.DashboardsService: checks what a stranger sends, and on whose account it is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from balcon.reporting.v1 import dashboards_pb2 as pb
from balcon.reporting.v1.dashboards_pb2_grpc import DashboardsServiceServicer

from services.contracts.changes import refused_mask, refused_unset_etag
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.reporting.api.callers import calling_person
from services.reporting.api.dashboard_messages import entry_message, figures_message, granted_message, own_message
from services.reporting.domain.dashboard_question import Days, Question, days_of
from services.reporting.domain.own_dashboard import (
    CHANGEABLE,
    CHOSEN,
    Choice,
    OwnDashboard,
    refused_choice,
    refused_menu_place,
    refused_name,
    refused_own,
)
from services.reporting.handlers.dashboard_watch import DashboardWatch
from services.reporting.handlers.dashboards import DashboardHandler
from services.reporting.handlers.own_dashboards import OwnDashboardHandler
from services.runtime.errors import FieldInvalid, Refusal
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context


class DashboardsServicer(DashboardsServiceServicer):
    """Whose dashboards they are is who calls: no request names a person."""

    def __init__(self, dashboards: DashboardHandler, own: OwnDashboardHandler, watch: DashboardWatch) -> None:
        self._dashboards = dashboards
        self._own = own
        self._watch = watch

    async def GetDashboard(self, request: pb.GetDashboardRequest, context: Context) -> pb.GetDashboardResponse:  # noqa: N802
        """FieldInvalid, DashboardNotFound."""
        question = _question(request)
        found = answered(await self._dashboards.get(calling_person(), request.dashboard_id, question))
        return pb.GetDashboardResponse(figures=granted_message(found))

    async def WatchDashboard(  # noqa: N802
        self, request: pb.WatchDashboardRequest, context: Context
    ) -> AsyncIterator[pb.WatchDashboardResponse]:
        """FieldInvalid, DashboardNotFound, Overloaded."""
        question = _question(request)
        # Closed as the call ends: whoever is gone watches no house.
        async with aclosing(self._watch.watch(calling_person(), request.dashboard_id, question)) as watched:
            async for found in watched:
                if isinstance(found, Refusal):
                    raise Refused(found)
                yield pb.WatchDashboardResponse(figures=granted_message(found))

    async def GetHouseDashboard(  # noqa: N802
        self, request: pb.GetHouseDashboardRequest, context: Context
    ) -> pb.GetHouseDashboardResponse:
        """FieldInvalid."""
        choice = _choice((), request.production_ids, request.performance_ids)
        sold_on, starts_on = _days("sold_on", request.sold_on), _days("starts_on", request.starts_on)
        accept(refused_key("house_id", request.house_id), _fault(sold_on), _fault(starts_on), refused_choice(choice))
        assert isinstance(sold_on, Days) and isinstance(starts_on, Days), "what are no days is refused"
        found = await self._dashboards.of_house(request.house_id, Question(choice, sold_on, starts_on))
        return pb.GetHouseDashboardResponse(figures=figures_message(found))

    async def ListDashboards(self, request: pb.ListDashboardsRequest, context: Context) -> pb.ListDashboardsResponse:  # noqa: N802
        """Never empty."""
        entries = await self._dashboards.menu(calling_person())
        return pb.ListDashboardsResponse(entries=[entry_message(entry) for entry in entries])

    async def CreateDashboard(self, request: pb.CreateDashboardRequest, context: Context) -> pb.CreateDashboardResponse:  # noqa: N802
        """FieldInvalid, TooManyDashboards, IdempotencyKeyReused."""
        choice = _choice(request.house_ids, request.production_ids, request.performance_ids)
        accept(refused_own(request.name, request.menu_place, choice), refused_idempotency_key(request.idempotency_key))

        def response(own: OwnDashboard) -> pb.CreateDashboardResponse:
            return pb.CreateDashboardResponse(dashboard=own_message(own))

        wanted = _wanted(calling_person(), "", request)
        written = await self._own.create(asked_once(request, response), wanted)
        return pb.CreateDashboardResponse.FromString(answered(written))

    async def UpdateDashboard(self, request: pb.UpdateDashboardRequest, context: Context) -> pb.UpdateDashboardResponse:  # noqa: N802
        """FieldInvalid, DashboardNotFound, DashboardArchived, EtagStale."""
        new, paths = request.dashboard, frozenset(request.update_mask.paths)
        # What the mask does not name is not looked at, and cannot be wrong. Of a choice the outcome is looked at later.
        lists = (list(getattr(new, name)) if name in paths else [] for name in CHOSEN)
        accept(
            refused_unset_etag(request.etag),
            refused_key("dashboard.dashboard_id", new.dashboard_id),
            refused_mask(request.update_mask.paths, CHANGEABLE),
            refused_name(new.name, "dashboard.") if "name" in paths else None,
            refused_menu_place(new.menu_place, "dashboard.") if "menu_place" in paths else None,
            refused_choice(Choice(*map(tuple, lists)), "dashboard."),
        )
        wanted = _wanted(calling_person(), new.dashboard_id, new)
        changed = answered(await self._own.update(request.etag, wanted, paths))
        return pb.UpdateDashboardResponse(dashboard=own_message(changed))

    async def ArchiveDashboard(  # noqa: N802
        self, request: pb.ArchiveDashboardRequest, context: Context
    ) -> pb.ArchiveDashboardResponse:
        """FieldInvalid, DashboardNotFound, EtagStale."""
        accept(refused_key("dashboard_id", request.dashboard_id), refused_unset_etag(request.etag))
        archived = answered(await self._own.archive(calling_person(), request.dashboard_id, request.etag))
        return pb.ArchiveDashboardResponse(dashboard=own_message(archived))


def _question(request: pb.GetDashboardRequest | pb.WatchDashboardRequest) -> Question:
    """Raises Refused with all that is wrong."""
    sold_on, starts_on = _days("sold_on", request.sold_on), _days("starts_on", request.starts_on)
    accept(
        refused_key("dashboard_id", request.dashboard_id) if request.dashboard_id else None,
        _fault(sold_on),
        _fault(starts_on),
    )
    assert isinstance(sold_on, Days) and isinstance(starts_on, Days), "what are no days is refused"
    return Question(sold_on=sold_on, starts_on=starts_on)


def _days(field: str, days: pb.DashboardDays) -> Days | FieldInvalid:
    return days_of(field, days.first_date, days.last_date)


def _fault(days: Days | FieldInvalid) -> FieldInvalid | None:
    return days if isinstance(days, FieldInvalid) else None


def _choice(houses: Sequence[str], productions: Sequence[str], performances: Sequence[str]) -> Choice:
    """Each once, in the order in which they were named."""
    return Choice(*(tuple(dict.fromkeys(ids)) for ids in (houses, productions, performances)))


def _wanted(person_id: str, dashboard_id: str, chosen: pb.Dashboard | pb.CreateDashboardRequest) -> OwnDashboard:
    choice = _choice(chosen.house_ids, chosen.production_ids, chosen.performance_ids)
    return OwnDashboard(
        person_id=person_id,
        dashboard_id=dashboard_id,
        name=chosen.name,
        menu_place=chosen.menu_place,
        house_ids=choice.house_ids,
        production_ids=choice.production_ids,
        performance_ids=choice.performance_ids,
        created_at_ms=0,
    )

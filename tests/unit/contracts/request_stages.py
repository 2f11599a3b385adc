"""Servicers with nothing behind their validators, and a good request of each kind, made from its descriptor."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from balcon.accounts.v1 import accounts_service_pb2
from balcon.audit.v1 import audit_service_pb2
from balcon.bus.v1 import bus_service_pb2
from balcon.catalogue.v1 import catalogue_service_pb2
from balcon.customers.v1 import consents_service_pb2, customers_service_pb2
from balcon.inventory.v1 import (
    allotment_service_pb2,
    cluster_service_pb2,
    inventory_service_pb2,
    reservation_service_pb2,
)
from balcon.mailchimp.v1 import mailchimp_service_pb2
from balcon.orders.v1 import (
    buyer_policy_pb2,
    order_acts_pb2,
    order_work_pb2,
    orders_service_pb2,
    own_exchanges_pb2,
    refund_requests_pb2,
)
from balcon.outbound.v1 import outbound_service_pb2
from balcon.payments.v1 import payments_service_pb2, provider_accounts_pb2, refund_tasks_pb2, vouchers_pb2
from balcon.podiumkunst.v1 import links_service_pb2
from balcon.reporting.v1 import (
    dashboards_pb2,
    reporting_service_pb2,
    reports_service_pb2,
    schedules_pb2,
    settlements_pb2,
)
from balcon.reporting.v1.report_questions_pb2 import (
    REPORT_INTERVAL_DAY,
    REPORT_KIND_BY_INTERVAL,
    REPORT_PERIOD_THIS_WEEK,
    ReportFilter,
    ReportQuestion,
)
from balcon.ticketing.v1 import own_tickets_pb2, ticketing_service_pb2
from balcon.trackers.v1 import trackers_service_pb2, visits_service_pb2
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE
from balcon.webhooks.v1 import webhooks_service_pb2
from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from services.accounts.api.accounts_servicer import AccountsServicer, Handlers
from services.catalogue.adapters.vat_rates import country_rates
from services.catalogue.api.catalogue_servicer import CatalogueServicer
from services.catalogue.api.plan_parts import plan_parts
from services.catalogue.handlers.hall_handlers import HallHandlers
from services.catalogue.handlers.halls import HallHandler
from services.catalogue.handlers.houses import HouseHandler
from services.catalogue.handlers.performance_copies import PerformanceCopyHandler
from services.catalogue.handlers.performance_life import PerformanceLifeHandler
from services.catalogue.handlers.performance_plans import PerformancePlanHandler
from services.catalogue.handlers.performances import PerformanceHandler
from services.catalogue.handlers.plan_building import PlanBuildingHandler
from services.catalogue.handlers.plan_cache import PlanCache
from services.catalogue.handlers.plan_drawings import PlanDrawingHandler
from services.catalogue.handlers.plan_intake import PlanIntake
from services.catalogue.handlers.posters import PosterHandler
from services.catalogue.handlers.price_sorts import price_handlers
from services.catalogue.handlers.productions import ProductionHandler
from services.catalogue.handlers.seating_plans import SeatingPlanHandler
from services.catalogue.handlers.shared_plans import SharedPlanHandler
from services.contracts.audit_servicer import AuditServicer
from services.contracts.pages import token_after
from services.customers.api.customers_servicer import ConsentsServicer, CustomersServicer
from services.customers.api.customers_servicer import Handlers as CustomersHandlers
from services.inventory.actors.host import Decided
from services.inventory.api.allotment_servicer import AllotmentServicer
from services.inventory.api.cluster_servicer import ClusterServicer
from services.inventory.api.inventory_servicer import InventoryServicer
from services.inventory.api.reservation_servicer import ReservationServicer
from services.inventory.domain.refusals import HoldNotFound
from services.inventory.ports import SeatPlan
from services.reporting.api.dashboards_servicer import DashboardsServicer
from services.reporting.api.reporting_servicer import ReportingServicer
from services.reporting.api.reports_servicer import ReportsServicer
from services.reporting.api.schedules_servicer import SchedulesServicer
from services.reporting.api.settlements_servicer import SettlementHandlers, SettlementsServicer
from services.runtime.ids import SeededIds
from services.runtime.outbox.bus_servicer import BusServicer
from services.runtime.rpc.errors import Refused
from services.ticketing.api.own_tickets_servicer import OwnTicketsServicer
from services.ticketing.api.ticketing_servicer import Handlers as TicketingHandlers
from services.ticketing.api.ticketing_servicer import TicketingServicer
from tests.unit.contracts.driven_calls import refused_fields_of
from tests.unit.contracts.further_servicers import of_integrations, of_payments
from tests.unit.contracts.good_values import AN_ID, CLOCK, GOOD, GOOD_KINDS
from tests.unit.contracts.order_stages import of_orders

IDS = SeededIds(1)
Path = tuple[str, ...]

# Times and not days of the calendar: both together are too much.
_GOOD_FILTER = ReportFilter(
    moved_from_at=Timestamp(seconds=1_900_000_000),
    moved_until_at=Timestamp(seconds=1_900_000_100),
    starts_in=REPORT_PERIOD_THIS_WEEK,
    performance_ids=[AN_ID],
    production_ids=[AN_ID],
    hall_ids=[AN_ID],
    titles=["Hamlet"],
    channels=[CHANNEL_ONLINE],
    seller_ids=[AN_ID],
    office_ids=[AN_ID],
)
# Messages by the field that holds them, where another one like it is in the way.
GOOD_MESSAGES: Mapping[str, Message] = {
    "companion": catalogue_service_pb2.BlockPlace(row=1, place=2),
    "left_out": catalogue_service_pb2.BlockPlace(row=2, place=1),
    "filter": _GOOD_FILTER,
    # Of a Meta pixel; of its credentials others have others.
    "ids": trackers_service_pb2.TrackerIds(account="123456789012345"),
    "credentials": trackers_service_pb2.TrackerCredentials(access_token="EAAB" + "0" * 60, test_event_code="TEST1"),
    "question": ReportQuestion(
        kind=REPORT_KIND_BY_INTERVAL,
        interval=REPORT_INTERVAL_DAY,
        language="nl",
        filter=_GOOD_FILTER,
    ),
}
# Messages of Google's that count as one value.
WELL_KNOWN: Mapping[str, Message] = {
    "google.protobuf.FieldMask": FieldMask(),
    "google.protobuf.Timestamp": Timestamp(seconds=1_900_000_000),
}


class Reached(Exception):
    """A validator has let the request through."""


class Behind:
    """Whatever a servicer asks for behind its validators."""

    def __getattr__(self, name: str) -> Any:
        raise Reached


class Owner(Behind):
    """As much of an owner as validators need."""

    performance = SimpleNamespace(plan=SeatPlan.of(1, [AN_ID]))
    epoch = 1


class Host(Behind):
    """Owns everything and refuses every command."""

    async def owner(self, *_: Any, **__: Any) -> Any:
        return Owner()

    async def execute(self, _house: str, _performance: str, wanted: list[Any], **__: Any) -> Any:
        return Decided([HoldNotFound(AN_ID) for _ in wanted], Owner())  # type: ignore[arg-type]


def _no_consumers() -> Any:
    raise Reached


def _accounts(store: Any) -> AccountsServicer:
    return AccountsServicer(Handlers(**{field.name: store for field in dataclasses.fields(Handlers)}))


def _servicers() -> Mapping[str, Any]:
    store: Any = Behind()
    cache: PlanCache[Any] = PlanCache(0)
    customers = CustomersHandlers(**{one.name: store for one in dataclasses.fields(CustomersHandlers)})
    return {
        "AccountsService": _accounts(store),
        "CatalogueService": CatalogueServicer(
            houses=HouseHandler(store),
            halls=HallHandlers(
                halls=HallHandler(store, CLOCK, IDS),
                plans=SeatingPlanHandler(store, PlanIntake(), cache, plan_parts),
                building=PlanBuildingHandler(store, PlanIntake()),
                shared=SharedPlanHandler(store, store, PlanIntake(), CLOCK, IDS),
                drawings=PlanDrawingHandler(store, store, PlanIntake(), store, CLOCK, IDS),
                of_performances=PerformancePlanHandler(store, store, CLOCK),
            ),
            productions=ProductionHandler(store, CLOCK, IDS),
            performances=PerformanceHandler(store, CLOCK, IDS),
            performance_life=PerformanceLifeHandler(store, CLOCK),
            performance_copies=PerformanceCopyHandler(store, CLOCK, IDS),
            prices=price_handlers(store, CLOCK, IDS, country_rates()),
            posters=PosterHandler(store, store),
        ),
        "InventoryService": InventoryServicer(Host(), Behind(), Behind(), CLOCK),  # type: ignore[arg-type]
        "AllotmentService": AllotmentServicer(Host()),  # type: ignore[arg-type]
        "ReservationService": ReservationServicer(Host()),  # type: ignore[arg-type]
        "ClusterService": ClusterServicer(store, store, store, store, store),
        "OwnTicketsService": OwnTicketsServicer(store),
        "ReportingService": ReportingServicer(store, store),
        "DashboardsService": DashboardsServicer(store, store, store),
        "SchedulesService": SchedulesServicer(store, store, store),
        "SettlementsService": SettlementsServicer(
            SettlementHandlers(**{one.name: store for one in dataclasses.fields(SettlementHandlers)})
        ),
        "ReportsService": ReportsServicer(store, store, store, store),
        "TicketingService": TicketingServicer(
            TicketingHandlers(**{one.name: store for one in dataclasses.fields(TicketingHandlers)})
        ),
        "CustomersService": CustomersServicer(customers),
        "ConsentsService": ConsentsServicer(customers),
        "AuditService": AuditServicer(store),
        "BusService": BusServicer(_no_consumers, CLOCK),
        **of_orders(store, CLOCK, IDS),
        **of_payments(store, Behind),
        **of_integrations(store),
    }


def methods() -> Iterator[MethodDescriptor]:
    """Every method of every service."""
    for module in (
        accounts_service_pb2,
        allotment_service_pb2,
        reservation_service_pb2,
        audit_service_pb2,
        bus_service_pb2,
        buyer_policy_pb2,
        catalogue_service_pb2,
        cluster_service_pb2,
        dashboards_pb2,
        reports_service_pb2,
        consents_service_pb2,
        customers_service_pb2,
        inventory_service_pb2,
        links_service_pb2,
        order_acts_pb2,
        order_work_pb2,
        orders_service_pb2,
        mailchimp_service_pb2,
        outbound_service_pb2,
        payments_service_pb2,
        provider_accounts_pb2,
        own_exchanges_pb2,
        own_tickets_pb2,
        refund_requests_pb2,
        refund_tasks_pb2,
        reporting_service_pb2,
        schedules_pb2,
        settlements_pb2,
        ticketing_service_pb2,
        trackers_service_pb2,
        visits_service_pb2,
        vouchers_pb2,
        webhooks_service_pb2,
    ):
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from service.methods


def good_requests(method: MethodDescriptor) -> Iterator[Any]:
    """With every field set; of a choice, one request for each."""
    choices = [choice for message in _messages(method.input_type) for choice in message.oneofs]
    picks: list[str] = [field.name for choice in choices for field in choice.fields] or [""]
    for pick in picks:
        request = _filled(method.input_type, pick)
        if "page_token" in method.input_type.fields_by_name:
            house_id = request.key.house_id if hasattr(request, "key") else getattr(request, "house_id", "")
            request.page_token = token_after(house_id, AN_ID)
        if method.name.endswith("GrantedReport"):
            # Who sold is the house's own: promoters may not ask.
            request.question.filter.ClearField("seller_ids")
        if "update_mask" in method.input_type.fields_by_name:
            request.update_mask.paths[:] = _changeable(method.input_type)
        yield from _in_both_forms(request)


# Of an order: what only a comment can say of its fields. It is of one performance, or of parts, perhaps a package.
_EITHER = (
    ("parts", "package_id"),
    ("performance_id", "hold_id", "reservation_id", "seats", "promotion_code", "discount_id"),
)


def _in_both_forms(request: Any) -> Iterator[Any]:
    known = request.DESCRIPTOR.fields_by_name
    if request.DESCRIPTOR.name == "ExecuteOrdersRequest" and request.commands[0].HasField("create"):
        for form in list(_in_both_forms(request.commands[0].create)):
            request.commands[0].create.CopyFrom(form)
            yield request
        return
    if "package_id" not in known or "promotion_code" not in known:
        yield request
        return
    is_quote = "performance_id" not in known
    for left_out in _EITHER:
        form = type(request)()
        form.CopyFrom(request)
        for name in left_out:
            if name in known and not (is_quote and name == "parts"):
                form.ClearField(name)
        yield form


def _changeable(update: Descriptor) -> list[str]:
    """Every field of what is updated, the second of the request's fields, but for its id and what only answers have."""
    updated = update.fields[1]
    assert updated.message_type is not None
    return [
        field.name
        for field in updated.message_type.fields
        if field.name != f"{updated.name}_id" and not _is_of_answers(field)
    ]


def _is_of_answers(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.OUTPUT_ONLY in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


def _messages(message: Descriptor) -> Iterator[Descriptor]:
    yield message
    for field in message.fields:
        if field.message_type is not None:
            yield from _messages(field.message_type)


def _filled(kind: Descriptor, pick: str) -> Any:
    message = GetMessageClass(kind)()
    for field in kind.fields:
        if field.containing_oneof is not None and field.name != pick:
            continue
        if field.message_type is None:
            value: Any = GOOD.get(field.name, AN_ID)
        elif field.name in GOOD_MESSAGES and field.message_type == GOOD_MESSAGES[field.name].DESCRIPTOR:
            value = GOOD_MESSAGES[field.name]
        elif field.message_type.full_name in GOOD_KINDS:
            value = GOOD_KINDS[field.message_type.full_name]
        elif field.message_type.full_name in WELL_KNOWN:
            value = GOOD.get(field.name, WELL_KNOWN[field.message_type.full_name])
        else:
            value = _filled(field.message_type, pick)
        if field.is_repeated:
            getattr(message, field.name).append(value)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(value)
        else:
            setattr(message, field.name, value)
    return message


def paths(message: Message, above: Path = ()) -> Iterator[tuple[Path, FieldDescriptor]]:
    """Every field that is set, with its path; of a list, its first item. Of what only answers have, nothing inside."""
    for field, value in message.ListFields():
        yield (*above, field.name), field
        if _is_of_answers(field):
            continue
        if field.message_type is not None and field.message_type.full_name not in WELL_KNOWN:
            inside = value[0] if field.is_repeated else value
            yield from paths(inside, (*above, f"{field.name}[0]" if field.is_repeated else field.name))


def without(request: Any, path: Path) -> Any:
    """A copy in which the field at the path is not set."""
    copied = type(request)()
    copied.CopyFrom(request)
    holder = copied
    for step in path[:-1]:
        holder = getattr(holder, step.removesuffix("[0]"))
        holder = holder[0] if step.endswith("[0]") else holder
    holder.ClearField(path[-1])
    return copied


async def refused_of(method: MethodDescriptor, request: Message) -> list[str]:
    """The fields that a servicer refuses, in its order; none where the request got through."""
    call = getattr(_servicers()[method.containing_service.name], method.name)
    try:
        return await refused_fields_of(call, request, method)
    except Reached:
        return []
    except Refused as refused:
        return [violation.field for violation in refused.refusal.violations()]

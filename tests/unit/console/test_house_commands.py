"""`balcon house` has a command for whatever the API lets people of a house do, with every field as an option."""

import pytest
import typer
from balcon.access.v1 import access_pb2
from balcon.accounts.v1 import accounts_service_pb2
from balcon.catalogue.v1 import catalogue_service_pb2
from balcon.customers.v1 import consents_service_pb2, customers_service_pb2
from balcon.inventory.v1 import allotment_service_pb2, inventory_service_pb2, reservation_service_pb2
from balcon.mailchimp.v1 import mailchimp_service_pb2
from balcon.orders.v1 import order_acts_pb2, order_work_pb2, orders_service_pb2
from balcon.outbound.v1 import outbound_service_pb2
from balcon.payments.v1 import payments_service_pb2, provider_accounts_pb2, refund_tasks_pb2, vouchers_pb2
from balcon.podiumkunst.v1 import figures_service_pb2, links_service_pb2
from balcon.reporting.v1 import dashboards_pb2, reporting_service_pb2, settlements_pb2
from balcon.ticketing.v1 import ticketing_service_pb2
from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from typer.testing import CliRunner

from services.console.house import running
from services.console.house.app import SUBJECTS as OF_THE_HOUSE
from services.console.house.app import house_app
from services.console.house.command import Command, Subject
from services.console.house.fields import OWN_KEYS, behaviours, kind_of, option_fields
from services.console.integrations_app import SUBJECTS as OF_INTEGRATIONS
from services.console.integrations_app import integrations_app
from services.console.orders_app import SUBJECTS as OF_ORDERS
from services.console.orders_app import orders_app

SUBJECTS = (*OF_THE_HOUSE, *OF_INTEGRATIONS, *OF_ORDERS)

SERVICES = (
    accounts_service_pb2.DESCRIPTOR.services_by_name["AccountsService"],
    catalogue_service_pb2.DESCRIPTOR.services_by_name["CatalogueService"],
    customers_service_pb2.DESCRIPTOR.services_by_name["CustomersService"],
    consents_service_pb2.DESCRIPTOR.services_by_name["ConsentsService"],
    allotment_service_pb2.DESCRIPTOR.services_by_name["AllotmentService"],
    reservation_service_pb2.DESCRIPTOR.services_by_name["ReservationService"],
    inventory_service_pb2.DESCRIPTOR.services_by_name["InventoryService"],
    orders_service_pb2.DESCRIPTOR.services_by_name["OrdersService"],
    order_acts_pb2.DESCRIPTOR.services_by_name["OrderActsService"],
    order_work_pb2.DESCRIPTOR.services_by_name["OrderWorkService"],
    mailchimp_service_pb2.DESCRIPTOR.services_by_name["MailchimpService"],
    outbound_service_pb2.DESCRIPTOR.services_by_name["OutboundService"],
    figures_service_pb2.DESCRIPTOR.services_by_name["PodiumkunstFiguresService"],
    payments_service_pb2.DESCRIPTOR.services_by_name["PaymentsService"],
    provider_accounts_pb2.DESCRIPTOR.services_by_name["ProviderAccountsService"],
    refund_tasks_pb2.DESCRIPTOR.services_by_name["RefundTasksService"],
    vouchers_pb2.DESCRIPTOR.services_by_name["VouchersService"],
    reporting_service_pb2.DESCRIPTOR.services_by_name["ReportingService"],
    dashboards_pb2.DESCRIPTOR.services_by_name["DashboardsService"],
    settlements_pb2.DESCRIPTOR.services_by_name["SettlementsService"],
    ticketing_service_pb2.DESCRIPTOR.services_by_name["TicketingService"],
    links_service_pb2.DESCRIPTOR.services_by_name["PodiumkunstLinksService"],
)
# What no command calls by itself, and why.
CALLED_OTHERWISE = {
    "WatchRevocations": "`ticket void` lists the same; a list that goes on is for a door",
    "GetSeatingPlan": "`plan show` reads the same of any size",
    "StreamSeatMap": "`seat map` reads the same, of halls that one message holds",
    "WatchDashboard": "`dashboard show` tells the same once",
    "WatchQuotaFigures": "`seat quotas` tells them once",
    "GetPayments": "`payment show` tells one; many at once are for services",
    "WatchSeats": "a map that moves is for a page, not for a table",
}
COMMANDS = [pytest.param(subject, command, id=command.method) for subject in SUBJECTS for command in subject.commands]


def for_people(method: MethodDescriptor) -> bool:
    """Whether somebody who has logged in may call it."""
    access = method.GetOptions().Extensions[access_pb2.access]
    return bool(access.permission) or access_pb2.AUDIENCE_PERSON in access.audiences


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_there_is_a_command_for_every_method_that_people_may_call(service: object) -> None:
    assert service in SERVICES
    methods = next(each for each in SERVICES if each is service).methods
    commanded = {command.method for subject in SUBJECTS for command in subject.commands}
    missing = {method.name for method in methods if for_people(method)} - commanded - set(CALLED_OTHERWISE)
    assert missing == set()


@pytest.mark.parametrize(("subject", "command"), COMMANDS)
def test_no_command_is_for_services_alone(subject: Subject, command: Command) -> None:
    assert for_people(subject.method_of(command)) or subject.is_public(command)


def leaves(fields: list[FieldDescriptor], path: tuple[str, ...]) -> set[tuple[str, ...]]:
    """The paths of all fields of a request that people can say something about."""
    found = set()
    for field in fields:
        here = (*path, field.name)
        if field_behavior_pb2.OUTPUT_ONLY in behaviours(field):
            continue
        inner = field.message_type
        if (
            inner is None
            or field.is_repeated
            or inner.full_name in {"balcon.types.v1.Money", "google.protobuf.Timestamp"}
        ):
            found.add(here)
        else:
            found |= leaves(list(inner.fields), here)
    return found


@pytest.mark.parametrize(("subject", "command"), COMMANDS)
def test_every_field_of_the_request_can_be_given(subject: Subject, command: Command) -> None:
    known = {"house_id", *OWN_KEYS, "etag", "page_size", "page_token", "session_secret"}
    wanted = leaves(list(subject.method_of(command).input_type.fields), ())
    given = {one.path for one in option_fields(subject, command)}
    assert {path for path in wanted if not {path[0], path[-1]} & (known | {"update_mask"})} == given


@pytest.mark.parametrize(("subject", "command"), COMMANDS)
def test_every_command_tells_its_options_and_no_two_are_called_alike(subject: Subject, command: Command) -> None:
    fields = option_fields(subject, command)
    assert len({one.option for one in fields}) == len(fields)
    words = [*([subject.name] if subject.name else []), command.name, "--help"]
    app = integrations_app() if subject in OF_INTEGRATIONS else orders_app() if subject in OF_ORDERS else house_app()
    told = CliRunner().invoke(app, words, env={"COLUMNS": "300", "NO_COLOR": "1"})
    assert told.exit_code == 0, told.output
    for one in fields:
        assert (
            one.path[-1].upper() if one.path[-1] in command.arguments else f"--{one.option}{'-file' * one.is_secret}"
        ) in told.output
    assert command.help in " ".join(told.output.split())


@pytest.mark.parametrize(("subject", "command"), COMMANDS)
def test_what_is_declared_is_there(subject: Subject, command: Command) -> None:
    method = subject.method_of(command)
    names = {one.path[-1] for one in option_fields(subject, command)}
    assert set(command.arguments) <= names
    assert set(command.saves) <= set(method.output_type.fields_by_name)
    paths = {".".join(one.path) for one in option_fields(subject, command)}
    assert set(command.names) <= paths
    for column in command.columns:
        rows = next(field for field in method.output_type.fields if field.is_repeated)
        for name in column.split("."):
            assert name in kind_of(rows).fields_by_name, column
            rows = kind_of(rows).fields_by_name[name]
    etag = method.input_type.fields_by_name.get("etag")
    if etag is not None and field_behavior_pb2.REQUIRED in behaviours(etag):
        assert command.etag is not None
    if command.etag is not None:
        read = subject.service.methods_by_name[command.etag.method]
        assert command.etag.field in kind_of(read.output_type.fields[0]).fields_by_name
        assert {field.name for field in read.input_type.fields} <= names | {"house_id", "page_size", "page_token"}


def test_no_two_commands_of_a_group_are_called_alike() -> None:
    words = [(subject.name, command.name) for subject in SUBJECTS for command in subject.commands]
    assert len(words) == len(set(words))
    assert isinstance(house_app(), typer.Typer)


def test_a_reseat_keeps_prices_unless_somebody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[running.Asked] = []
    monkeypatch.setattr(running, "call", lambda _subject, _command, _fields, one: asked.append(one))
    monkeypatch.setattr(running, "run", lambda _: None)
    line = ("ord_1", "--line", "performance_id=perf_1,seat_id=A-1")
    for words in (("reseat", *line), ("reseat", *line, "--no-keep-prices"), ("exchange", *line)):
        told = CliRunner().invoke(house_app(), ["order", *words])
        assert told.exit_code == 0, told.output
    assert [one.given["exchange_keep_prices"] for one in asked] == [True, False, None]
    assert {one.given["exchange_order_id"] for one in asked} == {"ord_1"}
    assert {tuple(one.given["exchange_lines"]) for one in asked} == {("performance_id=perf_1,seat_id=A-1",)}

"""A whole stack with two houses in it, each with something of every kind, and calls by their owners."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.accounts.v1.sessions_pb2 import IssueTokenRequest, LogInRequest
from balcon.inventory.v1 import allotment_service_pb2 as allotments
from balcon.inventory.v1 import inventory_service_pb2 as inventory
from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceStub
from balcon.inventory.v1.allotments_pb2 import ALLOTMENT_KIND_HARD
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.inventory.v1.reservation_service_pb2 import ReserveSeatsRequest
from balcon.inventory.v1.reservation_service_pb2_grpc import ReservationServiceStub
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE, SeatRefs
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.console.audit.collect import AUDITED
from services.console.sale.demo_house import DemoHouse, SaleTerms
from services.console.stack import local_stack
from services.console.stack.blueprint import parts_of
from services.console.stack.credentials import demo_owner
from services.console.stack.data_folder import DataFolder
from services.console.stack.local_stack import LocalStack, StackOptions
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import refusal_of
from tests.integration.access.every_call import access_of, every_method
from tests.unit.contracts.good_values import AN_ID
from tests.unit.contracts.request_stages import WELL_KNOWN, good_requests

PLAN = Path(__file__).parents[3] / "services/catalogue/plans/schouwburg-grote-zaal.json"
CLOCK, IDS = SystemClock(), RandomIds()
# Under this name: what a house calls its things where it chooses their ids itself.
OWN = "#own"
# Ids of requests, made anew for each; and what are no ids of things in a house.
REQUEST_KEYS = ("idempotency_key", "step_id")
NO_THINGS = ("house_id", *REQUEST_KEYS)
UNWALLED = "tests.integration.access.unwalled"
SERVICES = AUDITED
# What several services answer alike, by one of them.
SERVED_BY = {"outbound": "trackers"}
_CALL_SECONDS = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a call was told: a message of the response's kind (of a stream, the first), or a refusal in words."""

    told: str
    message: Message | None = None


@dataclasses.dataclass(slots=True)
class House:
    """`ids`: one of its things for each name of a field, such as hall_id."""

    house_id: str
    token: str
    ids: dict[str, str]


class Stack:
    """Channels to every service, and both houses."""

    def __init__(
        self,
        channels: Mapping[str, grpc.aio.Channel],
        database_urls: Mapping[str, str],
        metrics_urls: Mapping[str, str],
        folder: DataFolder,
    ) -> None:
        self.channels = channels
        self.database_urls = database_urls
        self.metrics_urls = metrics_urls
        self.folder = folder
        # Whatever lets somebody in, by what it is.
        self.secrets: dict[str, str] = {}

    async def call(self, method: MethodDescriptor, request: Message, token: str) -> Answer:
        """The method as whoever the token is of."""
        package = method.containing_service.full_name.split(".")[1]
        channel: Any = self.channels[SERVED_BY.get(package, package)]
        name = f"/{method.containing_service.full_name}/{method.name}"
        response = GetMessageClass(method.output_type)
        codecs = {"request_serializer": type(request).SerializeToString, "response_deserializer": response.FromString}
        metadata = grpc.aio.Metadata(("authorization", token), ("x-request-id", "req_1"))
        how = {"metadata": metadata, "timeout": _CALL_SECONDS}
        try:
            if method.server_streaming:
                stream = channel.unary_stream(name, **codecs)(request, **how)
                first = await stream.read()
                stream.cancel()
                return Answer("OK", None if first is grpc.aio.EOF else first)
            return Answer("OK", await channel.unary_unary(name, **codecs)(request, **how))
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            return Answer(str(refusal) if refusal else f"{error.code().name}: {error.details()}")

    async def add_house(self, label: str) -> House:
        """Signed up, with a performance on sale, a hold and an order."""
        house = DemoHouse(self.channels["catalogue"], self.channels["accounts"], clock=CLOCK, ids=IDS, label=label)
        sale = await house.open_sale(PLAN.read_bytes(), SaleTerms())
        token = await self.token_of(label)
        performance = sale.performance
        key = inventory.PerformanceKey(house_id=sale.house_id, performance_id=performance.performance_id)
        seats = [
            SeatRefs(plan_version=performance.plan_version, seat_ids=[seat.seat_id]) for seat in sale.plan.seats[:4]
        ]
        holder, stub = f"holder_{label}", InventoryServiceStub(self.channels["inventory"])
        for name, refs in zip(("held", "ordered"), seats[:2], strict=True):
            hold = inventory.HoldSeatsRequest(
                key=key, hold_id=f"{name}_{label}", holder_id=holder, seats=refs, channel=CHANNEL_ONLINE
            )
            await stub.HoldSeats(hold)
        await self._allot(key, label, seats[2])
        await self._reserve(key, label, seats[3])
        desk = OrdersServiceStub(self.channels["orders"])
        made = await desk.CreateOrder(
            orders.CreateOrderRequest(
                idempotency_key=IDS.new_id("key"),
                house_id=sale.house_id,
                performance_id=performance.performance_id,
                hold_id=f"ordered_{label}",
                holder_id=holder,
                seats=[orders.SeatChoice(seat_id=seats[1].seat_ids[0])],
                channel=CHANNEL_ONLINE,
                customer=orders.Customer(name="A buyer", email="buyer@example.org"),
            )
        )
        out = await desk.CheckOut(
            orders.CheckOutRequest(
                idempotency_key=IDS.new_id("key"),
                house_id=sale.house_id,
                order_id=made.order.order_id,
                expected_total=made.order.total,
                return_url="https://shop.example/",
            )
        )
        await told_outside(self.database_urls["trackers"], sale.house_id, label)
        await ticket_sold(self.database_urls["ticketing"], sale.house_id, label)
        ids = {OWN: f"own-{label}", "house_id": sale.house_id, "hold_id": f"held_{label}", "holder_id": holder}
        ids |= {"allotment_id": f"allotted_{label}", "reservation_id": f"reserved_{label}"}
        ids |= {"ticket_id": f"ticket_{label}"}
        found = House(sale.house_id, token, ids)
        for message in (performance, out):
            harvest(found, message)
        return found

    async def _allot(self, key: inventory.PerformanceKey, label: str, seats: SeatRefs) -> None:
        await AllotmentServiceStub(self.channels["inventory"]).AllotSeats(
            allotments.AllotSeatsRequest(
                key=key,
                step_id=f"allotting_{label}",
                allotment_id=f"allotted_{label}",
                kind=ALLOTMENT_KIND_HARD,
                office_id=f"own-{label}",  # fill() makes it
                seats=allotments.SeatsToAllot(listed=seats),
            )
        )

    async def _reserve(self, key: inventory.PerformanceKey, label: str, seats: SeatRefs) -> None:
        await ReservationServiceStub(self.channels["inventory"]).ReserveSeats(
            ReserveSeatsRequest(
                key=key,
                reservation_id=f"reserved_{label}",
                holder_id=f"holder_{label}",
                seats=seats,
                channel=CHANNEL_BOX_OFFICE,
            )
        )

    async def token_of(self, label: str) -> str:
        email, password = demo_owner(label)
        accounts: Any = AccountsServiceStub(self.channels["accounts"])
        session = await accounts.LogIn(LogInRequest(email=email, password=password))
        issued = await accounts.IssueToken(IssueTokenRequest(session_secret=session.session_secret))
        self.secrets |= {
            f"{label}'s password": password,
            f"{label}'s session": session.session_secret,
            f"{label}'s token": issued.token,
        }
        return f"Bearer {issued.token}"

    async def fill(self, house: House) -> dict[str, str]:
        """Makes one of every thing that its owner can make, in as many rounds as one thing needs another.

        What could not be made is returned with what was told.
        """
        makers = [method for method in staff_methods() if "idempotency_key" in method.input_type.fields_by_name]
        told: dict[str, str] = {}
        for _ in range(3):
            for method in [one for one in makers if told.get(one.name) != "OK"]:
                answer = await self.call(method, request_with(method, house.ids, IDS.new_id("key")), house.token)
                told[method.name] = answer.told
                if answer.message is not None:
                    harvest(house, answer.message)
        for method in [one for one in staff_methods() if one.name.startswith("List")]:
            answer = await self.call(method, _list_of(method, house), house.token)
            if answer.message is not None:
                harvest(house, answer.message)
        return {name: why for name, why in told.items() if why != "OK"}


async def told_outside(url: str, house_id: str, label: str) -> None:
    """Something that a target refused, and its line in the ledger: nobody can make these by a call."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
        for statement in _TOLD_OUTSIDE:
            await connection.execute(text(statement), {"house": house_id, "label": label})
    await engine.dispose()


async def ticket_sold(url: str, house_id: str, label: str) -> None:
    """A ticket of an order that was paid: nobody pays here."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
        await connection.execute(text(_TICKET_SOLD), {"house": house_id, "label": label})
    await engine.dispose()


_TICKET_SOLD = """
    INSERT INTO tickets (house_id, ticket_id, performance_id, order_id, allotment_id, as_of, print_id, seat_id,
                         ticket_type, zone, seat_row, seat, code, is_foreign, issued_at_ms)
    VALUES (:house, 'ticket_' || :label, 'perf_' || :label, 'sold_' || :label, '', 1, '', 'A-1', 'normal', '', '', '',
            'code', false, 1)"""
_TOLD_OUTSIDE = (
    """INSERT INTO outbound_target (house_id, target_id, paused_at_ms, paused_by)
       VALUES (:house, 'target_' || :label, 1, 'STAFF/psn_1')""",
    """INSERT INTO outbound_dispatch (dispatch_id, house_id, target_id, key, kind, about, lane, body, made_at_ms,
                                      wanted_at_ms, due_at_ms, expires_at_ms, settled, settled_at_ms, exchange_id)
       VALUES ('dispatch_' || :label, :house, 'target_' || :label, 'key', 'purchase', '', '', 'sealed', 1, 1, 0, 0,
               'refused', 1, 'exchange_' || :label)""",
    """INSERT INTO outbound_exchange (exchange_id, house_id, target_id, asked, kind, at_ms, took_ms, status, answer,
                                      payload_hash, dispatches, outcome, about)
       VALUES ('exchange_' || :label, :house, 'target_' || :label, 'POST /events', 'purchase', 1, 1, 400, 'no', '00', 1,
               'refused', '')""",
)


def _list_of(method: MethodDescriptor, house: House) -> Message:
    """All of the house, or of the performance where the request names one."""
    request: Message = GetMessageClass(method.input_type)()
    *parents, name = access_of(method).house.split(".")
    named: Any = request
    for parent in parents:
        named = getattr(named, parent)
    setattr(named, name, house.house_id)
    if parents:
        named.performance_id = house.ids["performance_id"]
    return request


def harvest(house: House, message: Message) -> None:
    """Notes every id in the message, the first of each name, if the message is of the house."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            if field.message_type.GetOptions().map_entry:
                continue
            for part in value if field.is_repeated else [value]:
                harvest(house, part)
        elif field.name.endswith("_id") and isinstance(value, str) and value:
            house.ids.setdefault(field.name, value)


def staff_methods() -> Iterator[MethodDescriptor]:
    """What members of staff may call in their house."""
    for method in every_method():
        if access_of(method).permission and not method.client_streaming:
            yield method


def request_with(method: MethodDescriptor, ids: Mapping[str, str], key: str) -> Message:
    """A good request that names those things."""
    request: Message = next(good_requests(method))
    _put(request, ids, key)
    return request


def _put(message: Any, ids: Mapping[str, str], key: str) -> None:
    for field, value in message.ListFields():
        if field.name in {*REQUEST_KEYS, "page_token"}:
            setattr(message, field.name, key if field.name in REQUEST_KEYS else "")
        elif message.DESCRIPTOR.name == "Quota" and field.name in {"categories", "zones"}:
            # The made up names are in no plan.
            message.ClearField(field.name)
        elif field.name == "ticket_codes":
            # Guesses, which are counted: the tenth would be told something else than the first.
            message.ClearField(field.name)
        elif field.message_type is not None and field.message_type.full_name not in WELL_KNOWN:
            for part in value if field.is_repeated else [value]:
                _put(part, ids, key)
        elif field.name in ids and not field.is_repeated:
            setattr(message, field.name, ids[field.name])
        elif field.name.removesuffix("s") in ids and field.is_repeated and field.name.endswith("_ids"):
            getattr(message, field.name)[:] = [ids[field.name.removesuffix("s")]]
        elif value == AN_ID and f"{field.name}_id" in ids:
            setattr(message, field.name, ids[f"{field.name}_id"])
        elif value == AN_ID and field.name in {"name", "title"}:
            setattr(message, field.name, key)
        elif field.name == "email" and OWN in ids:
            setattr(message, field.name, f"{key}@example.org")
        elif value == AN_ID and field.name.endswith("_id") and OWN in ids:
            setattr(message, field.name, ids[OWN])


def id_fields(message: Message) -> Iterator[str]:
    """The names of all ids in the request, but for the house's."""
    names: set[str] = set()

    def look(part: Message) -> None:
        for field, value in part.ListFields():
            if field.message_type is not None and field.message_type.full_name not in WELL_KNOWN:
                for inner in value if field.is_repeated else [value]:
                    look(inner)
            elif (
                field.name.endswith(("_id", "_ids")) and field.name not in NO_THINGS and field.type == field.TYPE_STRING
            ):
                names.add(field.name.removesuffix("s"))

    look(message)
    yield from sorted(names)


@asynccontextmanager
async def running_stack(path: Path, *, walled: bool) -> AsyncIterator[Stack]:
    """The whole stack in `path`; not walled: no statement of any service says which house it is for."""
    with DataFolder(path) as folder, pytest.MonkeyPatch.context() as patch:
        if not walled:

            def unwalled_parts(nodes: int) -> tuple[Any, ...]:
                return tuple(
                    dataclasses.replace(part, module=f"{UNWALLED}.{part.service}") if part.service in SERVICES else part
                    for part in parts_of(nodes)
                )

            patch.setattr(local_stack, "parts_of", unwalled_parts)
        async with LocalStack(folder, StackOptions(), clock=CLOCK, ids=IDS) as stack:
            channels = {name: open_channel(target, CLOCK) for name, target in stack.record.targets.items()}
            urls = {name: stack.servers.postgres.url_for(f"balcon_{name}") for name in (*SERVICES, "bus")}
            running = Stack(channels, urls, stack.record.metrics, folder)
            running.secrets["the deployment's key"] = stack.service_key
            try:
                yield running
            finally:
                for channel in channels.values():
                    await channel.close()

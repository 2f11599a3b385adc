"""`balcon seed`: fills the stack of a data folder, starting it for as long where none runs. May be repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import grpc
import msgspec
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.inventory.v1.allotment_service_pb2_grpc import AllotmentServiceStub
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.inventory.v1.reservation_service_pb2_grpc import ReservationServiceStub
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub

from services.console.sale.cards import PayPage
from services.console.seed.contingents import Contingents
from services.console.seed.patience import patient
from services.console.seed.people import People, address_of
from services.console.seed.programme import Programme, SeededEvening
from services.console.seed.sales import Sales
from services.console.seed.season import HOUSES, PROMOTER, ROLES, SeededHouse
from services.console.stack.credentials import hold_key, password_for
from services.console.stack.data_folder import DataFolder, NoStackRuns
from services.console.stack.local_stack import LocalStack, StackOptions
from services.console.terminal import ERR, OUT, print_json
from services.contracts.house_time import local_of
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel

_FILE = "seed.json"


class Seeding(msgspec.Struct, frozen=True):
    """Kept in the data folder: the day that everything is counted from, and whether it was come to the end of."""

    now_ms: int
    is_done: bool = False


async def run_seed(data: Path, as_json: bool) -> None:
    """Two houses with people, a season and sales; prints how to log in. A second run changes nothing."""
    folder = DataFolder(data)
    try:
        targets = folder.read_record().targets
    except NoStackRuns:
        await _with_stack_of_its_own(folder)
    else:
        await _seed(folder, targets)
    _tell(as_json)


async def _with_stack_of_its_own(folder: DataFolder) -> None:
    if _read(folder).is_done:
        hold_key(folder.existing_service_key())
        return
    with folder:
        # What is seeded is for no company outside.
        options = StackOptions(integrations=())
        stack = LocalStack(
            folder, options, clock=SystemClock(), ids=RandomIds(), progress=lambda step: ERR.print(f"{step} …")
        )
        async with stack:
            await stack.while_whole(_seed(folder, stack.record.targets))


def _read(folder: DataFolder) -> Seeding:
    path = folder.path / _FILE
    return msgspec.json.decode(path.read_bytes(), type=Seeding) if path.exists() else Seeding(SystemClock().now_ms())


async def _seed(folder: DataFolder, targets: Mapping[str, str]) -> None:
    seeding = _read(folder)
    if seeding.is_done:
        return
    # First of all: whoever goes on after a crash asks for the same things at the same times.
    (folder.path / _FILE).write_bytes(msgspec.json.encode(seeding))
    clock = SystemClock()
    channels = {name: open_channel(targets[name], clock) for name in ("accounts", "catalogue", "inventory", "orders")}
    pay_page = PayPage(clock)
    try:
        people = People(patient(AccountsServiceStub(channels["accounts"]), clock), folder.path, clock)
        for house in HOUSES:
            ERR.print(f"seeding {house.name} …")
            await _seed_house(house, people, channels, pay_page, seeding.now_ms)
    finally:
        await pay_page.close()
        for channel in channels.values():
            await channel.close()
    (folder.path / _FILE).write_bytes(msgspec.json.encode(Seeding(seeding.now_ms, is_done=True)))


async def _seed_house(
    house: SeededHouse, people: People, channels: Mapping[str, grpc.aio.Channel], pay_page: PayPage, now_ms: int
) -> None:
    house_id = await people.sign_up(house)
    today = local_of(house.time_zone, now_ms).date()
    clock = SystemClock()
    catalogue = patient(CatalogueServiceStub(channels["catalogue"]), clock)
    programme = Programme(catalogue, house, house_id, now_ms, today)
    inventory = patient(InventoryServiceStub(channels["inventory"]), clock)
    contingents = Contingents(
        catalogue,
        inventory,
        patient(AllotmentServiceStub(channels["inventory"]), clock),
        patient(ReservationServiceStub(channels["inventory"]), clock),
        house,
        house_id,
    )

    async def make_as_owner() -> list[SeededEvening]:
        await people.log_in(address_of(house, "owner"))
        await people.fill(house, house_id)
        if house is HOUSES[0]:
            await people.make_promoter(house, house_id)
        productions, evenings = await programme.make()
        await contingents.make(evenings, productions)
        await people.grant(house, house_id, productions[:2])
        return evenings

    async def close_as_owner(evenings: list[SeededEvening]) -> None:
        await people.log_in(address_of(house, "owner"))
        for evening in evenings:
            if evening.evening.days < 0:
                await programme.close(evening)

    # In tasks of their own: only what is made there is made as the owner.
    evenings = await asyncio.create_task(make_as_owner())
    sales = Sales(inventory, patient(OrdersServiceStub(channels["orders"]), clock), pay_page, house_id)
    for evening in evenings:
        await sales.sell(house, evening)
    await asyncio.create_task(close_as_owner(evenings))


def _tell(as_json: bool) -> None:
    """Who can log in, and how."""
    people = [
        (house.label, role, address_of(house, role))
        for house in HOUSES
        for role in ("owner", *(r.value for r in ROLES))
    ]
    rows = [*people, ("both", "promoter", PROMOTER)]
    if as_json:
        logins = [
            {"house": label, "role": role, "email": email, "password": password_for(email)}
            for label, role, email in rows
        ]
        print_json({"logins": logins})
        return
    OUT.print("Who can log in, with `balcon house login --email ...`:")
    wide = max(len(email) for _, _, email in rows)
    for label, role, email in rows:
        # Never folded: it is copied from here.
        OUT.print(f"{label:18}{role:13}{email:{wide + 2}}{password_for(email)}", highlight=False, soft_wrap=True)

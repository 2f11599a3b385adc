"""`balcon adopt-houses`: has accounts take in the houses that the catalogue had before houses were kept there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from balcon.accounts.v1 import accounts_service_pb2 as accounts
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from rich.table import Table

from services.console.stack.credentials import act_as_operator
from services.console.terminal import OUT, print_json
from services.contracts.bounds import MAX_PAGE_SIZE
from services.runtime.clock import SystemClock
from services.runtime.errors import Fatal
from services.runtime.rpc.client import open_channel

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub
    from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceAsyncStub

# Of houses whose languages nobody has said.
LANGUAGES = ("en",)


class OwnerMalformed(Fatal):
    """An owner is written as LABEL=ADDRESS."""


class OwnersHouseUnknown(Fatal):
    """No house has this label."""


class AdoptedHouse(msgspec.Struct, frozen=True):
    """What is told of one house."""

    house_id: str
    label: str
    is_new: bool
    has_members: bool
    is_invited: bool


def owners_of(written: Sequence[str]) -> dict[str, str]:
    """Addresses by label (OwnerMalformed)."""
    owners = {}
    for one in written:
        label, _, address = one.partition("=")
        if not label or not address:
            raise OwnerMalformed(owner=one)
        owners[label] = address
    return owners


async def run_adopt(targets: Mapping[str, str], owners: Mapping[str, str], *, as_json: bool) -> None:
    """Prints what became of each house. May be repeated, and is, with owners for those that nobody works in."""
    act_as_operator()
    adopted = await adopt_all(targets, owners)
    if as_json:
        print_json([msgspec.to_builtins(one) for one in adopted])
    else:
        OUT.print(as_table(adopted))


async def adopt_all(targets: Mapping[str, str], owners: Mapping[str, str]) -> list[AdoptedHouse]:
    """By house id. OwnersHouseUnknown, before anything is changed, for a label that no house has."""
    clock = SystemClock()
    async with (
        open_channel(targets["catalogue"], clock) as to_catalogue,
        open_channel(targets["accounts"], clock) as to_accounts,
    ):
        known = await _known_houses(CatalogueServiceStub(to_catalogue))
        for label in owners:
            if label not in {house.label for house in known}:
                raise OwnersHouseUnknown(label=label)
        stub = AccountsServiceStub(to_accounts)
        return [await _adopted(stub, house, owners.get(house.label, "")) for house in known]


async def _known_houses(stub: CatalogueServiceAsyncStub) -> list[catalogue.House]:
    houses: list[catalogue.House] = []
    token = ""
    while True:
        page = await stub.ListHouses(catalogue.ListHousesRequest(page_size=MAX_PAGE_SIZE, page_token=token))
        houses += page.houses
        token = page.next_page_token
        if not token:
            return houses


async def _adopted(stub: AccountsServiceAsyncStub, house: catalogue.House, owner: str) -> AdoptedHouse:
    request = accounts.AdoptHouseRequest(
        house_id=house.house_id,
        label=house.label,
        name=house.name,
        time_zone=house.time_zone,
        currency=house.currency,
        languages=LANGUAGES,
        owner_email=owner,
    )
    answer = await stub.AdoptHouse(request)
    return AdoptedHouse(house.house_id, house.label, answer.is_new, answer.has_members, answer.is_invited)


def as_table(adopted: Sequence[AdoptedHouse]) -> Table:
    """One line a house."""
    table = Table(title="Houses", title_justify="left")
    for column in ("label", "house", "adopted", "owner"):
        table.add_column(column, overflow="fold")
    for one in adopted:
        owner = "has members" if one.has_members else "invited" if one.is_invited else "none: name one with --owner"
        table.add_row(one.label, one.house_id, "now" if one.is_new else "before", owner)
    return table

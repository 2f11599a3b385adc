"""A performance is moved, then called off, through the public API of a whole stack: tickets stay, the sale does not.

What inventory and orders do follows the catalogue's events within moments; money back is an act of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import grpc
import pytest
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.accounts.v1.sessions_pb2 import IssueTokenRequest, LogInRequest
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.inventory.v1 import inventory_service_pb2 as inventory
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from balcon.types.v1.money_pb2 import Money
from balcon.types.v1.seating_pb2 import CHANNEL_BOX_OFFICE, CHANNEL_ONLINE, SEAT_STATE_SOLD, Channel
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from services.console.stack.credentials import demo_owner, find_service_key, hold_key
from services.console.stack.data_folder import make_temp_folder, remove_temp_folder
from services.contracts.wire_types import instant_ms, wire_instant
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.testing.eventually import eventually_sync
from tests.e2e.rig import Up, WithCredential
from tests.e2e.test_money_back import House

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

IDS, CLOCK = RandomIds(), SystemClock()
DAY_MS = 86_400_000
DEMO_LABEL = "demo"
BEHIND_SECONDS = 30


class Owner:
    """The owner of the demo house: what they do at the catalogue, and what buyers find then."""

    def __init__(self, told: dict[str, Any], channels: dict[str, grpc.Channel], data: Path) -> None:
        self._key = {"house_id": told["house_id"], "performance_id": told["performance_id"]}
        self._catalogue = CatalogueServiceStub(grpc.insecure_channel(told["targets"]["catalogue"]))
        self._inventory = InventoryServiceStub(channels["inventory"])
        self._orders = OrdersServiceStub(channels["orders"])
        self._metadata = (("authorization", _owner_credential(told["targets"]["accounts"], data)),)

    def performance(self) -> catalogue.Performance:
        asked = catalogue.GetPerformanceRequest(**self._key)
        return self._catalogue.GetPerformance(asked, metadata=self._metadata).performance

    def sells_online(self, windows: list[catalogue.SalesWindow]) -> None:
        """Only within these windows."""
        changed = catalogue.Performance(performance_id=self._key["performance_id"], sales_windows=windows)
        asked = catalogue.UpdatePerformanceRequest(
            house_id=self._key["house_id"],
            performance=changed,
            update_mask=FieldMask(paths=["sales_windows"]),
            etag=self.performance().etag,
        )
        self._catalogue.UpdatePerformance(asked, metadata=self._metadata)

    def moves_to(self, starts_at_ms: int) -> catalogue.Performance:
        asked = catalogue.MovePerformanceRequest(
            **self._key, starts_at=wire_instant(starts_at_ms), reason="Snow", etag=self.performance().etag
        )
        return self._catalogue.MovePerformance(asked, metadata=self._metadata).performance

    def calls_off(self) -> None:
        asked = catalogue.CancelPerformanceRequest(**self._key, reason="Fire")
        self._catalogue.CancelPerformance(asked, metadata=self._metadata)

    def held(self, channel: Channel.ValueType) -> inventory.Hold | str:
        """A seat held just now, or the reason of the refusal."""
        asked = inventory.HoldBestAvailableRequest(
            key=inventory.PerformanceKey(**self._key),
            hold_id=IDS.new_id("hold"),
            holder_id=IDS.new_id("holder"),
            plan_version=self.performance().plan_version,
            groups=[inventory.SeatGroup(size=1)],
            channel=channel,
        )
        try:
            return self._inventory.HoldBestAvailable(asked).hold
        except grpc.RpcError as error:
            return _reason(error)

    def ordered(self, hold: inventory.Hold) -> orders.Order:
        asked = orders.CreateOrderRequest(
            **self._key,
            idempotency_key=IDS.new_id("key"),
            hold_id=hold.hold_id,
            holder_id=hold.holder_id,
            seats=[orders.SeatChoice(seat_id=seat_id) for seat_id in hold.seats.seat_ids],
            customer=orders.Customer(name="Ada Lovelace", email="ada@example.org"),
            channel=CHANNEL_ONLINE,
        )
        return self._orders.CreateOrder(asked).order

    def checked_out(self, order: orders.Order, more_minor: int = 0) -> str:
        """The reason of the refusal; empty where there is none. `more_minor` than it costs is refused in any case."""
        asked = orders.CheckOutRequest(
            idempotency_key=IDS.new_id("key"),
            house_id=order.house_id,
            order_id=order.order_id,
            expected_total=Money(amount_minor=order.total.amount_minor + more_minor, currency=order.total.currency),
            return_url="https://shop.example/",
        )
        try:
            self._orders.CheckOut(asked)
        except grpc.RpcError as error:
            return _reason(error)
        return ""


def _reason(error: grpc.RpcError) -> str:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    info = ErrorInfo()
    assert status is not None, error
    assert any(detail.Unpack(info) for detail in status.details), error
    return str(info.reason)


def _owner_credential(accounts_target: str, data: Path) -> str:
    def known() -> tuple[str, str]:
        hold_key(find_service_key(data))
        return demo_owner(DEMO_LABEL)

    email, password = copy_context().run(known)
    with grpc.insecure_channel(accounts_target) as channel:
        accounts = AccountsServiceStub(channel)
        logged_in = accounts.LogIn(LogInRequest(email=email, password=password, device="test"))
        issued = accounts.IssueToken(IssueTokenRequest(session_secret=logged_in.session_secret))
    return f"Bearer {issued.token}"


@pytest.fixture(scope="module")
def stack() -> Iterator[tuple[House, Owner]]:
    data = make_temp_folder(IDS)
    try:
        with Up(data, "--no-integrations") as up:
            told = {**up.told, "data": str(data)}
            channels = {
                name: grpc.intercept_channel(grpc.insecure_channel(target), WithCredential(data))
                for name, target in up.told["targets"].items()
            }
            try:
                yield House(told, channels), Owner(told, channels, data)
            finally:
                for channel in channels.values():
                    channel.close()
    finally:
        remove_temp_folder(data)


def test_r2_10_a_moved_performance_keeps_its_tickets_and_a_cancelled_one_sells_no_more(
    stack: tuple[House, Owner],
) -> None:
    house, owner = stack
    bought = house.buys_two()
    sold = house.figures()

    owner.sells_online([catalogue.SalesWindow(channel=CHANNEL_ONLINE, opens_at=wire_instant(CLOCK.now_ms() + DAY_MS))])
    eventually_sync(lambda: owner.held(CHANNEL_ONLINE) == "OUTSIDE_SALES_WINDOW", BEHIND_SECONDS)
    assert isinstance(owner.held(CHANNEL_BOX_OFFICE), inventory.Hold)
    owner.sells_online([])
    eventually_sync(lambda: isinstance(owner.held(CHANNEL_ONLINE), inventory.Hold), BEHIND_SECONDS)

    moved = owner.moves_to(instant_ms(owner.performance().starts_at) + 7 * DAY_MS)
    assert (moved.sale_state, moved.move_number) == (catalogue.SALE_STATE_ON_SALE, 1)
    assert (house.order(bought).state, len(house.order(bought).tickets)) == (orders.ORDER_STATE_CONFIRMED, 2)
    assert house.seats_of(bought) == {SEAT_STATE_SOLD}
    assert house.figures() == sold
    hold = owner.held(CHANNEL_ONLINE)
    assert isinstance(hold, inventory.Hold)
    still_open = owner.ordered(hold)

    owner.calls_off()
    for channel in (CHANNEL_ONLINE, CHANNEL_BOX_OFFICE):
        eventually_sync(lambda on=channel: owner.held(on) == "PERFORMANCE_CANCELLED", BEHIND_SECONDS)  # type: ignore[misc]
    # Orders remembers performances for some seconds; an amount that is wrong asks without paying meanwhile.
    eventually_sync(lambda: owner.checked_out(still_open, 1) == "PERFORMANCE_CANCELLED", BEHIND_SECONDS)
    assert owner.checked_out(still_open) == "PERFORMANCE_CANCELLED"
    assert house.order(bought).state == orders.ORDER_STATE_CONFIRMED
    assert house.seats_of(bought) == {SEAT_STATE_SOLD}
    assert house.figures() == sold
    house.audit_is_green()
    refunded = house.refunds(bought)
    eventually_sync(lambda: house.order(refunded).state == orders.ORDER_STATE_REFUNDED, BEHIND_SECONDS)

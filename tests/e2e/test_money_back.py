"""Money that goes back, through the public API of a whole stack: by us, at the provider without us, by a lost dispute.

Whatever the way, it ends alike: the order REFUNDED, no ticket, the seats free, nothing of it in the totals, the audit
green, in between as well (R5.9).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
import pytest
from balcon.catalogue.v1 import catalogue_service_pb2 as catalogue
from balcon.catalogue.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from balcon.inventory.v1 import inventory_service_pb2 as inventory
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.orders.v1 import order_work_pb2 as work
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1.order_work_pb2_grpc import OrderWorkServiceStub
from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceStub
from balcon.payments.v1 import payments_service_pb2 as payments
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from balcon.reporting.v1 import reporting_service_pb2 as reporting
from balcon.reporting.v1.reporting_service_pb2_grpc import ReportingServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SEAT_STATE_FREE, SEAT_STATE_SOLD

from services.console.stack.data_folder import make_temp_folder, remove_temp_folder
from services.runtime.ids import RandomIds
from services.runtime.testing.eventually import eventually_sync
from tests.e2e.rig import Up, WithCredential, balcon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAYS = "4242424242424242"
IDS = RandomIds()
WAIT_MS = 25_000


@dataclass(frozen=True, slots=True)
class Figures:
    """Reporting's, of the one performance."""

    sold: int
    revenue_minor: int


class House:
    """Buyers, the house's staff and the provider, each by the API that is theirs."""

    def __init__(
        self, told: dict[str, Any], channels: dict[str, grpc.Channel], kills: Callable[[str], None] | None = None
    ) -> None:
        self.kills = kills or (lambda _: None)
        self._told = told
        self._house_id, self._performance_id = told["house_id"], told["performance_id"]
        self._catalogue = CatalogueServiceStub(channels["catalogue"])
        self._inventory = InventoryServiceStub(channels["inventory"])
        self._orders = OrdersServiceStub(channels["orders"])
        self._work = OrderWorkServiceStub(channels["orders"])
        self._payments = PaymentsServiceStub(channels["payments"])
        self._reporting = ReportingServiceStub(channels["reporting"])
        self._key = inventory.PerformanceKey(house_id=self._house_id, performance_id=self._performance_id)
        asked = catalogue.GetPerformanceRequest(house_id=self._house_id, performance_id=self._performance_id)
        self._plan_version = self._catalogue.GetPerformance(asked).performance.plan_version

    def buys_two(self) -> orders.Order:
        """Two tickets, paid and confirmed; reporting has counted them when this returns."""
        before = self.figures()
        confirmed = self.order(self.pays_for_two(), WAIT_MS)
        assert confirmed.state == orders.ORDER_STATE_CONFIRMED
        wanted = Figures(before.sold + 2, before.revenue_minor + confirmed.total.amount_minor)
        eventually_sync(lambda: self.figures() == wanted)
        return confirmed

    def pays_for_two(self) -> orders.Order:
        """An order of two seats, as it was when the buyer went to pay, which is done."""
        held = self._inventory.HoldBestAvailable(
            inventory.HoldBestAvailableRequest(
                key=self._key,
                hold_id=IDS.new_id("hold"),
                holder_id=IDS.new_id("holder"),
                plan_version=self._plan_version,
                groups=[inventory.SeatGroup(size=2)],
                channel=CHANNEL_ONLINE,
            )
        ).hold
        made = self._orders.CreateOrder(
            orders.CreateOrderRequest(
                idempotency_key=IDS.new_id("key"),
                house_id=self._house_id,
                performance_id=self._performance_id,
                hold_id=held.hold_id,
                holder_id=held.holder_id,
                seats=[orders.SeatChoice(seat_id=seat_id) for seat_id in held.seats.seat_ids],
                customer=orders.Customer(name="Ada Lovelace", email="ada@example.org"),
                channel=CHANNEL_ONLINE,
            )
        ).order
        out = self._orders.CheckOut(
            orders.CheckOutRequest(
                idempotency_key=IDS.new_id("key"),
                house_id=self._house_id,
                order_id=made.order_id,
                expected_total=made.total,
                return_url="https://shop.example/",
            )
        ).order
        assert httpx.post(out.payment_url, data={"card": PAYS}, trust_env=False).status_code == 303
        return out

    def order(self, order: orders.Order, wait_ms: int = 0) -> orders.Order:
        asked = orders.GetOrderRequest(house_id=self._house_id, order_id=order.order_id, wait_ms=wait_ms)
        return self._orders.GetOrder(asked).order

    def payment(self, order: orders.Order) -> payments.Payment:
        asked = payments.GetPaymentRequest(house_id=self._house_id, payment_id=order.payment_id)
        return self._payments.GetPayment(asked).payment

    def refunds(self, order: orders.Order) -> orders.Order:
        """The house gives the money back in Balcon."""
        asked = orders.RefundOrderRequest(
            idempotency_key=IDS.new_id("key"), house_id=self._house_id, order_id=order.order_id
        )
        return self._orders.RefundOrder(asked).order

    def at_the_provider(self, order: orders.Order, path: str, **body: Any) -> None:
        """What is done at the provider itself; Balcon is not asked."""
        url = f"{self._told['pay_page']}/v1/payments"
        found = httpx.get(url, params={"reference": order.payment_id}, trust_env=False).json()["payments"]
        headers = {"Idempotency-Key": IDS.new_id("key")}
        done = httpx.post(f"{url}/{found[0]['id']}/{path}", json=body, headers=headers, trust_env=False)
        assert done.is_success, done.text

    def gives_the_show_back(self) -> work.PerformanceRefund:
        """The job over all of the performance's orders, seats and all."""
        asked = work.StartPerformanceRefundRequest(
            idempotency_key=IDS.new_id("key"),
            house_id=self._house_id,
            performance_id=self._performance_id,
            release_seats=True,
            reason="storm",
        )
        return self._work.StartPerformanceRefund(asked).job

    def job(self, job_id: str) -> work.PerformanceRefund | None:
        """None while orders is away."""
        asked = work.GetPerformanceRefundRequest(house_id=self._house_id, job_id=job_id)
        try:
            return self._work.GetPerformanceRefund(asked).job
        except grpc.RpcError as error:
            assert error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}, error
            return None

    def refunds_at_the_provider(self) -> Counter[str]:
        """How often money went back at the sandbox, by its payments."""
        found, after, more = Counter[str](), "0", True
        while more:
            url = f"{self._told['pay_page']}/v1/events"
            page = httpx.get(url, params={"after": after, "limit": "100"}, trust_env=False).json()
            found.update(
                one["data"]["metadata"]["payment_id"] for one in page["events"] if one["type"] == "refund.succeeded"
            )
            after, more = page["next_after"], page["more"]
        return found

    def figures(self) -> Figures:
        asked = reporting.GetTotalsRequest(house_id=self._house_id, performance_id=self._performance_id)
        try:
            totals = self._reporting.GetTotals(asked).totals
        except grpc.RpcError as error:
            # Reporting has not heard of the performance yet.
            assert error.code() is grpc.StatusCode.NOT_FOUND
            return Figures(0, 0)
        return Figures(totals.sold, totals.revenue.amount_minor)

    def seats_of(self, order: orders.Order) -> set[int]:
        """The states of the order's seats."""
        asked = inventory.GetSeatMapRequest(key=self._key, with_seat_ids=True)
        told = self._inventory.GetSeatMap(asked)
        states = dict(zip(told.seat_ids, told.seat_states, strict=True))
        return {states[line.seat_id] for line in order.lines}

    def audit_is_green(self) -> None:
        audit = balcon("audit", "--data", self._told["data"], "--json")
        broken = [check for check in json.loads(audit.output)["checks"] if check["violations"]]
        assert (audit.status, broken) == (0, []), audit.told


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    data = make_temp_folder(IDS)
    try:
        # A job over a show is slow enough here to be killed in the middle.
        with Up(data, "--no-integrations", settings={"BALCON_ORDERS_REFUND_ORDERS_PER_SECOND": "6"}) as up:
            channels = {
                name: grpc.intercept_channel(grpc.insecure_channel(target), WithCredential(data))
                for name, target in up.told["targets"].items()
            }
            try:
                yield House({**up.told, "data": str(data)}, channels, up.kill)
            finally:
                for channel in channels.values():
                    channel.close()
    finally:
        remove_temp_folder(data)


def ended_as_our_own_refund(house: House, order: orders.Order, before: Figures) -> None:
    """Where every whole refund ends."""

    def ended() -> None:
        now = house.order(order)
        told = (now.state, now.cancel_reason, len(now.tickets), now.refunded.amount_minor)
        assert told == (
            orders.ORDER_STATE_REFUNDED,
            orders.CANCEL_REASON_HOUSE,
            0,
            order.total.amount_minor,
        )
        assert house.seats_of(order) == {SEAT_STATE_FREE}
        assert house.figures() == before
        assert house.payment(order).refund_state == payments.REFUND_STATE_SUCCEEDED

    eventually_sync(ended, 30)
    house.audit_is_green()


def _all_by_us(house: House, order: orders.Order) -> None:
    house.refunds(order)


def _all_at_the_provider(house: House, order: orders.Order) -> None:
    house.at_the_provider(order, "refunds", amount_minor=order.total.amount_minor)


def _in_parts_at_the_provider(house: House, order: orders.Order) -> None:
    for amount_minor in (1_000, order.total.amount_minor - 1_001, 1):
        house.at_the_provider(order, "refunds", amount_minor=amount_minor)


def _by_a_lost_dispute(house: House, order: orders.Order) -> None:
    house.at_the_provider(order, "dispute", amount_minor=order.total.amount_minor)
    house.at_the_provider(order, "dispute/close", outcome="lost")


@pytest.mark.parametrize("way", [_all_by_us, _all_at_the_provider, _in_parts_at_the_provider, _by_a_lost_dispute])
def test_whatever_way_the_whole_money_goes_back_it_ends_alike(
    house: House, way: Callable[[House, orders.Order], None]
) -> None:
    before = house.figures()
    order = house.buys_two()
    way(house, order)
    ended_as_our_own_refund(house, order, before)


def test_a_part_that_went_back_at_the_provider_is_shown_and_our_refund_gives_the_rest(house: House) -> None:
    before = house.figures()
    order = house.buys_two()
    whole = house.figures()
    house.at_the_provider(order, "refunds", amount_minor=1_000)

    def shown() -> None:
        now = house.order(order)
        assert (now.state, len(now.tickets), now.refunded.amount_minor) == (orders.ORDER_STATE_CONFIRMED, 2, 1_000)
        assert house.figures() == Figures(whole.sold, whole.revenue_minor - 1_000)

    eventually_sync(shown)
    assert house.seats_of(order) == {SEAT_STATE_SOLD}
    house.audit_is_green()
    house.refunds(order)
    ended_as_our_own_refund(house, order, before)


def test_a_refund_under_way_breaks_nothing_and_changes_no_figure_yet(house: House) -> None:
    before = house.figures()
    order = house.buys_two()
    sold = house.figures()
    # While the bank decides on a dispute the provider refunds nothing: the refund is under way until we say otherwise.
    house.at_the_provider(order, "dispute", amount_minor=order.total.amount_minor)
    eventually_sync(lambda: house.order(order).dispute_state == orders.DISPUTE_STATE_OPEN)
    assert len(house.order(order).tickets) == 2
    due = house.refunds(order)
    assert (due.state, len(due.tickets)) == (orders.ORDER_STATE_REFUND_DUE, 0)
    house.audit_is_green()
    assert house.order(order).state == orders.ORDER_STATE_REFUND_DUE
    assert house.figures() == sold
    assert house.seats_of(order) == {SEAT_STATE_SOLD}
    house.at_the_provider(order, "dispute/close", outcome="won")
    ended_as_our_own_refund(house, order, before)


def test_a_show_is_given_back_once_although_orders_and_payments_are_killed_in_the_middle(house: House) -> None:
    """Reach, issue 14: resumable after kill -9. No refund twice at the provider, and progress is told truly."""
    before = house.figures()
    paid = [house.pays_for_two() for _ in range(24)]
    bought = [house.order(one, WAIT_MS) for one in paid]
    assert {one.state for one in bought} == {orders.ORDER_STATE_CONFIRMED}
    job_id = house.gives_the_show_back().job_id
    seen: list[work.PerformanceRefund] = []

    def told(is_so: Callable[[work.PerformanceRefund], bool]) -> None:
        """Looks until it is so. What is done is never less than it was, and nothing is counted twice."""

        def looked() -> bool:
            job = house.job(job_id)
            if job is None:
                return False
            assert job.orders_acted + job.orders_left <= len(bought), job
            assert job.tickets_cancelled == 2 * job.orders_acted, job
            if seen:
                assert job.orders_acted >= seen[-1].orders_acted
                assert job.refunds_done >= seen[-1].refunds_done
            seen.append(job)
            return is_so(job)

        eventually_sync(looked, 120)

    told(lambda job: job.orders_acted > 0)
    house.kills("orders")
    told(lambda job: job.refunds_done > 0 and job.orders_acted > 6)
    house.kills("payments")
    told(lambda job: job.orders_acted > 12)
    house.kills("orders")
    told(lambda job: job.state == work.PERFORMANCE_REFUND_STATE_DONE)
    job = seen[-1]
    assert (job.orders_acted, job.tickets_cancelled) == (len(bought), 2 * len(bought))
    assert (job.orders_left, job.refunds_done, job.refunds_due) == (0, len(bought), 0)
    assert [one.amount_minor for one in job.money_back] == [sum(one.total.amount_minor for one in bought)]
    ended = [house.order(one) for one in bought]
    assert {(one.state, len(one.refunds), len(one.tickets)) for one in ended} == {(orders.ORDER_STATE_REFUNDED, 1, 0)}
    at_the_provider = house.refunds_at_the_provider()
    assert {at_the_provider[one.payment_id] for one in bought} == {1}
    for one in bought:
        ended_seats_free(house, one)
    eventually_sync(lambda: house.figures() == before, 60)
    house.audit_is_green()


def ended_seats_free(house: House, order: orders.Order) -> None:
    """The seats of one order are back on sale."""
    eventually_sync(lambda: house.seats_of(order) == {SEAT_STATE_FREE}, 60)

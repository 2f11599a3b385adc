"""What buyers ask back by number and code: over the wires, in the record, and all at once (docs/decisions/0055)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import grpc
from balcon.audit.v1.audit_service_pb2 import AuditRequest
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from balcon.orders.v1 import buyer_policy_pb2 as policy
from balcon.orders.v1 import order_acts_pb2 as acts
from balcon.orders.v1 import orders_service_pb2 as orders
from balcon.orders.v1 import refund_requests_pb2 as wire
from balcon.orders.v1.buyer_policy_pb2_grpc import BuyerPolicyServiceStub
from balcon.orders.v1.order_acts_pb2_grpc import OrderActsServiceStub
from balcon.orders.v1.refund_requests_pb2_grpc import RefundRequestsServiceStub
from balcon.types.v1.money_pb2 import Money
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from services.runtime.rpc.client import open_channel
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import as_owner
from tests.integration.orders.conftest import CLOCK, IDS, Stage, check_out_request, get_request
from tests.integration.orders.test_orders_service import paid
from tests.unit.orders.builders import HOUSE, SHOW, a_plan, an_offer

if TYPE_CHECKING:
    from balcon.orders.v1.orders_service_pb2_grpc import OrdersServiceAsyncStub

_DAY_MS = 86_400_000


@dataclass
class Desk:
    """One process with an order that is paid, and the stubs of what buyers and staff call."""

    stage: Stage
    selling: OrdersServiceAsyncStub
    channel: grpc.aio.Channel
    order: orders.Order

    @property
    def requests(self) -> Any:
        return RefundRequestsServiceStub(self.channel)

    async def allow(self, rule: policy.RequestRule.ValueType, **rules: Any) -> None:
        """A new version of the house's policy."""
        stub = BuyerPolicyServiceStub(self.channel)
        etag = (await stub.GetBuyerPolicy(policy.GetBuyerPolicyRequest(house_id=HOUSE))).policy.etag
        wishes = [policy.REFUND_WISH_MONEY, policy.REFUND_WISH_VOUCHER, policy.REFUND_WISH_NOTHING]
        said = policy.BuyerPolicy(refunds=policy.RefundRules(rule=rule, wishes=wishes, release_seats=True, **rules))
        await stub.UpdateBuyerPolicy(
            policy.UpdateBuyerPolicyRequest(
                house_id=HOUSE, buyer_policy=said, update_mask=FieldMask(paths=["refunds"]), etag=etag
            )
        )

    def code(self, place: int = 0) -> str:
        return str(self.order.tickets[place].barcode)

    def asking(self, *seats: str, key: str = "", **changes: Any) -> wire.AskOwnRefundRequest:
        fields: dict[str, Any] = {
            "idempotency_key": key or IDS.new_id("key"),
            "house_id": HOUSE,
            "order_id": self.order.order_id,
            "ticket_code": self.code(),
            "lines": [acts.LineName(performance_id=SHOW, seat_id=seat) for seat in seats],
            "wish": policy.REFUND_WISH_MONEY,
        }
        return wire.AskOwnRefundRequest(**(fields | changes))

    async def asked(self, *seats: str, **changes: Any) -> wire.RefundRequest:
        return (await self.requests.AskOwnRefund(self.asking(*seats, **changes))).request  # type: ignore[no-any-return]

    async def granted(self, request: wire.RefundRequest) -> wire.RefundRequest:
        named = wire.GrantRefundRequestRequest(house_id=HOUSE, refund_request_id=request.refund_request_id)
        return (await self.requests.GrantRefundRequest(named)).request  # type: ignore[no-any-return]

    async def broken(self) -> list[str]:
        """What the audit finds."""
        pages = [page async for page in AuditServiceStub(self.channel).Audit(AuditRequest())]
        return sorted(told for page in pages for check in page.checks for told in check.violations)

    async def seen(self) -> orders.Order:
        return (await self.selling.GetOrder(get_request(self.order, 0))).order


@asynccontextmanager
async def a_desk(stage: Stage, *, starts_ms: int = 0) -> AsyncIterator[Desk]:
    offer = replace(an_offer(), starts_at_ms=starts_ms or CLOCK.now_ms() + 10 * _DAY_MS)
    stage.neighbours.catalogue.put(HOUSE, offer, a_plan())
    stub = await stage.start(catalogue_ttl_seconds=0)
    order = (await stub.CreateOrder(stage.create_request("A-1", "A-2"))).order
    await stub.CheckOut(check_out_request(order))
    await paid(stage, order)
    order = (await stub.GetOrder(get_request(order))).order
    async with open_channel(stage.target(), CLOCK) as channel:
        yield Desk(stage, stub, channel, order)


async def spoil(database_url: str) -> None:
    """Writes what no granted request may be: its tickets are still asked for, and are others."""
    async with as_owner(database_url).begin() as connection:
        await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
        await connection.execute(text("UPDATE refund_request_lines SET is_open = true"))
        await connection.execute(text("UPDATE refund_request_lines SET seat_id = 'A-2'"))


async def test_what_the_rules_grant_is_given_back_at_once_and_once(stage: Stage) -> None:
    async with a_desk(stage) as desk:
        nothing = await refusal(desk.requests.AskOwnRefund(desk.asking()))
        assert (nothing.reason, nothing.facts["problems"]) == (
            "REFUND_NOT_OFFERED",
            f"{SHOW}: the house gives nothing back by request",
        )
        await desk.allow(policy.REQUEST_RULE_GRANTED, fee_minor=250)
        quote = await desk.requests.QuoteOwnRefund(
            wire.QuoteOwnRefundRequest(
                house_id=HOUSE,
                order_id=desk.order.order_id,
                ticket_code=desk.code(1),
                wish=policy.REFUND_WISH_MONEY,
                lines=[acts.LineName(performance_id=SHOW, seat_id="A-1")],
            )
        )
        assert (quote.back.amount_minor, quote.rule) == (2_250, policy.REQUEST_RULE_GRANTED)
        assert (quote.parts[0].kept.amount_minor, quote.parts[0].basis) == (250, wire.REFUND_BASIS_NOW)
        differs = desk.asking("A-1", expected_back=Money(amount_minor=2_500, currency="EUR"))
        assert (await refusal(desk.requests.AskOwnRefund(differs))).reason == "REFUND_DIFFERS"

        request = desk.asking("A-1", expected_back=quote.back)
        two = await asyncio.gather(desk.requests.AskOwnRefund(request), desk.requests.AskOwnRefund(request))
        assert two[0] == two[1], "a double click is one request"
        given = two[0].request
        assert (given.state, given.back.amount_minor) == (wire.REFUND_REQUEST_STATE_GRANTED, 2_250)

        async def is_back() -> None:
            order = await desk.seen()
            assert [line.state for line in order.lines] == [orders.LINE_STATE_RELEASED, orders.LINE_STATE_UNSPECIFIED]
            assert (order.refunded.amount_minor, [one.act_id for one in order.refunds]) == (
                2_250,
                [given.refund_request_id],
            )
            mine = wire.ListOwnRefundRequestsRequest(
                house_id=HOUSE, order_id=desk.order.order_id, ticket_code=desk.code()
            )
            [seen] = (await desk.requests.ListOwnRefundRequests(mine)).requests
            assert [one.state for one in seen.refunds] == [orders.REFUND_STATE_DONE]

        await eventually(is_back)
        gone = await refusal(desk.requests.AskOwnRefund(desk.asking("A-1")))
        assert (gone.reason, gone.facts["lines"]) == ("LINES_NOT_HELD", f"{SHOW} A-1")
        assert await desk.broken() == []
        await spoil(desk.stage.settings["database_url"])
        assert await desk.broken() == [
            f"house {HOUSE} request {given.refund_request_id} is GRANTED with 1 open tickets",
            f"house {HOUSE} request {given.refund_request_id} is granted and seat A-2 lets in",
        ]


async def test_what_people_decide_is_kept_once_a_ticket_until_they_have(stage: Stage) -> None:
    async with a_desk(stage) as desk:
        await desk.allow(policy.REQUEST_RULE_ASKED)
        asked = await asyncio.gather(
            *(refusal(desk.requests.AskOwnRefund(desk.asking("A-1"))) for _ in range(2)), return_exceptions=True
        )
        reasons = sorted(getattr(one, "reason", "taken") for one in asked)
        assert reasons == ["REFUND_ALREADY_ASKED", "taken"], "of two at once one is kept"
        listed = wire.ListRefundRequestsRequest(
            house_id=HOUSE, performance_id=SHOW, states=[wire.REFUND_REQUEST_STATE_ASKED]
        )
        [first] = (await desk.requests.ListRefundRequests(listed)).requests
        assert (await desk.seen()).lines[0].state == orders.LINE_STATE_UNSPECIFIED

        taking_back = wire.WithdrawOwnRefundRequestRequest(
            house_id=HOUSE,
            order_id=desk.order.order_id,
            ticket_code=desk.code(),
            refund_request_id=first.refund_request_id,
        )
        back = (await desk.requests.WithdrawOwnRefundRequest(taking_back)).request
        assert (await desk.requests.WithdrawOwnRefundRequest(taking_back)).request == back
        assert back.state == wire.REFUND_REQUEST_STATE_WITHDRAWN
        named = wire.GrantRefundRequestRequest(house_id=HOUSE, refund_request_id=first.refund_request_id)
        assert (await refusal(desk.requests.GrantRefundRequest(named))).reason == "REFUND_REQUEST_ENDED"

        second = await desk.asked("A-1")
        declining = wire.DeclineRefundRequestRequest(
            house_id=HOUSE, refund_request_id=second.refund_request_id, reason="Sold out:\nnobody else would come."
        )
        declined = (await desk.requests.DeclineRefundRequest(declining)).request
        assert (declined.state, declined.reason) == (wire.REFUND_REQUEST_STATE_DECLINED, declining.reason)

        third = await desk.asked("A-1", wish=policy.REFUND_WISH_VOUCHER)
        two = await asyncio.gather(desk.granted(third), desk.granted(third))
        assert [one.state for one in two] == [wire.REFUND_REQUEST_STATE_GRANTED] * 2
        [refund] = (await desk.seen()).refunds
        assert (refund.route, refund.amount.amount_minor) == (orders.REFUND_ROUTE_VOUCHER, 2_500)

        fourth = await desk.asked("A-2", ticket_code=desk.code(1), wish=policy.REFUND_WISH_NOTHING)
        given = await desk.granted(fourth)
        assert (list(given.refunds), given.back.amount_minor) == ([], 0)
        assert [ticket.seat_id for ticket in (await desk.seen()).tickets] == []


async def test_the_house_that_cancels_first_has_the_last_word_and_what_was_asked_in_time_may_be_granted_late(
    stage: Stage,
) -> None:
    async with a_desk(stage, starts_ms=CLOCK.now_ms() + 8_000) as desk:
        await desk.allow(policy.REQUEST_RULE_ASKED)
        first = await desk.asked("A-1")
        second = await desk.asked("A-2")
        cancel = acts.CancelLinesRequest(
            house_id=HOUSE,
            order_id=desk.order.order_id,
            idempotency_key="c1",
            lines=[acts.LineName(performance_id=SHOW, seat_id="A-1")],
        )
        await OrderActsServiceStub(desk.channel).CancelLines(cancel)
        overtaken = await desk.granted(first)
        assert (overtaken.state, list(overtaken.refunds)) == (wire.REFUND_REQUEST_STATE_WITHDRAWN, [])

        async def has_begun() -> None:
            quote = wire.QuoteOwnRefundRequest(
                house_id=HOUSE,
                order_id=desk.order.order_id,
                ticket_code=desk.code(),
                wish=policy.REFUND_WISH_MONEY,
            )
            assert (await refusal(desk.requests.QuoteOwnRefund(quote))).reason == "REFUND_NOT_OFFERED"

        await eventually(has_begun)
        late = await desk.granted(second)
        assert (late.state, late.refunds[0].amount.amount_minor) == (wire.REFUND_REQUEST_STATE_GRANTED, 2_500)


async def test_a_number_and_a_code_open_an_order_for_who_holds_the_ticket_and_nobody_else(stage: Stage) -> None:
    async with a_desk(stage) as desk:
        await desk.allow(policy.REQUEST_RULE_GRANTED)
        wrong = await refusal(desk.requests.AskOwnRefund(desk.asking(ticket_code="B1:WRONG.")))
        unknown = await refusal(desk.requests.AskOwnRefund(desk.asking(order_id="ord_none")))
        assert (wrong.reason, wrong.message, dict(wrong.facts)) == (unknown.reason, unknown.message, {})
        desk.stage.neighbours.door.passed_on[desk.order.tickets[0].ticket_id] = "cus_ben"
        assert (await refusal(desk.requests.AskOwnRefund(desk.asking()))).reason == "TICKETS_PASSED_ON"
        mine = await refusal(desk.requests.AskOwnRefund(desk.asking("A-1", ticket_code=desk.code(1))))
        assert mine.reason == "LINES_NOT_HELD"
        given = await desk.asked(ticket_code=desk.code(1))
        assert [list(part.seat_ids) for part in given.parts] == [["A-2"]]
        for _ in range(3):
            await refusal(desk.requests.AskOwnRefund(desk.asking(ticket_code="wrong")))
        guessed = await refusal(desk.requests.AskOwnRefund(desk.asking(ticket_code="wrong")))
        assert (guessed.reason, guessed.retry_after_ms) == ("TOO_MANY_WRONG_CODES", 600_000)

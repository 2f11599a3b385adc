"""What buyers ask back by themselves, and what the house says to it. Money goes the way of all refunds (0049)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from services.contracts.acts import Act as LogAct
from services.contracts.once import Asked, answer_once
from services.orders.domain.buyer_policy import RefundWish
from services.orders.domain.changes import Change, LinesCancelled
from services.orders.domain.order import Dispute, Money, Order
from services.orders.domain.refund_offer import RefundFacts, ShowDates, offered
from services.orders.domain.refund_request import RefundRequest, RequestAct, RequestedPart, RequestState, after
from services.orders.domain.refunds import LineRef
from services.orders.domain.refusals import OrderNotFound
from services.orders.domain.request_refusals import (
    OrderDisputed,
    RefundAlreadyAsked,
    RefundDiffers,
    RefundRequestNotFound,
)
from services.orders.domain.steps import Timing, due_at_ms
from services.orders.domain.transitions import apply_all, decide
from services.orders.handlers.buyers_code import shown_by_buyer
from services.orders.ports import Acted, Catalogue, OrderRef, OrderStore
from services.orders.ports.buyer_policies import BuyerPolicies
from services.orders.ports.order_door import OrderDoor, ShownCode
from services.orders.ports.refund_requests import RefundRequests, RequestFilter
from services.orders.ports.refund_requests_transaction import RefundRequestsTransaction
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids

MOST_OWN = 100


@dataclass(frozen=True, slots=True)
class RefundWanted:
    """What a buyer wants back. No `lines`: all that the code's holder has. `expected` None: nobody has looked."""

    ref: OrderRef
    code: str = field(repr=False)
    wish: RefundWish
    lines: tuple[LineRef, ...] = ()
    expected: Money | None = None


@dataclass(frozen=True, slots=True)
class ToldRequest:
    """A request with the order that it is of, as it is now."""

    request: RefundRequest
    order: Order


@dataclass(frozen=True, slots=True)
class RefundDeskParts:
    """What the desk works with. `wake`: the loop that moves money has something to do."""

    door: OrderDoor
    requests: RefundRequests
    policies: BuyerPolicies
    store: OrderStore
    catalogue: Catalogue
    clock: Clock
    ids: Ids
    timing: Timing
    wake: Callable[[], None]


class RefundDesk:
    """Stateless."""

    def __init__(self, parts: RefundDeskParts) -> None:
        self._parts = parts

    async def quote(self, wanted: RefundWanted) -> tuple[Order, tuple[RequestedPart, ...]] | Refusal:
        """What would come back. Raises Unanswered."""
        shown = await shown_by_buyer(self._parts.door, wanted.ref, wanted.code)
        if isinstance(shown, Refusal):
            return shown
        order = await self._order(wanted.ref)
        if isinstance(order, Refusal):
            return order
        found = offered(order, shown.lines, wanted.lines, wanted.wish, await self._facts(order), self._now_ms())
        return found if isinstance(found, Refusal) else (order, found)

    async def ask(self, asked: Asked[ToldRequest], wanted: RefundWanted) -> bytes | Refusal:
        """Keeps the request; where the rules grant it, tickets, money and request change in one transaction."""
        shown = await shown_by_buyer(self._parts.door, wanted.ref, wanted.code)
        if isinstance(shown, Refusal):
            return shown
        seen = await self._order(wanted.ref)
        if isinstance(seen, Refusal):
            return seen
        facts = await self._facts(seen)

        async def act(transaction: RefundRequestsTransaction) -> ToldRequest | Refusal:
            return await self._asked(transaction, wanted, shown, facts)

        house_id = wanted.ref.house_id
        answer = await answer_once(self._parts.requests.transaction(house_id), house_id, asked, act)
        self._parts.wake()
        return answer

    async def _asked(
        self, transaction: RefundRequestsTransaction, wanted: RefundWanted, shown: ShownCode, facts: RefundFacts
    ) -> ToldRequest | Refusal:
        made: list[RefundRequest] = []
        request_id, now_ms = self._parts.ids.new_id("rfr"), self._now_ms()

        def act(order: Order) -> Acted | Refusal:
            found = offered(order, shown.lines, wanted.lines, wanted.wish, facts, now_ms)
            if isinstance(found, Refusal):
                return found
            currency = order.total.currency
            request = RefundRequest(
                request_id, order.house_id, order.order_id, wanted.wish, found, currency, asked_at_ms=now_ms
            )
            back = Money(request.back_minor, currency)
            if wanted.expected is not None and wanted.expected != back:
                return RefundDiffers(str(wanted.expected), str(back))
            if request.is_granted_at_once:
                request = replace(request, state=RequestState.GRANTED, ended_at_ms=now_ms, at_once=True)
            made.append(request)
            return self._granted(order, request) if request.at_once else Acted(order, (), None)

        changed = await transaction.change_order(wanted.ref, act)
        if changed is None or isinstance(changed, Refusal):
            return changed or OrderNotFound(wanted.ref.order_id)
        request = made[-1]
        if other := await transaction.add(request):
            return RefundAlreadyAsked(request.order_id, other)
        return ToldRequest(request, changed.order)

    def _granted(self, order: Order, request: RefundRequest) -> Acted | Refusal:
        """All acts of the request on the order, one after the other."""
        if order.dispute is Dispute.OPEN:
            return OrderDisputed(order.order_id)
        now_ms, changes = self._now_ms(), list[Change]()
        for command in request.acts():
            decision = decide(order, command, now_ms)
            if isinstance(decision, Refusal):
                return decision
            order = apply_all(order, decision)
            changes += decision
        return Acted(order, tuple(changes), due_at_ms(order, now_ms, self._parts.timing))

    async def own(self, ref: OrderRef, code: str) -> list[ToldRequest] | Refusal:
        """All requests of the order."""
        shown = await shown_by_buyer(self._parts.door, ref, code)
        if isinstance(shown, Refusal):
            return shown
        found = await self._parts.requests.page(RequestFilter(ref.house_id, order_id=ref.order_id, limit=MOST_OWN))
        order = await self._order(ref)
        return order if isinstance(order, Refusal) else [ToldRequest(one, order) for one in found]

    async def withdraw(self, ref: OrderRef, code: str, refund_request_id: str) -> ToldRequest | Refusal:
        """Takes one back that nobody has decided."""
        shown = await shown_by_buyer(self._parts.door, ref, code)
        if isinstance(shown, Refusal):
            return shown
        known = await self._parts.requests.get(ref.house_id, refund_request_id)
        if known is None or known.order_id != ref.order_id:
            return RefundRequestNotFound(refund_request_id)
        return await self._ended(ref.house_id, refund_request_id, RequestAct.WITHDRAW)

    async def page(self, wanted: RequestFilter) -> list[ToldRequest]:
        """A house's requests, the newest first."""
        found = await self._parts.requests.page(wanted)
        return await asyncio.gather(*map(self._told, found))

    async def get(self, house_id: str, refund_request_id: str) -> ToldRequest | Refusal:
        """One request."""
        found = await self._parts.requests.get(house_id, refund_request_id)
        return RefundRequestNotFound(refund_request_id) if found is None else await self._told(found)

    async def decline(self, house_id: str, refund_request_id: str, reason: str) -> ToldRequest | Refusal:
        """The house says no, and why."""
        return await self._ended(house_id, refund_request_id, RequestAct.DECLINE, reason)

    async def grant(self, house_id: str, refund_request_id: str) -> ToldRequest | Refusal:
        """The house says yes: what was promised of it and is still there goes back. Where the house has cancelled all
        of its tickets meanwhile nothing does, and the request ends as taken back."""
        async with self._parts.requests.transaction(house_id) as transaction:
            locked = await _locked(transaction, refund_request_id, RequestAct.GRANT)
            if isinstance(locked, Refusal):
                return locked
            request, is_to_do = locked
            if is_to_do:
                ref = OrderRef(house_id, request.order_id)
                changed = await transaction.change_order(ref, lambda order: self._granted(order, locked[0]))
                if changed is None or isinstance(changed, Refusal):
                    return changed or OrderNotFound(request.order_id)
                is_there = any(isinstance(change, LinesCancelled) for change in changed.changes)
                said = RequestAct.GRANT if is_there else RequestAct.OVERTAKE
                request = await self._end(transaction, request, said)
                await transaction.commit()
        self._parts.wake()
        return await self._told(request)

    async def _ended(
        self, house_id: str, refund_request_id: str, said: RequestAct, reason: str = ""
    ) -> ToldRequest | Refusal:
        async with self._parts.requests.transaction(house_id) as transaction:
            locked = await _locked(transaction, refund_request_id, said)
            if isinstance(locked, Refusal):
                return locked
            request, is_to_do = locked
            if is_to_do:
                request = await self._end(transaction, request, said, reason)
                await transaction.commit()
        return await self._told(request)

    async def _end(
        self, transaction: RefundRequestsTransaction, request: RefundRequest, said: RequestAct, reason: str = ""
    ) -> RefundRequest:
        state = after(request, said)
        assert isinstance(state, RequestState), "it was open"
        is_of_house = said is not RequestAct.WITHDRAW
        ended = replace(
            request,
            state=state,
            ended_at_ms=self._now_ms(),
            decided_by=current_principal() if is_of_house else None,
            reason=reason,
        )
        await transaction.close_request(ended)
        if is_of_house:
            # What was said to the buyer may name people: the log has who and when.
            facts = {"order": request.order_id, "state": state.value.lower()}
            act = LogAct(f"refund_request.{_VERBS[said]}", "refund request", request.refund_request_id, facts=facts)
            transaction.record_act(act)
        return ended

    async def _facts(self, order: Order) -> RefundFacts:
        """Asked before the order is locked: they change rarely, and each of them says since when it holds."""
        performance_ids = [part.performance_id for part in order.parts]
        policies = self._parts.policies
        now = await policies.in_force(order.house_id, performance_ids)
        purchase = await policies.in_force(order.house_id, performance_ids, order.confirmed_at_ms)
        dates = await asyncio.gather(*(self._dates(order.house_id, one) for one in performance_ids))
        return RefundFacts(dict(zip(performance_ids, dates, strict=True)), now, purchase)

    async def _dates(self, house_id: str, performance_id: str) -> ShowDates:
        offer = await self._parts.catalogue.offer(house_id, performance_id)
        if offer is None:
            return ShowDates()
        return ShowDates(offer.starts_at_ms, offer.cancelled_at_ms, offer.refund_until_ms)

    async def _order(self, ref: OrderRef) -> Order | OrderNotFound:
        return await self._parts.store.get(ref) or OrderNotFound(ref.order_id)

    async def _told(self, request: RefundRequest) -> ToldRequest:
        order = await self._parts.store.get(OrderRef(request.house_id, request.order_id))
        assert order is not None, "orders are never removed"
        return ToldRequest(request, order)

    def _now_ms(self) -> int:
        return self._parts.clock.now_ms()


async def _locked(
    transaction: RefundRequestsTransaction, refund_request_id: str, said: RequestAct
) -> tuple[RefundRequest, bool] | Refusal:
    """The request under its lock, and whether what is said is still to be done: once and again is the same."""
    request = await transaction.lock(refund_request_id)
    if request is None:
        return RefundRequestNotFound(refund_request_id)
    state = after(request, said)
    return state if isinstance(state, Refusal) else (request, request.state is not state)


_VERBS = {RequestAct.GRANT: "granted", RequestAct.DECLINE: "declined", RequestAct.OVERTAKE: "overtaken"}

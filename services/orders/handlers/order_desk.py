"""Answers what buyers and staff ask of orders: create, check out, cancel, refund, look. The saga does the rest.

Every act may be repeated with its key and gets its first answer, told as the order stands now (RULE 27).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from services.contracts.reasons import Reason
from services.contracts.voucher_refusals import voucher_refusal
from services.orders.domain.commands import ActOnLines, CancelOrder, CheckOut, Command, RefundOrder
from services.orders.domain.exchanging import all_charges
from services.orders.domain.order import (
    FINAL_STATES,
    CancelReason,
    Money,
    Order,
    OrderCharge,
    OrderState,
    PaymentStatus,
    SeatStatus,
)
from services.orders.domain.order_form import FormAnswer
from services.orders.domain.payment_choice import ANY_WAY, PaymentChoice
from services.orders.domain.refusals import (
    CustomerLimitReached,
    CustomerNotFound,
    FormClosed,
    HoldExpired,
    HoldHasOrder,
    OrderNotFound,
    OrderNotOpen,
    RequestInFlight,
    SessionOver,
    UsesExhausted,
)
from services.orders.domain.steps import Timing, due_at_ms
from services.orders.domain.uses import is_of_a_customer, thing_of
from services.orders.handlers.acting import act_on
from services.orders.handlers.exchanges import Exchanges
from services.orders.handlers.form_desk import FormDesk
from services.orders.handlers.order_hold import OrderHold
from services.orders.handlers.order_making import OrderMaker, OrderRequest
from services.orders.handlers.order_notifier import OrderNotifier
from services.orders.handlers.paying import PayingDesk
from services.orders.handlers.saga_driver import SagaDriver
from services.orders.ports import (
    Act,
    Buyer,
    Changed,
    Customers,
    Declined,
    KeyInRecord,
    Lease,
    Operation,
    OrderFilter,
    OrderRef,
    OrderStore,
    PayingAccount,
    RequestKey,
    Unanswered,
    Vouchers,
)
from services.runtime.call_context import current_buyer
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused, Overloaded, Refusal

T = TypeVar("T")

_RETRY_AFTER_MS = 500
# GetOrder tells what it has when inventory does not say within this how the hold stands.
_LOOK_SECONDS = 0.5
# The part's hold was not there any more.
_GONE = frozenset({SeatStatus.FREED, SeatStatus.UNHELD})
_UNSETTLED = frozenset(OrderState) - FINAL_STATES


@dataclass(frozen=True, slots=True)
class DeskParts:
    """What the desk works with."""

    store: OrderStore
    maker: OrderMaker
    customers: Customers
    vouchers: Vouchers
    hold: OrderHold
    driver: SagaDriver
    notifier: OrderNotifier
    clock: Clock
    timing: Timing
    payment_window_ms: int
    form: FormDesk
    paying: PayingDesk
    exchanges: Exchanges


@dataclass(frozen=True, slots=True)
class CheckOutWish:
    """What the buyer saw that it costs, where the provider sends the buyer afterwards, and codes that pay first."""

    expected_total: Money
    return_url: str = ""
    codes: tuple[str, ...] = ()
    pays_by: PaymentChoice = ANY_WAY


class OrderDesk:
    """One per process."""

    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self._store = parts.store
        self._clock = parts.clock
        self._in_flight: set[tuple[str, Operation, str]] = set()

    async def create(self, request: OrderRequest, key: RequestKey) -> Order | Refusal:
        """An order out of a hold. Raises Unanswered, with nothing stored, when inventory or catalogue do not answer."""
        return await self._once(key, lambda: self._create(request, key))

    async def _create(self, request: OrderRequest, key: RequestKey) -> Order | Refusal:
        known = await self._store.find_key(key.house_id, key.operation, key.key)
        if known is not None:
            return await self._first_answer(key, known)
        made = await self._parts.exchanges.make(request)
        if isinstance(made, Refusal):
            return made
        answers = await self._parts.form.checked(made.order, request.answers)
        if isinstance(answers, Refusal):
            return answers
        # Last of all that may say no: nobody is written down for an order that is refused.
        customer_id = await self._identified(made.order, request.buyer)
        if isinstance(customer_id, Refusal):
            return customer_id
        order = made.sold_to(customer_id)
        if answers and (refused := await self._parts.form.keep(order, answers)):
            return refused
        due_ms = due_at_ms(order, self._clock.now_ms(), self._parts.timing)
        assert due_ms is not None, "an open order has an end"
        other = await self._store.add(order, key, due_ms)
        if isinstance(other, UsesExhausted):
            return _exhausted(order, other)
        if isinstance(other, HoldHasOrder):
            return other
        return order if other is None else await self._first_answer(key, other)

    async def _identified(self, order: Order, buyer: Buyer) -> str | Refusal:
        """The customer, or why there is none. Raises Unanswered."""
        if order.customer_id:
            return order.customer_id
        if buyer.customer_id and current_buyer():
            # Whoever buys in the shop shows a session: a customer's id is no secret.
            return CustomerNotFound(buyer.customer_id)
        found = await self._parts.customers.identify(order.house_id, order.order_id, buyer)
        if isinstance(found, str):
            return found
        match found.reason:
            case Reason.CUSTOMER_NOT_FOUND:
                return CustomerNotFound(buyer.customer_id)
            case Reason.SESSION_OVER:
                return SessionOver()
            case Reason.CONSENT_NOT_FOUND | Reason.CONSENT_ARCHIVED | Reason.FIELD_INVALID:
                return FieldInvalid("ticks", "names what nobody is asked", "consents as ListConsents tells them")
            case _:
                raise Unanswered("IdentifyCustomers")

    async def check_out(
        self, ref: OrderRef, wish: CheckOutWish, key: RequestKey, timeout_seconds: float
    ) -> Order | Refusal:
        """Claims and asks for the payment within `timeout_seconds`; else answers CLAIMING and the saga goes on."""
        if self._parts.driver.is_full:
            return Overloaded(_RETRY_AFTER_MS)
        pay_until_ms = self._clock.now_ms() + self._parts.payment_window_ms
        command = CheckOut(wish.expected_total, wish.return_url, pay_until_ms, pays_by=wish.pays_by)
        order = await self._once(key, lambda: self._check_out(ref, command, wish.codes, key, timeout_seconds))
        return order if isinstance(order, Refusal) else await self._with_its_seats(order)

    async def _charges(self, ref: OrderRef, codes: Sequence[str], key: RequestKey) -> tuple[OrderCharge, ...] | Refusal:
        """What the codes pay, before anything is claimed or charged. Of a key that was answered they are not asked."""
        known = await self._store.find_key(key.house_id, key.operation, key.key)
        order = await self._now(ref)
        if isinstance(order, Refusal) or known is not None or order.is_free:
            return order if isinstance(order, Refusal) else order.charges
        found = await self._parts.vouchers.check(order, codes)
        return voucher_refusal(found.reason, found.facts) if isinstance(found, Declined) else found

    async def _with_its_seats(self, order: Order) -> Order | Refusal:
        """The answer to a check-out: a refusal where the hold was not, or no longer, there for the order's seats."""
        if order.state is OrderState.OPEN:
            why = await self._parts.hold.why_not(order)
            if isinstance(why, Declined):
                raise Unanswered("GetHold")
            return why
        ended = order.state is OrderState.CANCELLED and order.cancel_reason is CancelReason.UNPAID
        if ended and order.payment is PaymentStatus.NONE and order.state_since_ms < order.pay_until_ms:
            gone = next((part for part in order.parts if part.seats in _GONE), order.first)
            return HoldExpired(gone.hold_id)
        return order

    async def _check_out(
        self, ref: OrderRef, command: CheckOut, codes: Sequence[str], key: RequestKey, timeout_seconds: float
    ) -> Order | Refusal:
        if refusal := await self._not_to_be_paid(ref):
            return refusal
        if codes:
            charges = await self._charges(ref, codes, key)
            if isinstance(charges, Refusal):
                return charges
            command = replace(command, charges=charges)
        if refusal := await self._cannot_pay(ref, command):
            return refusal
        lease = self._parts.driver.new_lease()
        changed = await self._change(ref, command, key=key, lease=lease)
        if isinstance(changed, Changed) and changed.order.state is OrderState.OPEN:
            # The key's first check-out was turned back: the hold had other seats then.
            changed = await self._change(ref, command, lease=lease)
            if isinstance(changed, OrderNotOpen):
                return await self._now(ref)
        if isinstance(changed, Refusal):
            return changed
        if not changed.leased:
            return await self._settled(ref, changed.order, frozenset({OrderState.CLAIMING}), timeout_seconds)
        task = self._parts.driver.take_on(changed.order, lease)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                order = await asyncio.shield(task)
                if order is not None and order.payment_url:
                    return order
        # Not there yet, or payments has no page yet: what the record says, after a moment where there is one.
        return await self._now(ref)

    async def update_form(self, ref: OrderRef, answers: Sequence[FormAnswer]) -> Order | Refusal:
        """What is answered in the house's form, in place of what was answered before. Raises Unanswered."""
        order = await self._now(ref)
        if isinstance(order, Refusal):
            return order
        if order.state is not OrderState.OPEN:
            return FormClosed(order.order_id, order.state.value)
        checked = await self._parts.form.checked(order, answers)
        if isinstance(checked, Refusal):
            return checked
        return await self._parts.form.keep(order, checked) or order

    async def _not_to_be_paid(self, ref: OrderRef) -> Refusal | None:
        """Of what is not paid yet: what is paid, or being paid, is not this call's business."""
        order = await self._now(ref)
        if isinstance(order, Refusal) or order.state is not OrderState.OPEN:
            return None
        refusal = await self._parts.maker.called_off(order) or await self._parts.form.incomplete(order)
        return refusal or await self._parts.exchanges.opened(order)

    async def _cannot_pay(self, ref: OrderRef, command: CheckOut) -> Refusal | None:
        """Before anything is claimed: an account that is missing, locked or silent, or takes no such payment."""
        order = await self._now(ref)
        if isinstance(order, Refusal) or order.state is not OrderState.OPEN:
            return None
        if command.expected_total != order.total or not command.return_url:
            return None
        return await self._parts.paying.refused(order, all_charges(order, command.charges), command.pays_by)

    async def payment_methods(self, ref: OrderRef, language: str) -> tuple[Order, Sequence[PayingAccount]] | Refusal:
        """Where and how the order can be paid. Raises Unanswered."""
        order = await self._now(ref)
        return order if isinstance(order, Refusal) else (order, await self._parts.paying.offered(order, language))

    async def cancel(self, ref: OrderRef, timeout_seconds: float) -> Order | Refusal:
        """Gives an unpaid order up. CANCELLING when the provider's word takes longer than `timeout_seconds`."""
        lease = self._parts.driver.new_lease()
        changed = await self._change(ref, CancelOrder(), lease=lease)
        return changed if isinstance(changed, Refusal) else await self._carried_on(ref, changed, lease, timeout_seconds)

    async def refund(self, ref: OrderRef, reason: str, key: RequestKey, timeout_seconds: float) -> Order | Refusal:
        """Owes the money of a confirmed order back; its tickets end at once, its seats when the money is back."""
        return await self.act(ref, RefundOrder(reason), key, timeout_seconds)

    async def act(
        self, ref: OrderRef, command: RefundOrder | ActOnLines, key: RequestKey, timeout_seconds: float
    ) -> Order | Refusal:
        """What the house asks of an order that was sold. Money and seats follow, each with its own proof."""
        lease = self._parts.driver.new_lease()
        changed = await self._once(key, lambda: self._change(ref, command, key=key, lease=lease))
        return changed if isinstance(changed, Refusal) else await self._carried_on(ref, changed, lease, timeout_seconds)

    async def get(self, ref: OrderRef, wait_seconds: float) -> Order | Refusal:
        """The order, at latest after `wait_seconds`, earlier when it is confirmed, cancelled or refunded."""
        order = await self._now(ref)
        if isinstance(order, Order) and order.state is OrderState.OPEN:
            order = await self._with_its_hold(ref, order)
        return order if isinstance(order, Refusal) else await self._settled(ref, order, _UNSETTLED, wait_seconds)

    async def _with_its_hold(self, ref: OrderRef, order: Order) -> Order:
        """The open order as its holds make it by now: the buyer extends and releases holds at inventory, not here."""
        with suppress(TimeoutError, Unanswered):
            async with asyncio.timeout(_LOOK_SECONDS):
                looks = (self._parts.hold.look(order, place) for place in range(len(order.parts)))
                reports = await asyncio.gather(*looks)
            for report in reports:
                if isinstance(report, Declined):
                    continue
                act = act_on(report, self._clock, self._parts.timing)
                changed = await self._store.change(ref, act)
                if isinstance(changed, Changed):
                    self._parts.notifier.tell(changed.order)
                    order = changed.order
        return order

    async def list_orders(self, wanted: OrderFilter) -> list[Order]:
        """One page, newest first."""
        return list(await self._store.list_orders(wanted))

    async def names_every_customer(self, house_id: str) -> bool:
        """Asked before a list, what is in the list then is all: old orders get their customers, none loses one."""
        return not await self._store.has_old_buyers(house_id)

    async def _change(
        self, ref: OrderRef, command: Command, *, lease: Lease, key: RequestKey | None = None
    ) -> Changed | Refusal:
        act = _of_the_caller(act_on(command, self._clock, self._parts.timing))
        changed = await self._store.change(ref, act, key=key, lease=lease, take=True)
        if changed is None:
            return OrderNotFound(ref.order_id)
        if isinstance(changed, KeyInRecord):
            assert key is not None, "only a key can be in the record"
            order = await self._first_answer(key, changed)
            return order if isinstance(order, Refusal) else Changed(order, (), leased=False)
        if not isinstance(changed, Refusal):
            self._parts.notifier.tell(changed.order)
        return changed

    async def _carried_on(
        self, ref: OrderRef, changed: Changed, lease: Lease, timeout_seconds: float
    ) -> Order | Refusal:
        """Takes the next step at once where we have the lease, and answers how the order stands then."""
        if not changed.changes:
            return await self._now(ref)
        if not changed.leased:
            self._parts.driver.wake()
            return await self._settled(ref, changed.order, frozenset({changed.order.state}), timeout_seconds)
        await asyncio.wait({self._parts.driver.take_on(changed.order, lease)}, timeout=timeout_seconds)
        return await self._now(ref)

    async def _first_answer(self, key: RequestKey, known: KeyInRecord) -> Order | Refusal:
        if known.request_hash != key.request_hash:
            return IdempotencyKeyReused("idempotency_key", key.key)
        order = await self._now(OrderRef(key.house_id, known.order_id))
        at_work = isinstance(order, Order) and order.state is OrderState.CLAIMING
        if at_work and self._clock.now_ms() < known.busy_until_ms:
            return RequestInFlight(key.key)
        return order

    async def _once(self, key: RequestKey, act: Callable[[], Awaitable[T]]) -> T | RequestInFlight:
        """Refuses a key whose first request is still being answered by this process."""
        mark = (key.house_id, key.operation, key.key)
        if mark in self._in_flight:
            return RequestInFlight(key.key)
        self._in_flight.add(mark)
        try:
            return await act()
        finally:
            self._in_flight.discard(mark)

    async def _settled(
        self, ref: OrderRef, order: Order, unsettled: frozenset[OrderState], timeout_seconds: float
    ) -> Order | Refusal:
        """Waits while the order is in one of `unsettled`; the order as last seen when the time is up."""
        if order.state not in unsettled or timeout_seconds <= 0:
            return order
        return await self._parts.notifier.wait(ref, unsettled, timeout_seconds) or await self._now(ref)

    async def _now(self, ref: OrderRef) -> Order | Refusal:
        order = await self._store.get(ref)
        return OrderNotFound(ref.order_id) if order is None or not _is_the_callers(order) else order


def _exhausted(order: Order, refusal: UsesExhausted) -> Refusal:
    """In the words of what is limited: a customer's tickets are no promotion's uses."""
    if not is_of_a_customer(refusal.counted):
        return refusal
    limit = next(use.limit for use in order.uses if use.counted_id == refusal.counted)
    return CustomerLimitReached(*thing_of(refusal.counted), limit, limit - refusal.left, refusal.wanted)


def _is_the_callers(order: Order) -> bool:
    """A buyer finds its own orders and no others; whoever else calls was let in for the whole house."""
    buyer = current_buyer()
    return not buyer or order.holder_id == buyer


def _of_the_caller(act: Act) -> Act:
    """The act, for an order that is the caller's."""
    return lambda order: act(order) if _is_the_callers(order) else OrderNotFound(order.order_id)

"""Makes a new order an exchange: looks at the old order, tells what its lines are worth, and opens it at check-out."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Protocol

from services.contracts.order_code_refusals import OrderCodeWrong
from services.orders.domain.buyer_policy import MOST_EXCHANGES, BuyerPolicy
from services.orders.domain.commands import OpenExchange
from services.orders.domain.exchange_refusals import ExchangeCurrencyDiffers
from services.orders.domain.exchange_rules import GivenUp, buyers_terms
from services.orders.domain.exchanges import Exchange, ExchangeStatus, ExchangeTerms
from services.orders.domain.exchanging import exchange_charges, refused_exchange, worth_minor
from services.orders.domain.order import Order, OrderState
from services.orders.domain.quote import Quote
from services.orders.domain.refunds import LineRef
from services.orders.domain.refusals import OrderNotFound
from services.orders.domain.request_refusals import LinesNotHeld, TicketsPassedOn
from services.orders.domain.steps import Timing
from services.orders.domain.valid_lines import valid_lines
from services.orders.handlers.acting import act_on
from services.orders.handlers.buyers_code import shown_by_buyer
from services.orders.handlers.order_making import MadeOrder, OrderMaker
from services.orders.handlers.order_request import ExchangeRequest, OrderRequest
from services.orders.handlers.reseating import kept_prices
from services.orders.ports import Catalogue, Changed, OrderRef, OrderStore
from services.orders.ports.order_door import OrderDoor
from services.runtime.call_context import current_buyer
from services.runtime.clock import Clock
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class QuotedExchange:
    """What a buyer would get for tickets of an order. `until_ms` 0: nobody says."""

    lines: tuple[LineRef, ...]
    currency: str
    worth_minor: int
    kept_minor: int
    until_ms: int


class PoliciesInForce(Protocol):
    """What of BuyerPolicies is read here."""

    async def in_force(
        self, house_id: str, performance_ids: Collection[str], at_ms: int | None = None
    ) -> Mapping[str, BuyerPolicy]:
        """See BuyerPolicies.in_force."""
        ...


class Exchanges:
    """Between two orders of a house. Nothing is locked before the new one is checked out: claim before charge."""

    def __init__(
        self,
        store: OrderStore,
        maker: OrderMaker,
        policies: PoliciesInForce,
        catalogue: Catalogue,
        door: OrderDoor,
        clock: Clock,
        timing: Timing,
    ) -> None:
        self._store = store
        self._maker = maker
        self._policies = policies
        self._catalogue = catalogue
        self._door = door
        self._clock = clock
        self._timing = timing

    async def make(self, request: OrderRequest) -> MadeOrder | Refusal:
        """An order of nobody yet; of an exchange, with what the lines that are given for it pay. Raises Unanswered."""
        if request.exchange is None:
            return await self._maker.make(request)
        old = await self._wanted(request.house_id, request.exchange)
        if isinstance(old, Refusal):
            return old
        terms = await self._terms(old, request.exchange)
        if isinstance(terms, Refusal):
            return terms
        kept = await self._kept(request, old, request.exchange)
        made = kept if isinstance(kept, Refusal) else await self._maker.make(request, kept)
        if isinstance(made, Refusal):
            return made
        order = self._paid_by(made.order, old, request.exchange, terms)
        # Whoever bought the old tickets buys the new ones.
        return order if isinstance(order, Refusal) else replace(made, order=replace(order, customer_id=old.customer_id))

    async def quote(self, ref: OrderRef, code: str, wanted: tuple[LineRef, ...]) -> QuotedExchange | Refusal:
        """What whoever shows a code would get for these lines; for none: for all that they have. Raises Unanswered."""
        shown = await shown_by_buyer(self._door, ref, code)
        if isinstance(shown, Refusal):
            return shown
        order = await self._store.get(ref)
        if order is None:
            return OrderNotFound(ref.order_id)
        held = set(shown.lines)
        lines = wanted or tuple(line for line in valid_lines(order) if line in held)
        if refused := refused_exchange(order, lines) or _not_held(order, lines, held):
            return refused
        given = await self._given(order, lines)
        terms = buyers_terms(order.order_id, await self._times(order), given, self._clock.now_ms())
        if isinstance(terms, Refusal):
            return terms
        worth = worth_minor(order, lines, terms)
        kept = worth_minor(order, lines, ExchangeTerms()) - worth
        ends = [one.until_ms for one in given.values() if one.until_ms]
        return QuotedExchange(lines, order.total.currency, worth, kept, min(ends, default=0))

    async def _wanted(self, house_id: str, asked: ExchangeRequest) -> Order | Refusal:
        """The old order, where these lines of it may be given for others now."""
        ref, theirs = OrderRef(house_id, asked.order_id), set[LineRef]()
        for code in asked.codes:
            # Each its own: the new tickets are of the session that asks, and who has one of four has not the others.
            shown = await shown_by_buyer(self._door, ref, code)
            if isinstance(shown, Refusal):
                return shown
            theirs.add(shown.own)
        old, buyer = await self._store.get(ref), current_buyer()
        if old is None or (buyer and not asked.codes and old.holder_id != buyer):
            return OrderNotFound(asked.order_id)
        refused = refused_exchange(old, asked.lines)
        if asked.codes:
            refused = refused or _not_held(old, asked.lines, theirs)
        elif buyer:
            refused = refused or await self._passed_on(old, asked.lines)
        return refused or old

    async def _passed_on(self, old: Order, lines: Sequence[LineRef]) -> Refusal | None:
        """Why the session that bought may not give these: what was passed on is another's.

        Its first code, which is all that is known of a ticket here, opens nothing then.
        """
        codes = {LineRef(part.performance_id, one.seat_id): one.barcode for part in old.parts for one in part.tickets}
        shown = await self._door.shown(old.house_id, old.order_id, codes.get(lines[0], ""))
        if isinstance(shown, Refusal) and not isinstance(shown, OrderCodeWrong):
            return shown
        if isinstance(shown, OrderCodeWrong) or shown.holder_id or not set(lines) <= set(shown.lines):
            return TicketsPassedOn(old.order_id)
        return None

    async def _kept(self, request: OrderRequest, old: Order, asked: ExchangeRequest) -> Quote | Refusal | None:
        """The prices that were paid, where they are kept. Raises Unanswered."""
        return await kept_prices(self._catalogue, request, old, asked.lines) if asked.keep_prices else None

    async def _terms(self, old: Order, asked: ExchangeRequest) -> ExchangeTerms | Refusal:
        """People of the house exchange as they see fit; a buyer, and whoever shows a code as one, as the house lets its
        buyers. Raises Unanswered."""
        if not (current_buyer() or asked.codes):
            return ExchangeTerms()
        given = await self._given(old, asked.lines)
        return buyers_terms(old.order_id, await self._times(old), given, self._clock.now_ms())

    async def _given(self, old: Order, lines: Collection[LineRef]) -> Mapping[str, GivenUp]:
        """The performances of the lines, with the rules of each."""
        named = sorted({line.performance_id for line in lines})
        policies = await self._policies.in_force(old.house_id, named)
        offers = await asyncio.gather(*(self._catalogue.offer(old.house_id, one) for one in named))
        return {
            one: GivenUp(one, policies[one].exchanges, offer.starts_at_ms if offer else 0)
            for one, offer in zip(named, offers, strict=True)
        }

    async def _times(self, order: Order) -> int:
        """How often tickets of the order, and of those that were exchanged for them, have been exchanged."""
        times = sum(one.status is ExchangeStatus.DONE for one in order.given)
        earlier: Order | None = order
        while earlier is not None and earlier.exchange is not None and times < MOST_EXCHANGES:
            times += 1
            earlier = await self._store.get(OrderRef(order.house_id, earlier.exchange.order_id))
        return times

    @staticmethod
    def _paid_by(order: Order, old: Order, asked: ExchangeRequest, terms: ExchangeTerms) -> Order | Refusal:
        """The new order, paid by what the lines of the old one are worth, as far as that goes."""
        if order.total.currency != old.total.currency:
            return ExchangeCurrencyDiffers(old.order_id, old.total.currency, order.total.currency)
        worth = worth_minor(old, asked.lines, terms)
        pays_minor = min(worth, order.total.amount_minor)
        exchange = Exchange(
            old.order_id, asked.lines, worth, pays_minor, old.payment_id, terms, keeps_prices=asked.keep_prices
        )
        order = replace(order, exchange=exchange)
        return replace(order, charges=exchange_charges(order))

    async def opened(self, order: Order) -> Refusal | None:
        """The old lines are this order's from now on, until it has ended; None: they are, or there are none.

        It may be repeated. Whatever happens next, the order's end frees them.
        """
        exchange = order.exchange
        if exchange is None or order.state is not OrderState.OPEN:
            return None
        command = OpenExchange(order.order_id, exchange.lines, exchange.value_minor, exchange.terms)
        act = act_on(command, self._clock, self._timing)
        changed = await self._store.change(OrderRef(order.house_id, exchange.order_id), act)
        if changed is None:
            return OrderNotFound(exchange.order_id)
        assert isinstance(changed, Changed | Refusal), "no key was given"
        return changed if isinstance(changed, Refusal) else None


def _not_held(order: Order, lines: Collection[LineRef], held: Set[LineRef]) -> LinesNotHeld | None:
    foreign = tuple(f"{line.performance_id} {line.seat_id}" for line in lines if line not in held)
    return LinesNotHeld(order.order_id, foreign) if foreign or not lines else None

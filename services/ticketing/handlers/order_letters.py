"""Writes the letter of a line of the ledger, out of what orders, customers and the catalogue say at this moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from services.contracts.languages import LANGUAGES
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.mail.letter import Attachment, LetterText
from services.runtime.seal import Seal
from services.ticketing.domain.delivery import OF_REQUESTS, Delivery, DeliveryKind
from services.ticketing.domain.paper_style import PaperStyle
from services.ticketing.domain.show import Show
from services.ticketing.domain.sold_order import (
    AskedBack,
    GivenVoucher,
    Reader,
    RefundWish,
    SoldLine,
    SoldOrder,
    Tax,
)
from services.ticketing.domain.ticket import Ticket, spoken_code
from services.ticketing.handlers.known_shows import KnownShows
from services.ticketing.handlers.sheets import performance_of, style_of
from services.ticketing.handlers.wallet_passes import WalletLinks
from services.ticketing.letters.facts import LetterSeat, LetterShow, OrderLetter
from services.ticketing.paper import documents as paper
from services.ticketing.ports.enclosures import Enclosure, Plan, SheetToDraw
from services.ticketing.ports.letter_paper import LetterPaper
from services.ticketing.ports.paper import LetterSheet, Sheet
from services.ticketing.ports.readers import Readers
from services.ticketing.ports.sold_orders import SoldOrders
from services.ticketing.ports.store import TicketingStore
from services.ticketing.ports.tickets import Tickets
from services.ticketing.ports.vouchers import Vouchers
from services.ticketing.wallet.apple_pass import BUNDLE_TYPE, PASS_TYPE

_Kind = DeliveryKind
# Letters that tell what was paid.
_PRICED: Final = frozenset({_Kind.CONFIRMATION, _Kind.AGAIN})
# Letters whose tickets let nobody in, by them.
_WITHOUT_TICKETS: Final = OF_REQUESTS | {_Kind.PASSED_ON, _Kind.CANCELLED}


@dataclass(frozen=True, slots=True)
class NotWritten:
    """There is nothing to send: why, for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class WrittenLetter:
    """Ready to leave."""

    to: str
    text: LetterText
    language: str
    attached: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class _Facts:
    """All that a letter is made of."""

    house_id: str
    line: Delivery
    order: SoldOrder
    reader: Reader
    tickets: Sequence[Ticket]
    shows: Mapping[str, Show]
    own: PaperStyle
    sold: Mapping[tuple[str, str], SoldLine]
    refund: AskedBack | None = None
    vouchers: tuple[GivenVoucher, ...] = ()

    @property
    def is_priced(self) -> bool:
        """What was paid is told to who has paid it."""
        return self.line.occasion.kind in _PRICED and not self.line.customer_id

    def sold_of(self, ticket: Ticket) -> SoldLine | None:
        """The order's line that the ticket is of."""
        return self.sold.get((ticket.performance_id, ticket.seat.seat_id))


@dataclass(frozen=True, slots=True)
class Told:
    """Those who know what a letter tells."""

    orders: SoldOrders
    readers: Readers
    shows: KnownShows
    vouchers: Vouchers


@dataclass(frozen=True, slots=True)
class Enclosures:
    """What goes with a letter: files, and links for wallets where the deployment offers them."""

    files: Sequence[Enclosure]
    links: WalletLinks | None = None


class OrderLetters:
    """Keeps nothing. What it asks for each letter is asked of those whom it belongs to."""

    def __init__(
        self,
        store: TicketingStore,
        told: Told,
        paper: LetterPaper,
        enclosures: Enclosures,
        seal: Seal,
        clock: Clock,
    ) -> None:
        self._store = store
        self._orders = told.orders
        self._readers = told.readers
        self._shows = told.shows
        self._vouchers = told.vouchers
        self._paper = paper
        self._enclosures = enclosures.files
        self._links = enclosures.links
        self._seal = seal
        self._clock = clock

    async def written(self, house_id: str, line: Delivery) -> WrittenLetter | NotWritten:
        """Raises NeighbourSilent, VoucherNotMade, PaperFailed, StoreUnavailable: later."""
        facts = await self._gathered(house_id, line)
        if isinstance(facts, NotWritten):
            return facts
        plan = await self._plan(facts)
        return await self._drawn(plan, facts)

    async def _gathered(self, house_id: str, line: Delivery) -> _Facts | NotWritten:
        about = await self._about(house_id, line)
        if isinstance(about, NotWritten):
            return about
        order, refund = about
        customer_id = line.customer_id or order.customer_id
        if not customer_id:
            return NotWritten("nobody has kept who bought")
        async with self._store.transaction(house_id) as transaction:
            tickets = await self._tickets(transaction.tickets, line, refund)
            own = (await transaction.paper_styles.get()).style
        if not tickets:
            return NotWritten("there are no tickets to send any more")
        reader = await self._readers.reader(house_id, customer_id)
        if isinstance(reader, Refusal):
            return NotWritten("the customer was erased")
        shows: dict[str, Show] = {}
        for performance_id in dict.fromkeys(one.performance_id for one in tickets):
            is_it = performance_id == line.occasion.performance_id
            show = await self._shows.show(
                house_id,
                performance_id,
                at_least_move=_move_of(line) if is_it else 0,
                is_cancelled=is_it and line.occasion.kind is _Kind.CANCELLED,
            )
            if isinstance(show, Refusal):
                return NotWritten("there is no such performance")
            shows[performance_id] = show
        if line.occasion.kind is _Kind.MOVED and shows[line.occasion.performance_id].move_number > _move_of(line):
            return NotWritten("it was moved again, and the later date is told")
        sold = {(one.performance_id, one.seat_id): one for one in order.lines}
        # Last of all, when it is certain that there is a letter to tell it in: a code is money.
        vouchers = await self._given(house_id, line, order, refund)
        return _Facts(house_id, line, order, reader, tickets, shows, own, sold, refund, vouchers)

    async def _given(
        self, house_id: str, line: Delivery, order: SoldOrder, refund: AskedBack | None
    ) -> tuple[GivenVoucher, ...]:
        """What was made for a buyer who has wished for a voucher."""
        if refund is None or line.occasion.kind is not _Kind.REFUND_GRANTED:
            return ()
        if refund.wish is not RefundWish.VOUCHER or not refund.refund_ids:
            return ()
        return await self._vouchers.made_by(house_id, order.payment_id, refund.refund_ids, is_owed=refund.is_owed)

    async def _about(self, house_id: str, line: Delivery) -> tuple[SoldOrder, AskedBack | None] | NotWritten:
        """The order, and the request where the letter is about one: that is told whatever became of the order."""
        order = await self._orders.order(house_id, line.occasion.order_id)
        if isinstance(order, Refusal):
            return NotWritten("there is no such order")
        if line.occasion.kind not in OF_REQUESTS:
            return (order, None) if order.is_confirmed else NotWritten("the order is not confirmed any more")
        refund = await self._orders.refund_request(house_id, line.occasion.name)
        return NotWritten("there is no such request") if isinstance(refund, Refusal) else (order, refund)

    @staticmethod
    async def _tickets(rows: Tickets, line: Delivery, refund: AskedBack | None) -> Sequence[Ticket]:
        """In the order of the performances and seats."""
        if refund is not None:
            # The last of each seat, whether it lets in or not.
            all_of_order = sorted(await rows.of_order(line.occasion.order_id), key=lambda one: one.issued_at_ms)
            by_seat = {(one.performance_id, one.seat.seat_id): one for one in all_of_order}
            found: Sequence[Ticket] = [by_seat[seat] for seat in refund.seats if seat in by_seat]
        elif line.ticket_ids:
            found = await rows.by_id(line.ticket_ids)
            is_past = line.occasion.kind is _Kind.PASSED_ON
            found = [one for one in found if is_past or one.is_valid]
        else:
            found = [
                one
                for one in await rows.valid_of_orders({line.occasion.order_id})
                if one.holder_id == line.customer_id and line.occasion.performance_id in {"", one.performance_id}
            ]
        return sorted(found, key=lambda one: (one.performance_id, one.seat.zone, one.seat.row, _number(one.seat.seat)))

    async def _plan(self, facts: _Facts) -> Plan:
        line, first = facts.line, next(iter(facts.shows.values()))
        spoken = facts.reader.language if facts.reader.language in LANGUAGES else first.language
        style = style_of(first, facts.own, spoken)
        names = {one.ticket_id: self._seal.opened(one.sealed_name).decode() for one in facts.tickets if one.sealed_name}
        tickets = () if line.occasion.kind in _WITHOUT_TICKETS else _paper_tickets(facts, names)
        urls = await self._links.of(style, tickets) if self._links is not None else []
        named = {ticket.qr_text: url for ticket, url in zip(tickets, urls, strict=False)}
        letter = _letter(facts, names, named, self._clock.now_ms())
        return Plan(facts.house_id, line, replace(letter, has_tickets=bool(tickets)), style, facts.own, tickets)

    async def _drawn(self, plan: Plan, facts: _Facts) -> WrittenLetter:
        """The letter and its files by one request."""
        files = [file for enclosure in self._enclosures for file in await enclosure.enclosed(plan)]
        has_calendar = any(file.content_type.startswith("text/calendar") for file in files)
        has_pass = any(file.content_type in {PASS_TYPE, BUNDLE_TYPE} for file in files)
        letter = replace(plan.letter, has_calendar=has_calendar, has_pass=has_pass)
        to_draw = [file for file in files if isinstance(file, SheetToDraw)]
        sheets: list[Sheet] = [LetterSheet(plan.style, letter), *(file.sheet for file in to_draw)]
        text, *drawn = await self._paper.drawn(sheets)
        contents = iter(drawn)
        attached = tuple(
            Attachment(file.file_name, file.content_type, next(contents)) if isinstance(file, SheetToDraw) else file
            for file in files
        )
        sealed = facts.line.sealed_email
        return WrittenLetter(
            self._seal.opened(sealed).decode() if sealed else facts.reader.email,
            msgspec.msgpack.decode(text, type=LetterText),
            plan.style.language,
            attached,
        )


def _move_of(line: Delivery) -> int:
    """Which move of the performance it tells of; 0: none."""
    return int(line.occasion.name) if line.occasion.kind is _Kind.MOVED else 0


def _number(seat: str) -> tuple[int, str]:
    """So that seat 9 stands before seat 10."""
    return (int(seat) if seat.isdecimal() else 0, seat)


def _place(ticket: Ticket) -> paper.Place:
    return paper.Place(ticket.seat.zone, ticket.seat.row, ticket.seat.seat)


def _letter(facts: _Facts, names: Mapping[str, str], urls: Mapping[str, str], now_ms: int) -> OrderLetter:
    mine = [sold for one in facts.tickets if (sold := facts.sold_of(one)) is not None]
    shows = tuple(
        _show(facts, show, names, urls)
        for show in sorted(facts.shows.values(), key=lambda one: (one.starts_at_ms, one.performance_id))
    )
    return OrderLetter(
        kind=facts.line.occasion.kind,
        order_number=facts.order.order_id,
        reader=facts.reader.name,
        shows=shows,
        written_at_ms=now_ms,
        total_minor=sum(one.price_minor for one in mine) if facts.is_priced else None,
        taxes=_taxes(mine) if facts.is_priced else (),
        is_copy=facts.line.unknown > 0,
        refund=facts.refund,
        vouchers=facts.vouchers,
    )


def _show(facts: _Facts, show: Show, names: Mapping[str, str], urls: Mapping[str, str]) -> LetterShow:
    is_moved = facts.line.occasion.kind is _Kind.MOVED
    tickets = [one for one in facts.tickets if one.performance_id == show.performance_id]

    def price(ticket: Ticket) -> int | None:
        sold = facts.sold_of(ticket) if facts.is_priced else None
        return sold.price_minor if sold is not None else None

    return LetterShow(
        performance=performance_of(show),
        address=show.hall_address,
        seats=tuple(
            LetterSeat(
                _place(one), one.seat.ticket_type, price(one), names.get(one.ticket_id, ""), urls.get(one.code, "")
            )
            for one in tickets
        ),
        uid=f"{show.performance_id}.{facts.order.order_id}@balcon",
        sequence=show.move_number + show.is_cancelled,
        ends_at_ms=show.ends_at_ms,
        was_at_ms=facts.line.occasion.was_at_ms if is_moved else 0,
        refund_until_ms=show.refund_until_ms if is_moved else 0,
        is_cancelled=show.is_cancelled,
    )


def _taxes(lines: Sequence[SoldLine]) -> tuple[Tax, ...]:
    sums: Counter[int] = Counter()
    for line in lines:
        for tax in line.taxes:
            sums[tax.rate_basis_points] += tax.amount_minor
    return tuple(Tax(rate, amount) for rate, amount in sorted(sums.items()))


def _paper_tickets(facts: _Facts, names: Mapping[str, str]) -> tuple[paper.Ticket, ...]:
    return tuple(
        paper.Ticket(
            code=spoken_code(one),
            qr_text=one.code,
            performance=performance_of(facts.shows[one.performance_id]),
            place=_place(one),
            ticket_type=one.seat.ticket_type,
            price_minor=sold.price_minor if (sold := facts.sold_of(one)) is not None else None,
            origin=paper.TicketOrigin.ORDER,
            origin_number=facts.order.order_id,
            conditions=facts.own.conditions,
            name=names.get(one.ticket_id) or facts.reader.name,
        )
        for one in facts.tickets
    )

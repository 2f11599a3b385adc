"""What stands in a letter, put into words: text and HTML are two dresses of the same view, and so say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from services.paper.house_style import HouseStyle
from services.paper.localised import clock_text, day_text, money_text, share_text, weekday_moment_text
from services.ticketing.domain.delivery import DeliveryKind
from services.ticketing.domain.sold_order import AskedBack, RefundWish
from services.ticketing.letters import words_de, words_en, words_nb, words_nl
from services.ticketing.letters.facts import LetterSeat, LetterShow, OrderLetter
from services.ticketing.letters.words import LetterWords
from services.ticketing.paper.spoken import place_text, ticket_type_text

WORDS: Final[Mapping[str, LetterWords]] = {
    "en": words_en.LETTER,
    "nl": words_nl.LETTER,
    "de": words_de.LETTER,
    "nb": words_nb.LETTER,
}


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A seat as people find it, its kind of ticket, what it costs ('': not said), for whom, its wallet link."""

    place: str
    kind: str
    price: str
    name: str
    wallet_url: str


@dataclass(frozen=True, slots=True)
class ShowCard:
    """A performance. `facts` are label and value, in the order in which people ask."""

    title: str
    subtitle: str
    flag: str
    facts: tuple[tuple[str, str], ...]
    seats: tuple[SeatRow, ...]


@dataclass(frozen=True, slots=True)
class LetterView:
    """All of it. `sums` are label and amount; the first is the total."""

    language: str
    subject: str
    heading: str
    greeting: str
    intro: str
    order: tuple[str, str]
    cards: tuple[ShowCard, ...]
    sums: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    footer: tuple[str, ...]
    words: LetterWords
    # What the house says in its own words, line by line, below what it is called.
    said: tuple[str, tuple[str, ...]] | None = None


def view_of(letter: OrderLetter, style: HouseStyle) -> LetterView:
    """A subject is one line, whatever a show is called."""
    words = WORDS[style.language]
    kind = words.kinds[letter.kind]
    facts = {"title": _titles(letter, words), "house": style.house_name, "number": letter.order_number}
    return LetterView(
        language=style.language,
        subject=" ".join(kind.subject.format(**facts).split()),
        heading=kind.heading,
        greeting=words.greeting.format(letter.reader) if letter.reader else words.greeting_nobody,
        intro=kind.intro.format(**facts),
        order=(words.order, letter.order_number),
        cards=tuple(_card(show, words, style) for show in letter.shows),
        sums=tuple(_sums(letter, words, style)),
        notes=tuple(_notes(letter, words, style)),
        footer=(style.house_name, *style.address_lines, words.automatic.format(house=style.house_name)),
        words=words,
        said=_said(letter, words, style),
    )


def _said(letter: OrderLetter, words: LetterWords, style: HouseStyle) -> tuple[str, tuple[str, ...]] | None:
    if letter.kind is not DeliveryKind.REFUND_DECLINED or letter.refund is None or not letter.refund.reason:
        return None
    return words.refund_reason.format(house=style.house_name), tuple(letter.refund.reason.splitlines())


def _titles(letter: OrderLetter, words: LetterWords) -> str:
    first, *more = dict.fromkeys(show.performance.title for show in letter.shows)
    return words.and_more.format(title=first, count=len(more)) if more else first


def _card(show: LetterShow, words: LetterWords, style: HouseStyle) -> ShowCard:
    return ShowCard(
        title=show.performance.title,
        subtitle=show.performance.subtitle,
        flag=words.cancelled if show.is_cancelled else "",
        facts=tuple(_facts(show, words, style)),
        seats=tuple(_seat(seat, words, style) for seat in show.seats),
    )


def _facts(show: LetterShow, words: LetterWords, style: HouseStyle) -> Iterator[tuple[str, str]]:
    at, zone, language = show.performance, style.time_zone, style.language
    begins = f"{day_text(at.starts_at_ms, zone, language)}, {clock_text(at.starts_at_ms, zone, language)}"
    yield words.when, begins
    if show.was_at_ms:
        yield words.was, f"{day_text(show.was_at_ms, zone, language)}, {clock_text(show.was_at_ms, zone, language)}"
    if at.doors_at_ms is not None and not show.is_cancelled:
        yield words.doors, clock_text(at.doors_at_ms, zone, language)
    yield words.where, ", ".join((at.hall, *show.address))


def _seat(seat: LetterSeat, words: LetterWords, style: HouseStyle) -> SeatRow:
    price = seat.price_minor
    return SeatRow(
        place_text(seat.place, style.language),
        ticket_type_text(seat.ticket_type, style.language),
        "" if price is None else money_text(price, style.currency, style.language),
        words.for_name.format(seat.name) if seat.name else "",
        seat.wallet_url,
    )


def _sums(letter: OrderLetter, words: LetterWords, style: HouseStyle) -> Iterator[tuple[str, str]]:
    if letter.refund is not None and letter.kind is DeliveryKind.REFUND_GRANTED and letter.refund.back_minor:
        yield words.refund_back, money_text(letter.refund.back_minor, style.currency, style.language)
    for voucher in letter.vouchers:
        yield words.voucher.format(money_text(voucher.balance_minor, style.currency, style.language)), voucher.code
    if letter.total_minor is None:
        return
    yield words.total, money_text(letter.total_minor, style.currency, style.language)
    for tax in letter.taxes:
        rate = share_text(tax.rate_basis_points, style.language)
        yield words.vat.format(rate=rate), money_text(tax.amount_minor, style.currency, style.language)


def _notes(letter: OrderLetter, words: LetterWords, style: HouseStyle) -> Iterator[str]:
    if letter.is_copy:
        yield words.is_copy
    if letter.has_tickets:
        yield words.tickets_attached
    if letter.has_pass:
        yield words.wallet_card_attached
    if letter.has_calendar:
        yield words.calendar_removed if all(show.is_cancelled for show in letter.shows) else words.calendar_attached
    for until in sorted({show.refund_until_ms for show in letter.shows} - {0}):
        told = weekday_moment_text(until, style.time_zone, style.language)
        yield words.refund_until.format(house=style.house_name, until=told)
    if letter.refund is not None and letter.kind is DeliveryKind.REFUND_GRANTED:
        yield from (text.format(house=style.house_name) for text in _ways_back(letter, letter.refund, words))
    if letter.total_minor and not letter.taxes:
        yield words.no_vat


def _ways_back(letter: OrderLetter, refund: AskedBack, words: LetterWords) -> Iterator[str]:
    match refund.wish:
        case RefundWish.MONEY:
            yield words.refund_as_money
        case RefundWish.VOUCHER:
            if letter.vouchers:
                yield words.refund_as_voucher
            if sum(one.balance_minor for one in letter.vouchers) < refund.back_minor:
                yield words.refund_to_voucher
        case RefundWish.NOTHING:
            yield words.refund_as_gift
        case _:
            assert_never(refund.wish)

"""Letters to buyers out of plain values: both dresses say the same, nothing in them is markup, dates move by UID."""

from __future__ import annotations

import dataclasses
import re
from html import unescape

import icalendar
import pytest

from services.contracts.languages import LANGUAGES
from services.paper.house_style import HouseStyle
from services.paper.localised import money_text
from services.ticketing.domain.delivery import OF_REQUESTS, DeliveryKind
from services.ticketing.domain.sold_order import AskedBack, GivenVoucher, RefundWish, Tax
from services.ticketing.letters.calendar_file import written_calendar
from services.ticketing.letters.facts import LetterSeat, LetterShow, OrderLetter
from services.ticketing.letters.order_letter import ink_on, written_letter
from services.ticketing.letters.view import WORDS
from services.ticketing.paper.documents import Performance, Place
from tests.unit.paper.style_samples import logo

_STARTS = 1_797_098_400_000


def a_style(language: str = "en") -> HouseStyle:
    return HouseStyle("Schouwburg\r\nBcc: x@y.example", language, "Europe/Amsterdam", "EUR", ("Neude 11", "Utrecht"))


def a_letter(kind: DeliveryKind = DeliveryKind.CONFIRMATION) -> OrderLetter:
    show = LetterShow(
        Performance("Hamlet <script>", _STARTS, "Grote Zaal", "Prince & co", _STARTS - 3_600_000),
        ("Neude 11", "Utrecht"),
        (LetterSeat(Place("Balkon", "3", "12"), "normal", 3_450, "Zoë"), LetterSeat(Place("Floor"), "Under 18", 1_750)),
        "perf_1.ord_1@balcon",
        was_at_ms=_STARTS - 86_400_000 if kind is DeliveryKind.MOVED else 0,
        refund_until_ms=_STARTS - 3_600_000 if kind is DeliveryKind.MOVED else 0,
    )
    letter = OrderLetter(kind, "ord_1", "<b>Ada</b>", (show,), _STARTS - 1, 5_200, (Tax(900, 429),), is_copy=True)
    if kind not in OF_REQUESTS:
        return letter
    refund = AskedBack((("perf_1", "A-1"),), RefundWish.MONEY, 4_950, "Sold <out>,\nand so we cannot.")
    return dataclasses.replace(letter, refund=refund, total_minor=None, taxes=(), has_tickets=False, has_calendar=False)


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def seen_of(html: str) -> str:
    """What a reader of the HTML sees."""
    return unescape(re.sub("<[^>]+>", " ", html[html.index("<body") :]))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", DeliveryKind)
def test_text_and_html_say_the_same_in_every_language(language: str, kind: DeliveryKind) -> None:
    written = written_letter(a_letter(kind), a_style(language))
    in_text, in_html, words = words_of(written.body), words_of(seen_of(written.html)), WORDS[language]
    assert in_text - in_html == set()
    # Of the HTML alone: its heading, and what stands above the columns of a table.
    assert in_html - in_text <= words_of(f"{words.kinds[kind].heading} {words.kind} {words.price}")
    assert "{" not in written.subject + written.body


def test_nothing_that_somebody_typed_is_markup_or_a_header() -> None:
    written = written_letter(a_letter(), a_style())
    assert "<script>" not in written.html
    assert "<b>Ada" not in written.html
    assert "\n" not in written.subject
    assert "Hamlet <script>" in written.body


def test_every_language_has_words_for_every_kind() -> None:
    assert [set(WORDS[language].kinds) for language in LANGUAGES] == [set(DeliveryKind)] * len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_about_a_request_tells_what_comes_back_and_how_or_why_not(language: str) -> None:
    style, words = a_style(language), WORDS[language]
    granted = a_letter(DeliveryKind.REFUND_GRANTED)
    assert granted.refund is not None
    for wish, said in (
        (RefundWish.MONEY, words.refund_as_money),
        (RefundWish.VOUCHER, words.refund_to_voucher),
        (RefundWish.NOTHING, words.refund_as_gift),
    ):
        back_minor = 0 if wish is RefundWish.NOTHING else 4_950
        refund = dataclasses.replace(granted.refund, wish=wish, back_minor=back_minor)
        body = written_letter(dataclasses.replace(granted, refund=refund), style).body
        assert said.format(house=style.house_name) in body
        assert (words.refund_back in body) == (back_minor > 0)
    declined = written_letter(a_letter(DeliveryKind.REFUND_DECLINED), style)
    assert f"{words.refund_reason.format(house=style.house_name)}\nSold <out>,\nand so we cannot." in declined.body
    assert "Sold &lt;out&gt;,<br>and so" in declined.html
    assert words.refund_back not in declined.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_voucher_instead_of_money_is_told_with_its_code_and_what_is_on_it(language: str) -> None:
    style, words = a_style(language), WORDS[language]
    letter = a_letter(DeliveryKind.REFUND_GRANTED)
    assert letter.refund is not None
    refund = dataclasses.replace(letter.refund, wish=RefundWish.VOUCHER)
    for balance, is_rest_elsewhere in ((4_950, False), (4_000, True)):
        given = (GivenVoucher("7KQ2-M4XW-9RTB-3HVN", balance),)
        written = written_letter(dataclasses.replace(letter, refund=refund, vouchers=given), style)
        assert words_of(written.body) - words_of(seen_of(written.html)) == set()
        [line] = [one for one in written.body.splitlines() if "7KQ2-M4XW-9RTB-3HVN" in one]
        assert words_of(money_text(balance, "EUR", language)) <= words_of(line)
        assert words.refund_as_voucher.format(house=style.house_name) in written.body
        assert (words.refund_to_voucher in written.body) == is_rest_elsewhere
        assert "7KQ2" not in written.subject + repr(given)


def test_a_logo_travels_with_the_letter_and_is_small() -> None:
    written = written_letter(a_letter(), dataclasses.replace(a_style(), logo=logo(2_000, 500)))
    [image] = written.images
    assert f"cid:{image.name}" in written.html
    assert len(image.content) < 20_000


@pytest.mark.parametrize(("ground", "ink"), [("#FFFFFF", "#1b1e24"), ("#1F2A44", "#ffffff"), ("#FFE680", "#1b1e24")])
def test_what_stands_on_the_houses_colour_can_be_read(ground: str, ink: str) -> None:
    assert ink_on(ground) == ink


def test_r2_10_a_calendar_entry_keeps_its_uid_and_a_cancelled_one_goes() -> None:
    letter = a_letter()
    later = dataclasses.replace(letter, shows=(dataclasses.replace(letter.shows[0], sequence=2, is_cancelled=True),))
    first, second = (icalendar.Calendar.from_ical(written_calendar(one, a_style()).decode()) for one in (letter, later))
    [before], [after] = first.walk("VEVENT"), second.walk("VEVENT")
    assert before["uid"] == after["uid"]
    assert (str(first["method"]), str(second["method"])) == ("PUBLISH", "CANCEL")
    assert (before["sequence"], after["sequence"]) == (0, 2)
    assert (len(before.walk("VALARM")), len(after.walk("VALARM"))) == (1, 0)
    assert before["dtstart"].to_ical() == b"20261212T180000Z"

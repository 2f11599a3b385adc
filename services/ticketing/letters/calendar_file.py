"""The calendar file of a letter (RFC 5545): one event a performance, which a later letter's file changes by its UID."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Alarm, Calendar, Event

from services.paper.house_style import HouseStyle
from services.ticketing.letters.facts import LetterShow, OrderLetter
from services.ticketing.letters.view import WORDS
from services.ticketing.paper.spoken import place_text

CONTENT_TYPE: Final = "text/calendar; method=PUBLISH; charset=utf-8"
CANCEL_TYPE: Final = "text/calendar; method=CANCEL; charset=utf-8"
# Where nobody said when it is over: a calendar shows an hour or two, not a moment.
_USUAL: Final = timedelta(hours=2)
_REMIND_BEFORE: Final = timedelta(hours=3)


def is_cancel(letter: OrderLetter) -> bool:
    """Whether its file takes events out of calendars: all of them are cancelled."""
    return all(show.is_cancelled for show in letter.shows)


def written_calendar(letter: OrderLetter, style: HouseStyle) -> bytes:
    """Times are instants, so that daylight saving and travels change nothing."""
    calendar = Calendar()
    calendar.add("prodid", "-//Balcon//Tickets//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if is_cancel(letter) else "PUBLISH")
    for show in letter.shows:
        calendar.add_component(_event(show, letter, style))
    written: bytes = calendar.to_ical()
    return written


def _event(show: LetterShow, letter: OrderLetter, style: HouseStyle) -> Event:
    words, begins = WORDS[style.language], _instant(show.performance.starts_at_ms)
    event = Event()
    event.add("uid", show.uid)
    event.add("sequence", show.sequence)
    event.add("dtstamp", _instant(letter.written_at_ms))
    event.add("dtstart", begins)
    event.add("dtend", begins + _USUAL if show.ends_at_ms is None else _instant(show.ends_at_ms))
    event.add("summary", show.performance.title)
    event.add("location", ", ".join((show.performance.hall, *show.address)))
    seats = [place_text(seat.place, style.language) for seat in show.seats]
    order = words.calendar_order.format(letter.order_number)
    event.add("description", "\n".join((style.house_name, order, *seats)))
    event.add("status", "CANCELLED" if show.is_cancelled else "CONFIRMED")
    event.add("transp", "OPAQUE")
    if not show.is_cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", show.performance.title)
        alarm.add("trigger", -_REMIND_BEFORE)
        event.add_component(alarm)
    return event


def _instant(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC)

"""What buyers get (R2.6): one letter an order, with tickets and dates, over real gRPC, PostgreSQL and SMTP."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from html import unescape
from typing import Any

import icalendar
import pytest

from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import DatabaseUrl
from services.ticketing.adapters.postgres_ticketing import PostgresTicketing
from services.ticketing.domain.delivery import begun
from services.ticketing.ports.deliveries import WrittenLine
from tests.doubles.mail_server import MailServer, serving_mail
from tests.integration.ticketing.letter_neighbours import ADA, an_order
from tests.integration.ticketing.letter_stage import Post, posting
from tests.integration.ticketing.neighbours import SEATS, STARTS_MS
from tests.integration.ticketing.stage import HOUSE, IDS, SHOW


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with serving_mail() as server:
        yield server


@pytest.fixture
async def post(database_url: DatabaseUrl, mail: MailServer, clock: ShiftedClock) -> AsyncIterator[Post]:
    async with posting(database_url("ticketing"), database_url(), mail, clock) as running:
        yield running


def part(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def files(letter: EmailMessage) -> dict[str, object]:
    return {str(one.get_content_type()): one.get_content() for one in letter.iter_attachments()}


def events(letter: EmailMessage) -> list[Any]:
    calendar = icalendar.Calendar.from_ical(str(files(letter)["text/calendar"]))
    return list(calendar.walk("VEVENT"))


async def test_r2_6_an_order_of_two_performances_is_one_letter_in_the_buyers_language(post: Post) -> None:
    post.people.orders.known["ord_2"] = an_order("ord_2", *SEATS[:2], performances=(SHOW, "perf_2"))
    await post.bought("ord_2", performances=(SHOW, "perf_2"))
    assert await post.ended() == [("CONFIRMATION", "SENT")]
    [letter] = post.letters()
    assert letter["Subject"] == "Ihre Karten für Hamlet"
    assert letter["From"].addresses[0].display_name == "Schouwburg"
    text, html = part(letter, "plain"), unescape(part(letter, "html"))
    for told in ("ord_2", "Ada Lovelace", "Reihe 1", "25,00\xa0€", "100,00\xa0€", "8,24\xa0€", "17. März 2030"):
        assert told in text, told
        assert told in html, told
    assert str(files(letter)["application/pdf"])[2:7] == "%PDF-"
    assert [str(event["uid"]) for event in events(letter)] == ["perf_1.ord_2@balcon", "perf_2.ord_2@balcon"]
    assert "List-Unsubscribe" not in letter


async def test_whoever_exchanged_tickets_is_told_that_they_have_changed_and_gets_the_new_ones(post: Post) -> None:
    await post.ticketing.issued("ord_1", *SEATS[:2])
    await post.tell_confirmed("ord_1", exchange_of="ord_0")
    assert await post.ended() == [("CHANGED", "SENT")]
    [letter] = post.letters()
    assert letter["Subject"] == "Geändert: Ihre Karten für Hamlet"
    assert str(files(letter)["application/pdf"])[2:7] == "%PDF-"


async def test_the_same_news_again_is_no_second_letter(post: Post) -> None:
    await post.bought()
    await post.ended()
    await post.tell_confirmed("ord_1")
    await post.tell_confirmed("ord_other")
    # The second order is one that nobody knows: it ends, and by then the first one's copy has been passed by.
    assert await post.ended(2) == [("CONFIRMATION", "SENT"), ("CONFIRMATION", "STOPPED")]
    assert len(post.letters()) == 1


async def test_a_line_that_drops_after_the_letter_left_is_one_more_marked_copy_and_no_third(
    post: Post, clock: ShiftedClock
) -> None:
    post.mail.drops = 2
    await post.bought()

    async def is_uncertain() -> None:
        assert await post.ticketing.rows("SELECT state, unknown FROM deliveries") == [("DUE", 1)]

    await eventually(is_uncertain)
    clock.forward(seconds=11)
    assert await post.ended() == [("CONFIRMATION", "UNKNOWN")]
    first, second = post.letters()
    assert first["Message-ID"] == second["Message-ID"]
    assert [one["X-Balcon-Copy"] for one in (first, second)] == [None, "2"]
    assert "schon erhalten" in part(second, "plain")
    assert "schon erhalten" not in part(first, "plain")


async def test_an_address_that_is_refused_is_seen_by_staff(post: Post) -> None:
    post.mail.refused.add(ADA.email)
    await post.bought()
    assert await post.ended() == [("CONFIRMATION", "REFUSED")]
    [(reason,)] = await post.ticketing.rows("SELECT reason FROM deliveries")
    assert reason == "the mail server refuses the address (550)"


async def test_r2_10_of_a_move_buyers_are_told_once_and_the_calendar_entry_moves(post: Post) -> None:
    await post.bought()
    await post.ended()
    moved_ms = STARTS_MS + 7 * 86_400_000
    await post.tell_moved(1, moved_ms)
    assert await post.ended(2) == [("CONFIRMATION", "SENT"), ("MOVED", "SENT")]
    confirmed, moved = post.letters()
    assert moved["Subject"] == "Neuer Termin: Hamlet"
    assert "24. März 2030" in part(moved, "plain")
    assert "17. März 2030" in part(moved, "plain")
    [before], [after] = events(confirmed), events(moved)
    assert before["uid"] == after["uid"]
    assert (before["sequence"], after["sequence"]) == (0, 1)
    assert int(after["dtstart"].dt.timestamp() * 1000) == moved_ms
    assert "application/pdf" in files(moved)


async def test_r2_10_of_a_cancelled_performance_buyers_are_told_once(post: Post) -> None:
    await post.bought()
    await post.ended()
    await post.tell_cancelled()
    assert await post.ended(2) == [("CONFIRMATION", "SENT"), ("CANCELLED", "SENT")]
    [event] = events(post.letters()[1])
    assert event["status"] == "CANCELLED"
    assert "application/pdf" not in files(post.letters()[1])


async def test_news_that_is_old_when_it_is_heard_waits_for_staff_and_history_for_nobody(
    post: Post, clock: ShiftedClock
) -> None:
    day_ms = 86_400_000
    await post.tell_confirmed("ord_1", confirmed_at_ms=clock.now_ms() - 4 * day_ms)
    await post.tell_confirmed("ord_2", confirmed_at_ms=clock.now_ms() - 31 * day_ms)
    await post.bought("ord_3", SEATS[5])
    # Of two that were planned in one moment nobody says which was first.
    assert sorted(await post.ended(2)) == [("CONFIRMATION", "SKIPPED"), ("CONFIRMATION", "STOPPED")]
    assert post.letters() == []


async def test_who_was_erased_gets_nothing_and_keeps_nobody_waiting(post: Post) -> None:
    del post.people.customers.known["cus_ada"]
    await post.bought()
    assert await post.ended() == [("CONFIRMATION", "STOPPED")]


async def test_while_the_mail_server_is_away_nothing_is_lost_and_all_leave_when_it_is_back(
    post: Post, clock: ShiftedClock
) -> None:
    post.mail.is_away = True
    for number, seat in enumerate(SEATS[:3]):
        post.people.orders.known[f"ord_{number}"] = an_order(f"ord_{number}", seat)
        await post.bought(f"ord_{number}", seat)

    async def have_been_tried() -> None:
        tried = "SELECT count(*) FROM deliveries WHERE state = 'DUE' AND attempts > 0 AND unknown = 0"
        assert await post.ticketing.rows(tried) == [(3,)]

    await eventually(have_been_tried, 30.0)
    post.mail.is_away = False
    clock.forward(hours=1)
    assert await post.ended(3) == [("CONFIRMATION", "SENT")] * 3
    assert set(post.mail.copies().values()) == {1}


async def test_a_process_that_died_as_a_letter_left_leaves_one_more_marked_copy(
    post: Post, clock: ShiftedClock
) -> None:
    post.mail.is_away = True
    await post.bought()

    async def was_tried() -> None:
        assert await post.ticketing.rows("SELECT state FROM deliveries WHERE attempts = 1") == [("DUE",)]

    await eventually(was_tried)
    # As kill -9 leaves it: the line says that a letter is about to leave, and nobody says what became of it.
    await post.ticketing.damage("UPDATE deliveries SET state = 'SENDING'")
    post.mail.is_away = False
    clock.forward(seconds=300)
    assert await post.ended() == [("CONFIRMATION", "SENT")]
    [letter] = post.letters()
    assert letter["X-Balcon-Copy"] == "2"


async def test_who_has_lost_the_line_to_another_process_sends_nothing(post: Post, clock: ShiftedClock) -> None:
    """Whoever stood still finds that its line has gone on: the ledger takes a line only as it was seen."""
    post.mail.is_away = True
    await post.bought()
    [(delivery_id,)] = await eventually_rows(post, "SELECT delivery_id FROM deliveries WHERE attempts = 1")
    store = PostgresTicketing(post.ticketing.service.sql(), clock=clock, ids=IDS, wake=lambda: None)
    async with store.transaction(HOUSE) as transaction:
        [seen] = await transaction.deliveries.page(None, 2, "", ())
        stale = dataclasses.replace(seen, attempts=seen.attempts - 1)
        written = [await transaction.deliveries.write([WrittenLine(begun(one), one)]) for one in (stale, seen, seen)]
        await transaction.commit()
    assert written == [set(), {delivery_id}, set()]


async def eventually_rows(post: Post, sql: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []

    async def are_there() -> None:
        found[:] = await post.ticketing.rows(sql)
        assert found

    await eventually(are_there)
    return found

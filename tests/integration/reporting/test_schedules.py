"""Scheduled reports over real PostgreSQL and SMTP (R3.10, R3.2): to whom, when, what is in them, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from services.reporting.domain.report_run import RunOutcome, SendState
from services.reporting.domain.report_schedule import ReportSchedule, ScheduleState
from services.reporting.domain.schedule_refusals import PromoterNotOurs
from services.reporting.handlers.report_sending import RunUnfinished
from services.reporting.handlers.saved_reports import ReportWish
from services.reporting.handlers.schedules import ScheduleWish
from services.reporting.handlers.stop_links import StopLink
from services.runtime.errors import FieldInvalid, StoreUnavailable
from tests.doubles.mail_server import MailServer
from tests.integration.reporting.schedule_stage import (
    ANNA,
    BEN,
    HOUSE,
    LINKS,
    MONDAY,
    PROMOTER,
    THURSDAY,
    WEDNESDAY,
    Stage,
    asked,
    ms,
)

_GONE = "DELETE FROM procrastinate_jobs"


def attached(letter: Any) -> str:
    [file] = letter.iter_attachments()
    return str(file.get_content())


async def test_r3_10_granted_on_wednesday_is_in_thursdays_report_and_withdrawn_is_not(
    stage: Stage, mail: MailServer
) -> None:
    """Monday and Thursday at 07:30: one schedule covers what the promoter may see when it is sent."""
    await stage.scheduled(ANNA, promoter_id=PROMOTER)
    stage.accounts.grant("perf_1")
    await stage.at(MONDAY)
    stage.clock.at_ms = ms(WEDNESDAY)
    stage.accounts.grant("perf_2", house_id="hse_3")
    await stage.at(THURSDAY)
    stage.accounts.granted.clear()
    await stage.at("2026-12-07T07:30+01:00")
    assert [attached(letter).splitlines() for letter in mail.to(ANNA)] == [
        ["hse_2: perf_1"],
        ["hse_2: perf_1", "hse_3: perf_2"],
        [],
    ]
    assert stage.files.made_for == [True] * 3


async def test_r3_1_by_its_promoters_report_a_house_hears_nothing_of_what_other_houses_grant(
    stage: Stage, mail: MailServer
) -> None:
    """The house lists whom it likes, itself too; what others grant goes to the promoter's own address."""
    await stage.scheduled(ANNA, "office@schouwburg.example", promoter_id=PROMOTER)
    stage.accounts.grant("perf_1", house_id=HOUSE)
    stage.accounts.grant("perf_9", house_id="hse_2")
    await stage.at(MONDAY)
    assert attached(mail.to(ANNA)[0]).splitlines() == ["hse_1: perf_1", "hse_2: perf_9"]
    assert attached(mail.to("office@schouwburg.example")[0]).splitlines() == ["hse_1: perf_1"]


async def test_r3_10_a_houses_own_schedule_is_changed_at_any_moment(stage: Stage, mail: MailServer) -> None:
    schedule = await stage.scheduled(ANNA)
    await stage.at(MONDAY)
    wish = ScheduleWish((2,), ("18:00",), (BEN,), "office@schouwburg.example", is_paused=False)
    named = ("weekdays", "local_times", "receivers")
    changed = await stage.schedules.update(HOUSE, schedule.schedule_id, '"1"', wish, named)
    assert isinstance(changed, ReportSchedule)
    assert changed.next_due_ms == ms("2026-12-01T18:00+01:00")
    await stage.at(THURSDAY)
    assert [(letter["To"], attached(letter)) for letter in mail.letters] == [(ANNA, "hse_1: all"), (BEN, "hse_1: all")]


async def test_r3_2_only_the_house_that_made_a_promoter_keeps_its_reports(stage: Stage) -> None:
    wish = ReportWish("Sales", b"", "en", ("CSV",))
    assert isinstance(await stage.reports.create(asked(), HOUSE, PROMOTER, wish), bytes)
    refused = await stage.reports.create(asked(), "hse_2", PROMOTER, wish)
    assert refused == PromoterNotOurs(PROMOTER)


async def test_one_dead_address_is_no_failure_of_the_others(stage: Stage, mail: MailServer) -> None:
    schedule = await stage.scheduled(ANNA, BEN)
    mail.refused = {BEN}
    await stage.at(MONDAY)
    [run] = await stage.runs()
    assert run.outcome is RunOutcome.SENT
    assert sorted((line.state.value, line.reason) for line in run.lines) == [
        ("FAILED", "the mail server refuses it (550)"),
        ("SENT", ""),
    ]
    assert (await stage.schedule(schedule.schedule_id)).failures_in_row == 0


async def test_after_five_failures_in_a_row_it_stops_tells_the_house_and_goes_on_by_hand(
    stage: Stage, mail: MailServer
) -> None:
    schedule = await stage.scheduled(ANNA, days=range(1, 8))
    mail.refused = {ANNA}
    for day in range(5):
        await stage.at(f"2026-12-0{day + 1}T07:30+01:00")
    stopped = await stage.schedule(schedule.schedule_id)
    assert (stopped.state, stopped.failures_in_row) == (ScheduleState.STOPPED, 5)
    await stage.at("2026-12-06T07:30+01:00")
    assert len(await stage.runs()) == 6  # with that of 30 November, which was missed
    await stage.tell_stopped()
    [notice] = mail.to("office@schouwburg.example")
    assert "“Sales”" in notice["Subject"]
    body = notice.get_body()
    assert body is not None
    assert "(550)" in body.get_content()
    assert any("schedule.stopped" in act for act in await stage.acts())
    mail.refused.clear()
    going = await stage.schedules.restart(HOUSE, schedule.schedule_id)
    assert isinstance(going, ReportSchedule)
    assert (going.state, going.failures_in_row) == (ScheduleState.ACTIVE, 0)
    await stage.at("2026-12-07T07:30+01:00")
    assert len(mail.to(ANNA)) == 1


async def test_a_success_between_failures_begins_the_count_anew(stage: Stage, mail: MailServer) -> None:
    schedule = await stage.scheduled(ANNA, days=range(1, 8))
    for day in range(8):
        mail.refused = set() if day == 4 else {ANNA}
        await stage.at(f"2026-12-0{day + 1}T07:30+01:00")
    going = await stage.schedule(schedule.schedule_id)
    assert (going.state, going.failures_in_row) == (ScheduleState.ACTIVE, 3)


async def test_what_was_missed_while_away_is_sent_once_the_latest_and_the_rest_is_said(
    stage: Stage, mail: MailServer
) -> None:
    await stage.scheduled(ANNA)
    await stage.at("2026-12-08T09:00+01:00")
    assert [(run.due_at_ms, run.outcome) for run in await stage.runs()] == [
        (ms(MONDAY), RunOutcome.SKIPPED),
        (ms(THURSDAY), RunOutcome.SKIPPED),
        (ms("2026-12-07T07:30+01:00"), RunOutcome.SENT),
    ]
    assert len(mail.to(ANNA)) == 1
    # Yesterday is the day before that moment, not before the mail.
    assert stage.files.as_of_ms == [ms("2026-12-07T07:30+01:00")]
    assert "7 Dec 2026, 07:30" in str(mail.letters[0]["Subject"])


async def test_a_house_that_moves_to_another_zone_gets_it_at_its_new_time(stage: Stage, mail: MailServer) -> None:
    await stage.scheduled(ANNA)
    stage.accounts.zone = "America/New_York"
    await stage.at(MONDAY)
    assert not await stage.runs()
    await stage.at("2026-11-30T07:30-05:00")
    assert len(mail.to(ANNA)) == 1


async def test_a_server_that_is_away_isasked_again_until_it_is_given_up(stage: Stage, mail: MailServer) -> None:
    await stage.scheduled(ANNA)
    mail.is_away = True
    with pytest.raises(RunUnfinished):
        await stage.at(MONDAY)
    stage.clock.at_ms += 6 * 3_600_000
    await stage.send()
    [run] = await stage.runs()
    assert (run.outcome, run.lines[0].state) == (RunOutcome.FAILED, SendState.FAILED)
    assert run.lines[0].reason == "the mail server did not take it"
    assert not mail.letters


async def test_a_report_that_cannot_be_made_now_is_made_later_and_one_that_never_can_is_a_failure(
    stage: Stage, mail: MailServer
) -> None:
    await stage.scheduled(ANNA)
    stage.files.fails = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        await stage.at(MONDAY)
    stage.files.fails = FieldInvalid("rows", "are too many", "some")
    await stage.send()
    [run] = await stage.runs()
    assert (run.outcome, run.lines[0].reason) == (RunOutcome.FAILED, "FIELD_INVALID")
    assert not mail.letters


async def test_a_receiver_stops_it_by_the_link_in_the_mail_for_good_and_nobody_else_can(
    stage: Stage, mail: MailServer
) -> None:
    schedule = await stage.scheduled(ANNA, BEN)
    await stage.at(MONDAY)
    [letter] = mail.to(ANNA)
    url = str(letter["List-Unsubscribe"]).strip("<>")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    body = letter.get_body()
    assert body is not None
    assert url in body.get_content().replace("\n", "")
    link = LINKS.read(url.rpartition("/")[2])
    assert isinstance(link, StopLink)
    for forged in ("", "x", url.rpartition("/")[2][:-4] + "AAAA", "é" * 20, "a" * 5_000):
        assert isinstance(LINKS.read(forged), FieldInvalid)
    await stage.schedules.leave(link)
    await stage.schedules.leave(link)
    await stage.at(THURSDAY)
    assert (len(mail.to(ANNA)), len(mail.to(BEN))) == (1, 2)
    now = await stage.schedule(schedule.schedule_id)
    wish = ScheduleWish((1,), ("07:30",), (ANNA, BEN), "office@schouwburg.example", is_paused=False)
    refused = await stage.schedules.update(HOUSE, schedule.schedule_id, f'"{now.revision}"', wish, ("receivers",))
    assert isinstance(refused, FieldInvalid)
    assert refused.field == "schedule.receivers[0]"
    assert len([act for act in await stage.acts() if "schedule.left" in act and ANNA not in act]) == 1


async def test_who_leaves_between_planning_and_sending_gets_nothing(stage: Stage, mail: MailServer) -> None:
    schedule = await stage.scheduled(ANNA)
    stage.clock.at_ms = ms(MONDAY)
    await stage.planner().look()
    await stage.schedules.leave(StopLink(HOUSE, schedule.schedule_id, schedule.receivers[0].receiver_id))
    await stage.send()
    [run] = await stage.runs()
    assert (run.outcome, run.lines[0].state) == (RunOutcome.STOPPED, SendState.STOPPED)
    assert not mail.letters


async def test_a_file_too_large_for_a_mail_is_named_with_where_to_get_it(stage: Stage, mail: MailServer) -> None:
    await stage.scheduled(ANNA)
    stage.files.size = 20_000
    await stage.at(MONDAY)
    [letter] = mail.letters
    assert not list(letter.iter_attachments())
    body = letter.get_body()
    assert body is not None
    assert "report.csv" in body.get_content()
    assert "https://balcon.example" in body.get_content()


async def test_paused_or_ended_nothing_is_sent_and_nothing_later(stage: Stage, mail: MailServer) -> None:
    schedule = await stage.scheduled(ANNA)
    wish = ScheduleWish((1, 4), ("07:30",), (ANNA,), "office@schouwburg.example", is_paused=True)
    await stage.schedules.update(HOUSE, schedule.schedule_id, '"1"', wish, ("is_paused",))
    await stage.at(MONDAY)
    wish = ScheduleWish((1, 4), ("07:30",), (ANNA,), "office@schouwburg.example", is_paused=False)
    await stage.schedules.update(HOUSE, schedule.schedule_id, '"2"', wish, ("is_paused",))
    await stage.at(WEDNESDAY)
    assert not mail.letters
    await stage.schedules.archive(HOUSE, schedule.schedule_id, '"3"')
    await stage.at(THURSDAY)
    assert not mail.letters
    assert await stage.rows("SELECT 1 FROM schedule_receivers") == []


async def test_a_report_is_sent_now_to_an_address_that_is_forgotten_then(stage: Stage, mail: MailServer) -> None:
    report = await stage.saved()
    assert isinstance(await stage.reports.send_now(asked(), HOUSE, report.saved_report_id, ANNA), bytes)
    await stage.send()
    [letter] = mail.to(ANNA)
    assert letter["List-Unsubscribe"] is None
    assert await stage.rows("SELECT email FROM report_runs") == [("",)]


async def test_runs_without_a_job_get_one_again_and_old_runs_are_forgotten(stage: Stage, mail: MailServer) -> None:
    await stage.scheduled(ANNA)
    stage.clock.at_ms = ms(MONDAY)
    await stage.planner().look()
    assert await stage.store.put_back(ms(MONDAY) + 1, 10) == 0, "its job waits"
    for change, why in (("UPDATE procrastinate_jobs SET status = 'doing'", "it is at work"), (_GONE, "")):
        async with stage.store.transaction(HOUSE) as transaction:
            await transaction._connection.exec_driver_sql(change)
            await transaction.commit()
        if why:
            assert await stage.store.put_back(ms(MONDAY) + 1, 10) == 0, why
    assert await stage.store.put_back(ms(MONDAY) + 1, 10) == 1
    await stage.send()
    assert await stage.store.purge_runs(ms(MONDAY) + 1, 10) == 1
    assert await stage.rows("SELECT 1 FROM report_sends") == []

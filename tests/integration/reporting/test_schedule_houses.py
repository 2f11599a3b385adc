"""INV-8 of saved reports and schedules: with another house's ids there is nothing to read, change or stop."""

from __future__ import annotations

from services.contracts.pages import AskedPage
from services.reporting.domain.schedule_refusals import SavedReportNotFound, ScheduleNotFound
from services.reporting.handlers.schedules import ScheduleWish
from services.reporting.handlers.stop_links import StopLink
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting.schedule_stage import ANNA, HOUSE, MONDAY, SUNDAY, Stage, asked, ms, staged

OTHER = "hse_2"
FIRST = AskedPage(None, 100)


async def test_a_house_never_sees_another_houses_reports_schedules_and_mails(database_url: DatabaseUrl) -> None:
    async with staged(database_url("reporting"), "smtp://127.0.0.1:1", SUNDAY) as stage:
        schedule = await stage.scheduled(ANNA)
        stage.clock.at_ms = ms(MONDAY)
        await stage.planner().look()
        await _nothing_to_see(stage, schedule.saved_report_id, schedule.schedule_id)
        await stage.schedules.leave(StopLink(OTHER, schedule.schedule_id, schedule.receivers[0].receiver_id))
        kept = await stage.schedule(schedule.schedule_id)
        assert kept.active_receivers == schedule.receivers
        assert len((await stage.schedules.runs(HOUSE, FIRST, "")).runs) == 1


async def _nothing_to_see(stage: Stage, report_id: str, schedule_id: str) -> None:
    no_report, no_schedule = SavedReportNotFound(report_id), ScheduleNotFound(schedule_id)
    reports, schedules = stage.reports, stage.schedules
    assert await reports.get(OTHER, report_id) == no_report
    assert await reports.archive(OTHER, report_id, '"1"') == no_report
    assert await reports.send_now(asked(), OTHER, report_id, ANNA) == no_report
    assert not (await reports.page(OTHER, FIRST, archived=True, promoter_id="")).reports
    wish = ScheduleWish((1,), ("07:30",), (ANNA,), ANNA, is_paused=True)
    assert await schedules.create(asked(), OTHER, report_id, wish) == no_report
    assert await schedules.get(OTHER, schedule_id) == no_schedule
    assert await schedules.update(OTHER, schedule_id, '"1"', wish, ("is_paused",)) == no_schedule
    assert await schedules.restart(OTHER, schedule_id) == no_schedule
    assert await schedules.archive(OTHER, schedule_id, '"1"') == no_schedule
    assert not (await schedules.page(OTHER, FIRST, archived=True, saved_report_id="")).schedules
    assert not (await schedules.runs(OTHER, FIRST, schedule_id)).runs

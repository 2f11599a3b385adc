"""A scheduled report through the whole service: gRPC, jobs, real files, a mail server, the link that stops it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import openpyxl
import pytest
from balcon.accounts.v1.accounts_service_pb2 import HouseGrants
from balcon.reporting.v1 import report_questions_pb2 as questions
from balcon.reporting.v1 import schedules_pb2 as pb
from balcon.reporting.v1.schedules_pb2_grpc import SchedulesServiceStub
from pydantic import SecretStr
from pypdf import PdfReader

from services.reporting.handlers import schedule_planner
from services.reporting.main import build
from services.reporting.settings import ReportingSettings
from services.runtime.embedded.ports import free_port
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.service import Service
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.servers import DatabaseUrl
from tests.doubles.mail_server import MailServer, serving_mail
from tests.integration.reporting.accounts_twin import AccountsTwin, serving_accounts

if TYPE_CHECKING:
    from balcon.reporting.v1.schedules_pb2_grpc import SchedulesServiceAsyncStub

HOUSE, PROMOTER, ANNA = "hse_1", "psn_1", "psn_1@producer.example"
IDS = RandomIds()
DAY_MS = 86_400_000
NOWHERE = "127.0.0.1:1"


@asynccontextmanager
async def serving(
    database_url: DatabaseUrl, mail: MailServer, accounts: AccountsTwin, clock: ShiftedClock
) -> AsyncIterator[tuple[SchedulesServiceAsyncStub, str]]:
    """Reporting, and where its links lead."""
    port = free_port()
    fields: dict[str, Any] = {
        "database_url": SecretStr(database_url("reporting")),
        "bus_url": SecretStr(database_url()),
        "smtp_url": SecretStr(mail.url),
        "sealing_secrets": SecretStr("a sealing secret of tests"),
        "accounts_target": accounts.target,
        **dict.fromkeys(
            ("catalogue_target", "customers_target", "inventory_target", "orders_target", "ticketing_target"), NOWHERE
        ),
        "http_port": port,
        "public_url": f"http://127.0.0.1:{port}",
        "drain_seconds": 1,
        "service_key": SecretStr(TEST_SERVICE_KEY),
    }
    settings = ReportingSettings(**fields)
    service = Service("reporting", settings)
    service.clock = clock
    await build(service, settings)
    await service.start()
    try:
        async with open_channel(f"127.0.0.1:{service.rpc.port}", clock) as channel:
            yield SchedulesServiceStub(channel), settings.public_url
    finally:
        await service.stop()


async def test_r3_10_r3_6_a_promoters_report_arrives_in_three_formats_and_is_stopped_with_one_click(
    database_url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_planner, "LOOK_SECONDS", 0.2)
    clock = ShiftedClock()
    with serving_mail() as mail:
        async with serving_accounts() as accounts, serving(database_url, mail, accounts, clock) as (stub, public_url):
            accounts.promoters[HOUSE] = {PROMOTER}
            accounts.granted[PROMOTER] = [
                HouseGrants(house_id="hse_2", house_label="two", house_name="Two", whole_house=True)
            ]
            report = (await stub.CreateSavedReport(_a_report())).saved_report
            schedule = (await stub.CreateSchedule(_a_schedule(report.saved_report_id))).schedule
            clock.ahead_ms = DAY_MS
            await eventually(lambda: bool(mail.letters))
            [letter] = mail.letters
            kinds = {part.get_content_type(): part.get_content() for part in letter.iter_attachments()}
            assert len(PdfReader(io.BytesIO(kinds["application/pdf"])).pages) >= 1
            [excel] = [content for kind, content in kinds.items() if kind.endswith("spreadsheetml.sheet")]
            assert openpyxl.load_workbook(io.BytesIO(excel)).worksheets
            assert "text/csv" in kinds
            link = str(letter["List-Unsubscribe"]).strip("<>")
            assert link.startswith(f"{public_url}/stop/")
            await _stop(link)

            async def has_left() -> None:
                now = (
                    await stub.GetSchedule(pb.GetScheduleRequest(house_id=HOUSE, schedule_id=schedule.schedule_id))
                ).schedule
                assert (list(now.receivers), list(now.left_receivers)) == ([], [ANNA])

            await eventually(has_left)
            [run] = (await stub.ListReportRuns(pb.ListReportRunsRequest(house_id=HOUSE))).runs
            assert run.outcome == pb.REPORT_RUN_OUTCOME_SENT
            assert [(send.receiver, send.state) for send in run.sends] == [(ANNA, pb.REPORT_SEND_STATE_SENT)]


async def _stop(link: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        shown = await client.get(link)
        assert (shown.status_code, "<button" in shown.text) == (200, True)
        assert (await client.get(f"{link}x")).status_code == 404
        assert (await client.post(f"{link[:-6]}abcdef")).status_code == 404
        stopped = await client.post(link, data={"List-Unsubscribe": "One-Click"})
        assert stopped.status_code == 200


def _a_report() -> pb.CreateSavedReportRequest:
    question = questions.ReportQuestion(
        kind=questions.REPORT_KIND_BY_PERFORMANCE,
        language="de",
        filter=questions.ReportFilter(moved_in=questions.REPORT_PERIOD_YESTERDAY),
    )
    formats = [questions.REPORT_FORMAT_PDF, questions.REPORT_FORMAT_EXCEL, questions.REPORT_FORMAT_CSV]
    return pb.CreateSavedReportRequest(
        idempotency_key=IDS.new_id("key"),
        house_id=HOUSE,
        promoter_id=PROMOTER,
        saved_report=pb.SavedReport(name="Verkäufe", question=question, formats=formats),
    )


def _a_schedule(saved_report_id: str) -> pb.CreateScheduleRequest:
    schedule = pb.ReportSchedule(
        weekdays=range(1, 8), local_times=["07:30"], receivers=[ANNA], notice_email="office@schouwburg.example"
    )
    return pb.CreateScheduleRequest(
        idempotency_key=IDS.new_id("key"), house_id=HOUSE, saved_report_id=saved_report_id, schedule=schedule
    )

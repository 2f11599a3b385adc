"""From an order on the bus to the platform's books, through the service as main.py wires it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from balcon.podiumkunst.v1 import figures_service_pb2 as pb
from balcon.types.v1.principal_pb2 import PrincipalKind, PrincipalRef
from openpyxl import load_workbook

from services.runtime.testing import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.podiumkunst.events import confirmed, counted, refunded
from tests.integration.podiumkunst.links_stage import HOUSE, OTHER, LinksStage, a_show, running_links, told

NUMBER, SECOND = "NL-26-0412-77|00042", "NL-26-0412-77|11484906"
RESELLER = PrincipalRef(kind=PrincipalKind.PRINCIPAL_KIND_RESELLER, subject="rsl_1")


@pytest.fixture
async def stage(database_url: DatabaseUrl) -> AsyncIterator[LinksStage]:
    async with running_links(database_url("podiumkunst"), database_url()) as running:
        yield running


async def at_the_platform(stage: LinksStage, number: str = NUMBER) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (await stage.http.get("/double/clients/kring/told")).json().get(number, {})
    return found


async def linked(stage: LinksStage) -> None:
    """Two performances of which the first is linked, and what was sold of it before."""
    await stage.enter(
        told(NUMBER, "De Storm", "2026-12-04 20:15"),
        told(SECOND, "De Storm", "2026-12-05 20:15"),
    )
    await stage.make(
        a_show("prf_1", "=De Storm", "2026-12-04 20:15", code="STORM-1"),
        a_show("prf_2", "De Storm", "2026-12-05 20:15", code="STORM-2"),
    )
    await stage.hear(
        confirmed("o1", 4, house_id=HOUSE, performance_id="prf_1"),
        confirmed("o2", 2, house_id=HOUSE, performance_id="prf_1", sold_by=RESELLER),
        confirmed("o3", 9, house_id=HOUSE, performance_id="prf_2"),
        counted(1, house_id=HOUSE, performance_id="prf_1", reserved=1, blocked=1, capacity=5),
    )
    await stage.connect()
    await stage.fetch()

    async def all_is_heard() -> bool:
        counted = await stage.rows("SELECT (SELECT count(*) FROM figure_orders), (SELECT count(*) FROM figure_seats)")
        return counted == [(3, 1)]

    await eventually(all_is_heard)
    await stage.accept(NUMBER, code="STORM-1")


async def kinds(stage: LinksStage) -> Mapping[str, int]:
    tickets = (await at_the_platform(stage)).get("tickets", {"tickets": []})["tickets"]
    return {one["kind"]: one["amount"] for one in tickets if one["amount"]}


async def test_r0_10_a_sale_on_the_bus_reaches_the_platform_under_the_number_and_nothing_else_does(
    stage: LinksStage,
) -> None:
    await linked(stage)

    async def all_is_there() -> None:
        found = await at_the_platform(stage)
        assert len(found) == 5, "all four, and when"
        assert None not in found.values()
        assert found["tickets"]["tickets"][2] == {"kind": "normal", "amount": 6, "recette": 15_000}
        assert found["reservations"] == {"amount": 1, "recette": 2_500}
        assert found["blocked"] == {"amount": 1, "value": 1_500}
        assert found["capacity"]["amount_rank1"] == 5

    await eventually(all_is_there)
    assert await at_the_platform(stage, SECOND) == {}, "R0.6: it is not linked"
    (shown,) = (await stage.figures.ListPushes(pb.ListPushesRequest(house_id=HOUSE))).numbers
    assert {(one.outcome, one.differs_from_now) for one in shown.parts} == {("delivered", False)}
    assert shown.parts[3].told["normal"].recette.amount_minor == 15_000

    await stage.hear(refunded("o1", house_id=HOUSE, performance_id="prf_1"))

    async def it_differs() -> bool:
        (now,) = (await stage.figures.ListPushes(pb.ListPushesRequest(house_id=HOUSE))).numbers
        return {one.part for one in now.parts if one.differs_from_now} == {pb.FIGURE_PART_TICKETS}

    await eventually(it_differs)
    pushed = await stage.figures.PushNow(pb.PushNowRequest(house_id=HOUSE, performance_id="prf_1"))
    assert (pushed.performances, pushed.parts, pushed.unknown_parts) == (1, 4, 0)

    async def fewer() -> bool:
        return await kinds(stage) == {"normal": 2}

    await eventually(fewer)
    assert "figures.pushed" in await stage.acts()
    assert [check for check in await stage.audit() if check.violations] == []
    asked = (await stage.http.get("/double/requests", params={"path": "/token"})).json()
    kept = await stage.rows("SELECT asked, outcome FROM outbound_exchange WHERE kind = 'token'")
    assert (len(asked), kept) == (1, [("POST /token", "delivered")]), "who reads and who tells have one token"


async def test_r0_14_who_reports_itself_is_said_in_the_preview_and_left_out_of_what_is_told(stage: LinksStage) -> None:
    await linked(stage)
    before = (await stage.figures.GetReportingSellers(pb.GetReportingSellersRequest(house_id=HOUSE))).sellers
    wanted = pb.ReportingSellers(reseller_subjects=["rsl_1"])
    request = pb.SetReportingSellersRequest(house_id=HOUSE, sellers=wanted, etag=before.etag)
    after = (await stage.figures.SetReportingSellers(request)).sellers
    assert after.etag != before.etag
    other = pb.ReportingSellers(reseller_subjects=["rsl_2"])
    stale = pb.SetReportingSellersRequest(house_id=HOUSE, sellers=other, etag=before.etag)
    assert (await refusal(stage.figures.SetReportingSellers(stale))).reason == "ETAG_STALE"

    async def it_is_left_out() -> None:
        (shown,) = (await stage.figures.PreviewFigures(pb.PreviewFiguresRequest(house_id=HOUSE))).performances
        assert (shown.number, shown.sold.count, shown.sold.recette.amount_minor) == (NUMBER, 4, 10_000)
        (left_out,) = shown.excluded
        assert (left_out.reseller_subject, left_out.sold.count) == ("rsl_1", 2)
        assert left_out.reason == pb.EXCLUSION_REASON_REPORTS_ITSELF
        assert list(shown.unranked_categories) == ["Balcony", "Stalls"]

    await eventually(it_is_left_out)
    await stage.figures.PushNow(pb.PushNowRequest(house_id=HOUSE))

    async def told_without() -> bool:
        return await kinds(stage) == {"normal": 4}

    await eventually(told_without)


async def test_the_figures_come_as_files_in_which_no_text_is_a_formula(stage: LinksStage) -> None:
    await linked(stage)
    every = pb.DownloadFiguresRequest(house_id=HOUSE, format=pb.FIGURES_FORMAT_CSV, include_unlinked=True)
    lines = (await stage.figures.DownloadFigures(every)).data.decode().splitlines()
    assert len(lines) == 3
    assert lines[1].startswith(f"{NUMBER},STORM-1,prf_1,'=De Storm,")
    assert ",6,150.00,EUR," in lines[1]
    assert ",9,225.00,EUR," in lines[2]
    request = pb.DownloadFiguresRequest(house_id=HOUSE, format=pb.FIGURES_FORMAT_EXCEL)
    answer = await stage.figures.DownloadFigures(request)
    assert answer.file_name == "podiumkunst-2026-11-30.xlsx"
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert NUMBER in {cell.value for cell in cells}
    assert all(cell.data_type != "f" for cell in cells)
    assert [cell.value for cell in cells if "De Storm" in str(cell.value)] == ["=De Storm"]


async def test_a_file_has_starts_and_its_day_as_the_houses_own_clock_shows_them(stage: LinksStage) -> None:
    await linked(stage)
    await stage.rows("UPDATE houses SET time_zone = 'Pacific/Honolulu'")
    request = pb.DownloadFiguresRequest(house_id=HOUSE, format=pb.FIGURES_FORMAT_CSV)
    answer = await stage.figures.DownloadFigures(request)
    assert ",2026-12-04T09:15:00," in answer.data.decode(), "20:15 in Amsterdam"
    assert answer.file_name == "podiumkunst-2026-11-29.csv"


async def test_what_cannot_be_told_is_refused_with_why(stage: LinksStage) -> None:
    push, preview = stage.figures.PushNow, stage.figures.PreviewFigures
    assert (await refusal(push(pb.PushNowRequest(house_id=HOUSE)))).reason == "CONNECTION_OFF"
    await linked(stage)
    not_linked = pb.PreviewFiguresRequest(house_id=HOUSE, performance_id="prf_2")
    assert (await refusal(preview(not_linked))).reason == "PERFORMANCE_NOT_LINKED"
    of_another = pb.PreviewFiguresRequest(house_id=OTHER, performance_id="prf_1")
    assert (await refusal(preview(of_another))).reason == "PERFORMANCE_NOT_LINKED"
    wrong = pb.SetReportingSellersRequest(
        house_id=HOUSE, sellers=pb.ReportingSellers(reseller_subjects=["a b", "x", "x"]), etag='"0"'
    )
    told = await refusal(stage.figures.SetReportingSellers(wrong))
    assert told.reason == "FIELD_INVALID"
    assert {one.field for one in told.violations} == {"sellers.reseller_subjects[0]", "sellers.reseller_subjects[2]"}


async def test_a_house_whose_account_is_refused_goes_on_when_it_is_mended(stage: LinksStage) -> None:
    await linked(stage)
    await eventually(lambda: at_the_platform(stage))
    await stage.http.post("/double/clients", json={"client_id": "kring", "client_secret": "another one"})
    await stage.figures.PushNow(pb.PushNowRequest(house_id=HOUSE))

    async def it_is_locked() -> bool:
        (shown,) = (await stage.figures.ListPushes(pb.ListPushesRequest(house_id=HOUSE))).numbers
        return any(one.outcome == "locked" for one in shown.parts)

    await eventually(it_is_locked)
    await stage.hear(confirmed("o9", 1, house_id=HOUSE, performance_id="prf_1"))
    await stage.http.post("/double/clients", json={"client_id": "kring", "client_secret": "a secret of the house"})
    await stage.connect()
    await stage.figures.PushNow(pb.PushNowRequest(house_id=HOUSE))

    async def all_of_it() -> bool:
        return await kinds(stage) == {"normal": 7}

    await eventually(all_of_it)

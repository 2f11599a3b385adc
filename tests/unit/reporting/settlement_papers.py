"""Settlements to be written on paper: the guide's, final, and its correction."""

from __future__ import annotations

from dataclasses import replace

from services.reporting.domain.settlement import settle
from services.reporting.domain.settlement_changes import differences
from services.reporting.domain.settlement_document import Corrected, KeptDeal, SettlementDocument, SettlementHead
from services.reporting.domain.settlement_obstacles import Obstacle, ObstacleKind
from services.reporting.domain.settlement_sales import OfficeCount, Sales, Seller
from services.reporting.paper.settlement_pdf import SettlementPaper
from tests.unit.reporting.test_settlement_page import DEAL, sold

STARTS_MS = 1_801_594_800_000
HEAD = SettlementHead(
    house_id="hse_1",
    house_name="Stadsschouwburg Utrecht",
    time_zone="Europe/Amsterdam",
    performance_id="prf_1",
    production_id="prd_1",
    title="Elckerlijc",
    subtitle="De spieghel der salicheit",
    hall="Studio",
    hall_address=("Lucasbolwerk 24", "Utrecht"),
    starts_at_ms=STARTS_MS,
    capacity=120,
    office_names={"domplein": "VVV Utrecht"},
    discount_names={"cjp": "CJP-korting 5 euro"},
)


def _sales(less_of_two: int = 0) -> Sales:
    told = sold(less_of_two)
    lines = tuple(
        replace(line, office_id="domplein")
        if line.seller is Seller.OFFICE
        else replace(line, discount_id="cjp" if line.kind == "discount" else "")
        for line in told.lines
    )
    offices = (OfficeCount("domplein-feb", "domplein", 12, 8, 4, 0, is_closed=True),)
    back = (1 + less_of_two, 26_50 + 19_50 * less_of_two)
    return replace(told, lines=lines, offices=offices, tickets_back=back[0], back_minor=back[1])


def _document(less_of_two: int = 0) -> SettlementDocument:
    sales = _sales(less_of_two)
    deal = KeptDeal("prd_1", "", 1, replace(DEAL, note="Techniek door het huis."), STARTS_MS, "STAFF", "psn_1")
    return SettlementDocument(HEAD, sales, deal, settle(sales, DEAL))


def provisional() -> SettlementPaper:
    in_the_way = (
        Obstacle(ObstacleKind.ALLOTMENT_OPEN, "domplein-feb", 4),
        Obstacle(ObstacleKind.ORDERS_UNDER_WAY, count=2),
    )
    return SettlementPaper(_document(), STARTS_MS + 8_000_000, in_the_way)


def final() -> SettlementPaper:
    document = replace(_document(), settlement_id="stl_1", number="2027-0001", finalised_at_ms=STARTS_MS + 40_000_000)
    return SettlementPaper(document, 0, (), "4c" * 32, "0f8a7c1122334455")


def correction() -> SettlementPaper:
    was, now = _document(), _document(1)
    assert was.settlement is not None
    assert now.settlement is not None
    document = replace(
        now,
        settlement_id="stl_2",
        number="2027-0002",
        corrects=Corrected("stl_1", "2027-0001", "4c" * 32, "Restitutie na afloop"),
        differences=differences((was.sales, was.settlement), (now.sales, now.settlement)),
        finalised_at_ms=STARTS_MS + 700_000_000,
    )
    return SettlementPaper(document, 0, (), "9d" * 32, "0f8a7c1122334455")

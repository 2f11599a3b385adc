"""R3.21 over a real database: provisional until nothing is under way, then numbered, signed and never changed again."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence

import pytest
from balcon.orders.v1.orders_service_pb2 import LineDiscount
from balcon.reporting.v1 import settlements_pb2 as pb
from balcon.reporting.v1.report_questions_pb2 import ReportFormat
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.reporting.adapters.postgres_read_model_audit import PostgresReadModelAudit
from services.reporting.ports.figures import Sight
from services.runtime.call_context import CallContext, enter_call
from services.runtime.ids import RandomIds
from services.runtime.principal import Principal, PrincipalKind
from services.runtime.testing.servers import DatabaseUrl, as_owner
from tests.integration.reporting.figures_stage import at, line, part_refund, performance, refund, sale
from tests.integration.reporting.sales_stage import HOUSE, counted
from tests.integration.reporting.settlement_stage import (
    SettlementStage,
    allotment,
    euros,
    settlement_stage,
    told,
)

SOLD = (
    sale("o1", "p1", "2027-01-04 10:00", line("s1"), line("s2")),
    sale("o2", "p1", "2027-01-05 10:00", line("s3", 0, 0, 0, kind="FREE")),
)


async def rows(stage: SettlementStage, statement: str) -> list[tuple[object, ...]]:
    async with as_owner(stage.figures.engine).begin() as connection:
        await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', true)"))
        return [tuple(row) for row in await connection.execute(text(statement))]


async def test_r3_21_it_is_provisional_while_anything_is_under_way_and_says_what(database_url: DatabaseUrl) -> None:
    async with settlement_stage(
        database_url("reporting"), *SOLD, counted("p1", 1, 1, free=80, held=2, contingents=(3, 5, 0))
    ) as stage:
        await stage.figures.tell(allotment(1, sold=0, opened=5))
        stage.shows.under_way = 1
        stage.clock.ms = at("2027-02-01 21:59")
        everything = ["NO_DEAL", "NOT_OVER", "ALLOTMENT_OPEN", "SEATS_HELD", "SEATS_RESERVED", "ORDERS_UNDER_WAY"]
        assert await stage.obstacles() == everything
        preview = await stage.preview()
        assert (preview.kind, preview.number, len(preview.lines)) == (pb.SETTLEMENT_KIND_PROVISIONAL, "", 0)
        assert (preview.tickets, preview.comps) == (3, 1)
        assert await told(stage.finalise()) == (
            "SETTLEMENT_PROVISIONAL: The settlement of performance p1 cannot be final yet: nobody has said what was "
            "agreed on, the performance is not over, allotment a1 is not closed, 5 of its seats are open, "
            "2 seats are held or being paid, 3 seats are reserved, 1 orders are being paid, cancelled or refunded."
        )
        await stage.set_deal()
        stage.clock.ms = at("2027-02-01 22:00")
        stage.shows.under_way = 0
        await stage.figures.tell(counted("p1", 1, 2, free=97))
        # R1.12: sold reported, the rest returned.
        assert await stage.obstacles() == ["ALLOTMENT_OPEN"]
        await stage.figures.tell(allotment(2, sold=2, opened=0, returned=3, is_closed=True))
        # The owner of the seats has not told of them yet.
        assert await stage.obstacles() == ["FIGURES_BEHIND"]
        stage.shows.reported_sold = {"a1": {"A": 2}}
        assert await stage.obstacles() == []
        assert (await stage.finalise()).number == "2027-0001"


async def test_r3_21_what_offices_reported_is_priced_and_contingent_discounts_are_sales_of_ours(
    database_url: DatabaseUrl,
) -> None:
    off = LineDiscount(discount_id="disc_1", amount=euros(500), office_id="office_1")
    discounted = line("s4", 1800, kind="DISCOUNT", discount=off)
    async with settlement_stage(
        database_url("reporting"),
        *SOLD,
        sale("o3", "p1", "2027-01-06 10:00", discounted),
        sale("o4", "p1", "2027-01-06 11:00"),
        refund("o4", "p1", "2027-01-07 10:00"),
        allotment(1, sold=2, opened=0, returned=3, is_closed=True),
    ) as stage:
        stage.shows.reported_sold = {"a1": {"A": 2}}
        await stage.set_deal()
        done = await stage.preview()
        sorts = [(each.seller, each.kind, each.discount_id, each.office_id, each.tickets) for each in done.sold]
        house, office = pb.SETTLEMENT_SELLER_HOUSE, pb.SETTLEMENT_SELLER_OFFICE
        assert sorts == [
            (house, "discount", "disc_1", "office_1", 1),
            (house, "free", "", "", 1),
            (house, "normal", "", "", 2),
            (office, "normal", "", "office_1", 2),
        ]
        assert [each.gross.amount_minor for each in done.sold] == [2150, 0, 5300, 5300]
        # An office's ticket is taxed as one of ours: 25.00 at 9 % and 1.50 at 21 %.
        assert [each.vat.amount_minor for each in done.sold[3].amounts] == [378, 34, 52]
        assert (done.tickets_back, done.back.amount_minor) == (1, 2650)
        assert (done.gross.amount_minor, sum(each.gross.amount_minor for each in done.sold)) == (12750, 12750)
        parts = done.vat, done.producer, done.house, done.others
        assert sum(each.amount_minor for each in parts) == 12750


async def test_r3_21_a_final_one_is_signed_and_anybody_can_check_it(database_url: DatabaseUrl) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD) as stage:
        await stage.set_deal()
        done = await stage.finalise()
        proof = await stage.verify(done.settlement_id)
        assert (proof.is_genuine, proof.sha256, proof.key_id) == (True, done.sha256, done.key_id)
        Ed25519PublicKey.from_public_bytes(proof.public_key).verify(proof.signature, proof.document)
        assert hashlib.sha256(proof.document).hexdigest() == done.sha256
        assert json.loads(proof.document)["number"] == done.number
        assert (await stage.verify(done.settlement_id, done.sha256.upper())).is_genuine
        assert not (await stage.verify(done.settlement_id, "0" * 64)).is_genuine
        (key,) = (await stage.calls.ListSettlementKeys(pb.ListSettlementKeysRequest(house_id=HOUSE), None)).keys
        assert (key.key_id, key.public_key) == (done.key_id, proof.public_key)


async def test_r3_21_the_database_lets_nobody_change_a_final_one(database_url: DatabaseUrl) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD) as stage:
        await stage.set_deal()
        await stage.finalise()
        for statement in (
            "UPDATE settlements SET producer_minor = 0",
            "DELETE FROM settlements",
            "TRUNCATE settlements",
            "UPDATE deals SET content = ''",
            "DELETE FROM deals",
        ):
            with pytest.raises(DBAPIError, match="append-only"):
                await rows(stage, statement)


async def test_r3_21_numbers_have_no_gaps_whatever_is_refused_or_comes_at_once(database_url: DatabaseUrl) -> None:
    """Ten ask for the same at once, with keys of their own: one is made, and no number is lost."""
    async with settlement_stage(database_url("reporting"), *SOLD, performance("p2")) as stage:
        await stage.set_deal()
        answers = await asyncio.gather(*(told(stage.finalise()) for _ in range(10)))
        assert sorted(each.partition(":")[0] for each in answers) == ["OK", *["SETTLEMENT_IS_FINAL"] * 9]
        stage.shows.performance_id = "p2"
        assert (await stage.finalise()).number == "2027-0002"
        # In house time the year has changed, in UTC not yet.
        await stage.figures.tell(performance("p3"))
        stage.shows.performance_id, stage.clock.ms = "p3", at("2028-01-01 00:30")
        assert (await stage.finalise()).number == "2028-0001"


async def test_r3_21_who_made_it_final_stands_in_it(database_url: DatabaseUrl) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD) as stage:
        call = CallContext({}, None, RandomIds())
        call.principal = Principal(PrincipalKind.STAFF, "psn_finance")
        enter_call(call)
        deal = await stage.set_deal()
        done = await stage.finalise()
        assert (deal.set_by.subject, done.deal.set_by.subject, done.finalised_by.subject) == ("psn_finance",) * 3
        written = json.loads((await stage.verify(done.settlement_id)).document)
        assert (written["finalised_by_kind"], written["finalised_by"]) == ("STAFF", "psn_finance")


async def test_a_request_that_comes_twice_makes_one_and_gets_the_same_answer(database_url: DatabaseUrl) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD) as stage:
        await stage.set_deal()
        first = await stage.finalise("the_key")
        assert await stage.finalise("the_key") == first
        acts = await rows(stage, "SELECT count(*) FROM outbox WHERE topic = 'balcon.acts.v1'")
        assert acts == [(2,)]  # deal.set and settlement.finalised


async def test_r3_21_nothing_is_final_while_orders_has_sales_that_the_figures_have_not(
    database_url: DatabaseUrl,
) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD) as stage:
        await stage.set_deal()
        # A ticket, a free one, a part of its money that is back: paused consumers have heard of none.
        for unheard in ((1, 2650), (1, 0), (0, -500)):
            stage.shows.unheard = unheard
            assert await stage.obstacles() == ["FIGURES_BEHIND"], unheard
            assert (await told(stage.finalise())).startswith("SETTLEMENT_PROVISIONAL")
        stage.shows.unheard = (0, 0)
        first = await stage.finalise()
        await stage.figures.tell(part_refund("o1", "p1", "2027-02-03 10:00", 1000, 5300))
        stage.shows.unheard = (0, -300)
        assert (await told(stage.correct(first.settlement_id))).startswith("SETTLEMENT_PROVISIONAL")


async def test_r3_21_a_later_change_is_seen_and_makes_a_numbered_correction(database_url: DatabaseUrl) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD) as stage:
        await stage.set_deal()
        first = await stage.finalise()
        assert [each.has_changed for each in await stage.listed()] == [False]
        assert (await told(stage.correct(first.settlement_id))).startswith("NOTHING_TO_CORRECT")
        await stage.figures.tell(part_refund("o1", "p1", "2027-02-03 10:00", 1000, 5300))
        assert [each.has_changed for each in await stage.listed()] == [True]
        again = await stage.preview()
        assert [each.kind for each in again.differences] == [
            "gross", "own", "vat", "basis", "shared", "producer_share", "house_share", "producer", "house",
        ]  # fmt: skip
        second = await stage.correct(first.settlement_id)
        assert (second.kind, second.number) == (pb.SETTLEMENT_KIND_CORRECTION, "2027-0002")
        assert (second.corrects_settlement_id, second.corrects_number) == (first.settlement_id, "2027-0001")
        assert second.reason == "Restitutie"
        for each in second.differences:
            assert each.difference.amount_minor == each.after.amount_minor - each.before.amount_minor != 0
        gross = second.differences[0]
        assert (gross.before.amount_minor, gross.after.amount_minor) == (5300, 4300)
        assert (await stage.verify(second.settlement_id)).is_genuine
        # The first is what it was, and says what took its place.
        kept = (await stage.calls.GetSettlement(request_of(first.settlement_id), None)).settlement
        assert kept == first
        assert (await stage.verify(first.settlement_id)).corrected_by_number == "2027-0002"
        assert (await told(stage.correct(first.settlement_id))).startswith("SETTLEMENT_CORRECTED")
        assert [(each.number, each.corrected_by_number, each.has_changed) for each in await stage.listed()] == [
            ("2027-0002", "", False),
            ("2027-0001", "2027-0002", False),
        ]


async def test_r3_21_a_report_taken_back_and_another_deal_are_changes_too(database_url: DatabaseUrl) -> None:
    async with settlement_stage(
        database_url("reporting"), *SOLD, allotment(1, sold=2, opened=0, is_closed=True)
    ) as stage:
        stage.shows.reported_sold = {"a1": {"A": 2}}
        deal = await stage.set_deal()
        first = await stage.finalise()
        stage.shows.reported_sold = {"a1": {"A": 1}}
        await stage.figures.tell(allotment(2, sold=1, opened=0, returned=1, is_closed=True))
        assert [each.has_changed for each in await stage.listed()] == [True]
        second = await stage.correct(first.settlement_id)
        counts = [(one.kind, one.count_before, one.count_after) for one in second.differences[:1]]
        assert counts == [("tickets", 5, 4)]
        await stage.set_deal(etag=deal.etag, note="Met reiskosten")
        assert (await stage.correct(second.settlement_id)).number == "2027-0003"


async def test_a_performances_own_deal_goes_before_its_productions_and_versions_are_kept(
    database_url: DatabaseUrl,
) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD) as stage:
        first = await stage.set_deal()
        assert (await told(stage.set_deal(producer="Another"))).startswith("ETAG_STALE")
        second = await stage.set_deal(producer="Another", etag=first.etag)
        assert (second.deal_version, (await stage.preview()).deal.producer) == (2, "Another")
        own = {"scope": pb.DEAL_SCOPE_PERFORMANCE, "scope_id": "p1"}
        await stage.set_deal(**own, producer="For this one", buy_out=euros(1_000_00), partage=None)
        preview = await stage.preview()
        assert (preview.deal.producer, preview.producer.amount_minor) == ("For this one", 1_000_00)
        request = pb.GetDealRequest(house_id=HOUSE, scope=pb.DEAL_SCOPE_PRODUCTION, scope_id="prod_1", deal_version=1)
        assert (await stage.calls.GetDeal(request, None)).deal == first
        page = await stage.calls.ListDeals(pb.ListDealsRequest(house_id=HOUSE, page_size=1), None)
        rest = pb.ListDealsRequest(house_id=HOUSE, page_size=1, page_token=page.next_page_token)
        found = [*page.deals, *(await stage.calls.ListDeals(rest, None)).deals]
        assert [(each.scope_id, each.deal_version) for each in found] == [("p1", 1), ("prod_1", 2)]


async def test_r3_3_promoters_see_final_settlements_of_what_was_granted_and_nothing_else(
    database_url: DatabaseUrl,
) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD) as stage:
        await stage.set_deal()
        done = await stage.finalise()
        for sight, sees in (
            (Sight(HOUSE, whole_house=True), True),
            (Sight(HOUSE, production_ids=frozenset({"prod_1"})), True),
            (Sight(HOUSE, performance_ids=frozenset({"p1"})), True),
            (Sight(HOUSE, performance_ids=frozenset({"p2"})), False),
            (Sight("house_2", whole_house=True), False),
        ):
            stage.grants.sights = {"psn_1": [sight]}
            found, more = await stage.granted.list("psn_1", "", "")
            assert ([each.row.number for each in found], more) == ([done.number] if sees else [], False)
            answer = await stage.granted.get("psn_1", HOUSE, done.settlement_id)
            assert (getattr(answer, "sha256", "") == done.sha256) is sees, sight
            assert await stage.granted.list("psn_2", "", "") == ([], False)


async def test_r3_21_files_are_made_of_final_ones_and_of_what_would_be(database_url: DatabaseUrl) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD) as stage:
        await stage.set_deal()
        done = await stage.finalise()

        async def fetched(**which: str) -> tuple[str, str, bytes]:
            request = pb.DownloadSettlementRequest(
                house_id=HOUSE, format=ReportFormat.REPORT_FORMAT_PDF, language="nl", **which
            )
            first, *parts = [part async for part in stage.calls.DownloadSettlement(request, None)]
            content = b"".join(part.data for part in parts)
            assert len(content) == first.file.size_bytes
            return first.file.file_name, first.file.content_type, content

        name, content_type, content = await fetched(settlement_id=done.settlement_id)
        assert (name, content_type, content[:5]) == ("borderel-2027-0001.pdf", "application/pdf", b"%PDF-")
        assert await fetched(settlement_id=done.settlement_id) == (name, content_type, content)
        assert (await fetched(performance_id="p1"))[0] == "borderel-p1.pdf"


async def test_r3_21_the_audit_sees_what_was_tampered_with_past_the_trigger(database_url: DatabaseUrl) -> None:
    async with settlement_stage(database_url("reporting"), *SOLD, performance("p2")) as stage:
        await stage.set_deal()
        first = await stage.finalise()
        stage.shows.performance_id = "p2"
        await stage.finalise()
        assert await broken(stage) == {}
        async with as_owner(stage.figures.engine).begin() as connection:
            for statement in (
                "SELECT set_config('balcon.all_houses', 'on', true)",
                "ALTER TABLE settlements DISABLE TRIGGER ALL",
                "UPDATE settlements SET content = replace(convert_from(content, 'UTF8'), "
                "'\"house_minor\":', '\"house_minor\":9')::bytea WHERE ordinal = 1",
                "UPDATE settlements SET ordinal = 7 WHERE ordinal = 2",
                "ALTER TABLE settlements ENABLE TRIGGER ALL",
            ):
                await connection.exec_driver_sql(statement)
        assert set(await broken(stage)) == {
            "reporting: settlements are what was signed",
            "reporting: everybody's parts of a settlement are the gross",
            "reporting: numbers of settlements have no gaps",
        }
        assert not (await stage.verify(first.settlement_id)).is_genuine


async def broken(stage: SettlementStage) -> dict[str, Sequence[str]]:
    found = await PostgresReadModelAudit(stage.figures.engine).checks("")
    return {each.name: each.violations for each in found if each.invariant == "R3.21" and each.violations}


def request_of(settlement_id: str) -> pb.GetSettlementRequest:
    return pb.GetSettlementRequest(house_id=HOUSE, settlement_id=settlement_id)

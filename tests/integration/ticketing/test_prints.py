"""Prints of allotments: counted, once a request, read back by others' readers, void with the seat (R1.7, R1.14)."""

from __future__ import annotations

import asyncio
import hashlib
import io

import pypdfium2
import zxingcpp
from balcon.inventory.v1.allotments_pb2 import (
    ALLOTMENT_KIND_FOREIGN,
    ALLOTMENT_STEP_CLOSED,
    ALLOTMENT_STEP_RECALLED,
    AllotmentChanged,
)
from balcon.ticketing.v1 import ticketing_service_pb2 as pb
from balcon.ticketing.v1.ticketing_events_pb2 import (
    VOID_REASON_REPRINTED,
    VOID_REASON_SEAT_RECALLED,
    VOID_REASON_SEAT_RETURNED,
)
from pypdf import PdfReader

from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.ticketing.neighbours import Neighbours
from tests.integration.ticketing.stage import HOUSE, IDS, SHOW, Ticketing


def a_print(*seats: str, key: str = "", allotment_id: str = "alt_1", stock: str = "a4") -> pb.PrintAllotmentRequest:
    return pb.PrintAllotmentRequest(
        idempotency_key=key or IDS.new_id("key"),
        house_id=HOUSE,
        performance_id=SHOW,
        allotment_id=allotment_id,
        seat_ids=seats,
        stock=stock,
    )


async def downloaded(office: Ticketing, document_id: str) -> tuple[pb.Document, bytes]:
    request = pb.DownloadDocumentRequest(house_id=HOUSE, document_id=document_id)
    parts = [part async for part in office.stub.DownloadDocument(request)]
    return parts[0].document, b"".join(part.data for part in parts[1:])


def codes_in(pdf: bytes) -> list[str]:
    """What a stranger's reader finds on the pages, drawn by a stranger's renderer."""
    found: list[str] = []
    for page in pypdfium2.PdfDocument(pdf):
        picture = page.render(scale=3).to_pil()
        found += [code.text for code in zxingcpp.read_barcodes(picture)]
    return found


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


async def told(office: Ticketing, event: AllotmentChanged, code: str, verdict: str) -> None:
    """The event, until the code is worth that."""
    await office.tell_allotment(event)

    async def is_so() -> None:
        assert await office.checked(code) == verdict

    await eventually(is_so)


async def test_r1_7_tickets_are_printed_and_a_strangers_reader_reads_their_codes(office: Ticketing) -> None:
    printed = await office.stub.PrintAllotment(a_print(stock="a4-3"))
    document, pdf = await downloaded(office, printed.document.document_id)
    assert (document.tickets, document.print_number, document.language, printed.voided) == (4, 1, "de", 0)
    assert document.sha256 == hashlib.sha256(pdf).hexdigest()
    assert document.size_bytes == len(pdf)
    codes = codes_in(pdf)
    assert len(set(codes)) == 4
    assert [await office.checked(code) for code in codes] == ["VALID"] * 4
    assert "Hamlet" in text_of(pdf)
    assert "Grote Zaal" in text_of(pdf)


async def test_the_same_request_is_one_print_and_the_same_document_the_same_bytes(office: Ticketing) -> None:
    request = a_print(key="print-1")
    answers = await asyncio.gather(*(office.stub.PrintAllotment(request) for _ in range(3)))
    assert len({answer.document.document_id for answer in answers}) == 1
    assert await office.rows("SELECT count(*) FROM tickets") == [(4,)]
    document_id = answers[0].document.document_id
    both = await asyncio.gather(downloaded(office, document_id), downloaded(office, document_id))
    assert both[0] == both[1]
    assert await downloaded(office, document_id) == both[0]


async def test_r1_14_prints_are_counted_and_a_reprint_voids_the_old_codes(office: Ticketing) -> None:
    first = await office.stub.PrintAllotment(a_print())
    _, pdf = await downloaded(office, first.document.document_id)
    second = await office.stub.PrintAllotment(a_print("A-2"))
    assert (second.document.print_number, second.document.tickets, second.voided) == (2, 1, 1)
    worth = sorted([await office.checked(code) for code in codes_in(pdf)])
    assert worth == ["VALID"] * 3 + [f"VOID {VOID_REASON_REPRINTED}"]
    acts = await office.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1'")
    assert sum(b"allotment.printed" in bytes(payload) for (payload,) in acts) == 2


async def test_open_seats_that_have_their_tickets_are_not_printed_again_unless_they_are_named(
    office: Ticketing, neighbours: Neighbours
) -> None:
    await office.stub.PrintAllotment(a_print())
    refused = await refusal(office.stub.PrintAllotment(a_print()))
    assert (refused.reason, refused.facts["open"]) == ("NOTHING_TO_PRINT", "4")
    neighbours.owner.handed_out("A-7")
    more = await office.stub.PrintAllotment(a_print())
    assert (more.document.tickets, more.document.print_number, more.document.allotment_version) == (1, 2, 2)


async def test_r1_14_a_returned_seats_code_is_void_at_once(office: Ticketing, neighbours: Neighbours) -> None:
    printed = await office.stub.PrintAllotment(a_print("A-1"))
    [code] = codes_in((await downloaded(office, printed.document.document_id))[1])
    await told(office, neighbours.owner.recalled("A-1"), code, f"VOID {VOID_REASON_SEAT_RECALLED}")
    [voided] = (await office.revocations()).revocations
    assert voided.number == 1


async def test_closing_voids_the_codes_of_what_goes_back_and_not_of_what_was_sold(
    office: Ticketing, neighbours: Neighbours
) -> None:
    owner = neighbours.owner
    owner.open, owner.sold = ["A-1"], ["A-2"]
    printed = await office.stub.PrintAllotment(a_print("A-1", "A-2", stock="a4-3"))
    codes = codes_in((await downloaded(office, printed.document.document_id))[1])
    seats = {str(row[1]): str(row[0]) for row in await office.rows("SELECT seat_id, code FROM tickets")}
    returned = next(code for code in codes if seats[code] == "A-1")
    sold = next(code for code in codes if seats[code] == "A-2")
    owner.open, owner.returned, owner.is_closed = [], 1, True
    event = owner.changed(ALLOTMENT_STEP_CLOSED, "A-1")
    await told(office, event, returned, f"VOID {VOID_REASON_SEAT_RETURNED}")
    assert await office.checked(sold) == "VALID"
    assert (await refusal(office.stub.PrintAllotment(a_print("A-2")))).reason == "ALLOTMENT_CLOSED"


async def test_a_print_that_raced_with_a_recall_leaves_the_seat_out(office: Ticketing, neighbours: Neighbours) -> None:
    """The owner's answer is from before the recall, and the recall's event is here before the print commits."""
    owner = neighbours.owner
    owner.may_answer.clear()
    racing = asyncio.create_task(_printed(office))
    await owner.was_asked.wait()
    await office.tell_allotment(owner.recalled("A-1"))

    async def has_left() -> None:
        assert await office.rows("SELECT seat_id, version FROM departures") == [("A-1", 2)]

    await eventually(has_left)
    owner.may_answer.set()
    assert (await racing).document.tickets == 3
    assert await office.rows("SELECT 1 FROM tickets WHERE seat_id = 'A-1'") == []


async def _printed(office: Ticketing) -> pb.PrintAllotmentResponse:
    return await office.stub.PrintAllotment(a_print())


async def test_a_seat_that_left_and_came_back_may_be_printed_and_late_news_void_nothing(
    office: Ticketing, neighbours: Neighbours
) -> None:
    owner = neighbours.owner
    left = owner.recalled("A-1")
    owner.handed_out("A-1")
    printed = await office.stub.PrintAllotment(a_print("A-1"))
    [code] = codes_in((await downloaded(office, printed.document.document_id))[1])
    await office.tell_allotment(left)

    async def has_left() -> None:
        assert await office.rows("SELECT seat_id, version FROM departures") == [("A-1", 2)]

    await eventually(has_left)
    assert await office.checked(code) == "VALID"


async def test_what_left_an_allotment_of_the_same_id_at_another_performance_is_printed_here(
    office: Ticketing, neighbours: Neighbours
) -> None:
    """Its id is the caller's own key for it, and a house has the same offices every evening."""
    first = await office.stub.PrintAllotment(a_print("A-4"))
    other = neighbours.owner.changed(ALLOTMENT_STEP_RECALLED, "A-1")
    other.allotment.performance_id, other.allotment.version = "perf_2", 9
    await office.tell_allotment(other, "perf_2")

    async def has_left() -> None:
        assert await office.rows("SELECT seat_id, performance_id FROM departures") == [("A-1", "perf_2")]

    await eventually(has_left)
    await office.damage("UPDATE documents SET performance_id = 'perf_2'")
    second = await office.stub.PrintAllotment(a_print())
    assert second.document.tickets == len(neighbours.owner.open) - 1
    assert (first.document.print_number, second.document.print_number) == (1, 1)


async def test_seats_that_are_not_in_it_are_named(office: Ticketing) -> None:
    refused = await refusal(office.stub.PrintAllotment(a_print("A-1", "A-9")))
    assert refused.reason == "SEATS_NOT_ALLOTTED"
    assert "A-9" in refused.message


async def test_what_is_not_there_or_not_the_houses_to_print_is_refused(
    office: Ticketing, neighbours: Neighbours
) -> None:
    missing = await refusal(office.stub.PrintAllotment(a_print(allotment_id="alt_2")))
    assert missing.reason == "ALLOTMENT_NOT_FOUND"
    neighbours.owner.kind = ALLOTMENT_KIND_FOREIGN
    foreign = await refusal(office.stub.PrintAllotment(a_print()))
    assert (foreign.reason, foreign.facts["allotment_kind"]) == ("ALLOTMENT_NOT_PRINTED", "FOREIGN")
    unknown = await refusal(office.stub.PrintAllotment(a_print(stock="a5")))
    assert (unknown.reason, unknown.facts["field"]) == ("FIELD_INVALID", "stock")


async def test_r1_13_notes_are_numbered_without_a_gap_and_carry_seats_codes_and_conditions(office: Ticketing) -> None:
    await office.stub.PrintAllotment(a_print("A-1"))

    def wanted(allotment_id: str = "alt_1", key: str = "") -> pb.CreateDeliveryNoteRequest:
        return pb.CreateDeliveryNoteRequest(
            idempotency_key=key or IDS.new_id("key"), house_id=HOUSE, performance_id=SHOW, allotment_id=allotment_id
        )

    made = [await office.stub.CreateDeliveryNote(wanted(key="note-1")) for _ in range(2)]
    assert (await refusal(office.stub.CreateDeliveryNote(wanted("alt_2")))).reason == "ALLOTMENT_NOT_FOUND"
    made.append(await office.stub.CreateDeliveryNote(wanted()))
    numbers = [answer.note.number.partition("-")[2] for answer in made]
    assert numbers == ["1", "1", "2"]
    _, pdf = await downloaded(office, made[0].note.document_id)
    assert "Pay by Friday." in text_of(pdf)
    assert "Box Town" in text_of(pdf)
    listed, table = await downloaded(office, made[0].seat_list.document_id)
    assert listed.content_type == "text/csv"
    lines = table.decode().splitlines()
    assert len(lines) == 5
    [(code,)] = await office.rows("SELECT code FROM tickets")
    assert sum(str(code) in line for line in lines) == 1


async def test_a_statement_adds_up_and_a_plan_is_drawn(office: Ticketing, neighbours: Neighbours) -> None:
    owner = neighbours.owner
    owner.open, owner.sold, owner.returned = ["A-1"], ["A-2", "A-3"], 1
    asked = {"house_id": HOUSE, "performance_id": SHOW, "allotment_id": "alt_1", "language": "en"}
    stated = await office.stub.CreateStatement(pb.CreateStatementRequest(idempotency_key="s", **asked))
    drawn = await office.stub.CreateHallPlan(pb.CreateHallPlanRequest(idempotency_key="p", **asked))
    statement = text_of((await downloaded(office, stated.document.document_id))[1])
    assert "50.00" in statement
    plan = (await downloaded(office, drawn.document.document_id))[1]
    assert "Hamlet" in text_of(plan)
    listed = await office.stub.ListDocuments(pb.ListDocumentsRequest(house_id=HOUSE, allotment_id="alt_1", page_size=1))
    assert [document.document_id for document in listed.documents] == [drawn.document.document_id]
    more = pb.ListDocumentsRequest(house_id=HOUSE, page_token=listed.next_page_token)
    rest = await office.stub.ListDocuments(more)
    assert [document.document_id for document in rest.documents] == [stated.document.document_id]
    missing = pb.DownloadDocumentRequest(house_id="hse_2", document_id=drawn.document.document_id)
    assert (await refusal(_first(office, missing))).reason == "DOCUMENT_NOT_FOUND"


async def test_who_settles_is_given_statements_and_nothing_with_a_code_in_it(
    office: Ticketing, neighbours: Neighbours
) -> None:
    neighbours.owner.open = ["A-1"]
    asked = {"house_id": HOUSE, "performance_id": SHOW, "allotment_id": "alt_1", "language": "en"}
    stated = await office.stub.CreateStatement(pb.CreateStatementRequest(idempotency_key="s", **asked))
    noted = await office.stub.CreateDeliveryNote(pb.CreateDeliveryNoteRequest(idempotency_key="n", **asked))

    async def fetched(document_id: str) -> list[pb.DownloadStatementResponse]:
        request = pb.DownloadStatementRequest(house_id=HOUSE, document_id=document_id)
        return [part async for part in office.stub.DownloadStatement(request)]

    first, *parts = await fetched(stated.document.document_id)
    assert first.document.document_id == stated.document.document_id
    assert b"".join(part.data for part in parts) == (await downloaded(office, stated.document.document_id))[1]
    for document in (noted.note, noted.seat_list):
        assert (await refusal(fetched(document.document_id))).reason == "DOCUMENT_NOT_FOUND"


async def _first(office: Ticketing, request: pb.DownloadDocumentRequest) -> object:
    return [part async for part in office.stub.DownloadDocument(request)]

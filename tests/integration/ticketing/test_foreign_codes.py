"""Foreign allotments bring their own codes, so that the door knows them (R1.9, R1.14)."""

from __future__ import annotations

import pytest
from balcon.inventory.v1.allotments_pb2 import ALLOTMENT_KIND_FOREIGN
from balcon.ticketing.v1 import ticketing_service_pb2 as pb
from balcon.ticketing.v1.ticketing_events_pb2 import VOID_REASON_REPRINTED, VOID_REASON_SEAT_RECALLED

from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.ticketing.neighbours import Neighbours
from tests.integration.ticketing.stage import HOUSE, IDS, SHOW, Ticketing


def an_import(*lines: str, test_code: str = "X1", key: str = "") -> pb.ImportForeignCodesRequest:
    return pb.ImportForeignCodesRequest(
        idempotency_key=key or IDS.new_id("key"),
        house_id=HOUSE,
        performance_id=SHOW,
        allotment_id="alt_1",
        csv="\n".join(["seat_id,code", *lines]).encode(),
        test_code=test_code,
    )


@pytest.fixture
def foreign(office: Ticketing, neighbours: Neighbours) -> Ticketing:
    neighbours.owner.kind = ALLOTMENT_KIND_FOREIGN
    return office


async def test_r1_14_a_foreign_allotment_brings_its_own_codes(foreign: Ticketing, neighbours: Neighbours) -> None:
    request = an_import("A-1,X1", "A-2,X2", key="import-1")
    for _ in range(2):
        taken = await foreign.stub.ImportForeignCodes(request)
        assert (taken.added, taken.kept, taken.voided) == (2, 0, 0)
    assert await foreign.checked("X1") == "VALID"
    assert await foreign.checked("X3") == "FOREIGN"
    assert await foreign.checked("X1", "perf_2") == "FOREIGN"
    await foreign.tell_allotment(neighbours.owner.recalled("A-1"))

    async def is_void() -> None:
        assert await foreign.checked("X1") == f"VOID {VOID_REASON_SEAT_RECALLED}"

    await eventually(is_void)
    [voided] = (await foreign.revocations()).revocations
    assert voided.foreign_code == "X1"


async def test_a_second_file_replaces_the_codes_of_the_seats_that_it_names(foreign: Ticketing) -> None:
    await foreign.stub.ImportForeignCodes(an_import("A-1,X1", "A-2,X2", "A-3,X3"))
    taken = await foreign.stub.ImportForeignCodes(an_import("A-1,X1", "A-2,Y2"))
    assert (taken.added, taken.kept, taken.voided) == (1, 1, 1)
    assert await foreign.checked("X2") == f"VOID {VOID_REASON_REPRINTED}"
    assert [await foreign.checked(code) for code in ("X1", "Y2", "X3")] == ["VALID"] * 3


async def test_a_code_of_a_seat_that_the_file_does_not_name_is_refused_as_that(foreign: Ticketing) -> None:
    await foreign.stub.ImportForeignCodes(an_import("A-1,X1", "A-3,X3"))
    refused = await refusal(foreign.stub.ImportForeignCodes(an_import("A-1,X3", "A-2,X2", test_code="X2")))
    [told] = [violation.description for violation in refused.violations]
    assert "the code of seat A-1 is that of seat A-3, in allotment alt_1" in told
    assert "X3" not in told
    assert [await foreign.checked(code) for code in ("X1", "X2", "X3")] == ["VALID", "FOREIGN", "VALID"]


async def test_with_a_wrong_line_nothing_is_taken_and_all_of_them_are_told(foreign: Ticketing) -> None:
    refused = await refusal(foreign.stub.ImportForeignCodes(an_import("A-1,X1", "B-1,X2", "A-1,X3")))
    told = [violation.description for violation in refused.violations]
    assert refused.reason == "FIELD_INVALID"
    assert "line 3: seat B-1 is not in the allotment" in told[0]
    assert "line 4: names seat A-1 again, see line 2" in told[1]
    assert await foreign.rows("SELECT 1 FROM tickets") == []


async def test_the_test_code_must_be_among_them(foreign: Ticketing) -> None:
    refused = await refusal(foreign.stub.ImportForeignCodes(an_import("A-1,X1", test_code="X9")))
    assert (refused.reason, refused.facts["field"]) == ("FIELD_INVALID", "test_code")
    assert await foreign.checked("X1") == "FOREIGN"


async def test_codes_are_taken_for_foreign_allotments_only(office: Ticketing) -> None:
    refused = await refusal(office.stub.ImportForeignCodes(an_import("A-1,X1")))
    assert (refused.reason, refused.facts["allotment_kind"]) == ("ALLOTMENT_NOT_FOREIGN", "HARD")

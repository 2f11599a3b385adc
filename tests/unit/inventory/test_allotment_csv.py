"""Whatever bytes an office sends as CSV: they are seats of the plan, or a refusal that names the line."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.inventory.api.allotment_csv import MAX_CSV_BYTES, refused_csv, seats_of_csv
from services.inventory.ports import SeatPlan
from services.runtime.errors import FAULTS_TOLD, FieldInvalid
from services.runtime.rpc.errors import Refused

PLAN = SeatPlan.of(1, [f"s{number}" for number in range(6_000)])
CELLS = st.one_of(st.sampled_from(["s0", "s1", "s2", "s9", "x", "", " ", '"s3"', '"', "seat_id", "é"]), st.text())
LINES = st.lists(st.lists(CELLS, max_size=3).map(",".join), max_size=6)
FILES = st.one_of(
    st.binary(max_size=200),
    LINES.map(lambda lines: "\n".join(["seat_id,row", *lines]).encode(errors="replace")),
    LINES.map(lambda lines: "\r\n".join(["row;seat_id", *lines]).encode(errors="replace")),
)


def read(content: bytes) -> list[int] | FieldInvalid:
    refused = refused_csv("csv", content)
    if refused is not None:
        return refused
    try:
        return list(seats_of_csv("csv", content, PLAN)[0])
    except Refused as no:
        assert isinstance(no.refusal, FieldInvalid)
        return no.refusal


@given(FILES)
@example(b"\xef\xbb\xbf")
@example(b"")
@example(b"seat_id\r\rs0")
@example(b"seat_id\x0bs0\n")
@example(b'"seat_id')
@example(b'seat_id\n"s0')
@example(b"seat_id\n" + b"x" * 200_000)
@settings(max_examples=500)
def test_any_bytes_are_seats_or_a_refusal_of_the_field(content: bytes) -> None:
    told = read(content)
    if isinstance(told, FieldInvalid):
        assert {fault.field for fault in (told, *told.others)} == {"csv"}
    else:
        assert told
        assert told == sorted(set(told))


@given(st.sets(st.integers(0, 5_999), min_size=1, max_size=50), st.sampled_from([",", ";"]), st.booleans())
def test_what_is_written_is_read(seats: set[int], delimiter: str, marked: bool) -> None:
    rows = [delimiter.join(("row", "seat_id")), *(delimiter.join(("1", f"s{seat}")) for seat in seats)]
    content = "\r\n".join(rows).encode("utf-8-sig" if marked else "utf-8")
    assert read(content) == sorted(seats)


def test_of_many_wrong_lines_as_many_are_told_as_a_refusal_has_room_for() -> None:
    told = read(b"seat_id\n" + b"x\n" * 10_000)
    assert isinstance(told, FieldInvalid)
    assert 1 + len(told.others) == FAULTS_TOLD
    assert told.problem == "line 2: seat x is not in plan version 1"


def test_more_seats_than_one_step_takes_are_refused() -> None:
    told = read("\n".join(["seat_id", *(f"s{number}" for number in range(5_001))]).encode())
    assert isinstance(told, FieldInvalid)
    assert told.problem == "names more than 5,000 seats"
    assert isinstance(read("\n".join(["seat_id", *(f"s{number}" for number in range(5_000))]).encode()), list)


def test_a_file_that_is_too_long_is_not_read() -> None:
    told = refused_csv("csv", b"seat_id\n" + b"s" * MAX_CSV_BYTES)
    assert told is not None
    assert told.limit == "at most 1,000,000 bytes"

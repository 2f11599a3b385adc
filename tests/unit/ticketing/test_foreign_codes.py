"""Another system's codes: every wrong line is told by its number, and nothing of the file is taken then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.errors import FieldInvalid
from services.ticketing.domain.foreign_codes import MAX_CSV_BYTES, read_codes

SEATS = frozenset({"A-1", "A-2", "Ä 3"})


def problems(content: str) -> list[str]:
    found = read_codes("csv", content.encode(), SEATS)
    assert isinstance(found, FieldInvalid), found
    return [one.problem for one in (found, *found.others)]


@pytest.mark.parametrize(
    "content",
    [
        "seat_id,code\nA-1,x1\nÄ 3,x2\n",
        "code;seat_id\r\nx1;A-1\r\n\r\n x2 ; Ä 3 \r\n",
        '\ufeffseat_id,row,code\n"A-1",1,"x1"\nÄ 3,1,x2',
    ],
)
def test_files_as_other_systems_write_them_are_read(content: str) -> None:
    assert read_codes("csv", content.encode(), SEATS) == {"A-1": "x1", "Ä 3": "x2"}


def test_all_wrong_lines_are_told_at_once() -> None:
    content = "seat_id,code\nA-1,x1\nA-1,x2\nB-9,x3\n,x4\nA-2,x1\nÄ 3,\n"
    assert problems(content) == [
        "line 3: names seat A-1 again, see line 2",
        "line 4: seat B-9 is not in the allotment",
        "line 5: has no seat",
        "line 6: its code is that of line 2",
        "line 7: has no code",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("\ufeff", "is empty"),
        (f"{'x' * 140_000},seat_id,code\nA-1,x\n", "has no column seat_id in line 1"),
        ("seat_id,code\n", "has no line after the first"),
        ("seat,code\nA-1,x\n", "has no column seat_id in line 1"),
        ("seat_id\nA-1\n", "has no column code in line 1"),
        ("seat_id,code\nA-1,B1:abc.\n", "line 2: its code begins with B1:, as the house's own do"),
        (f"seat_id,code\nA-1,{'x' * 257}\n", "line 2: its code has 257 characters"),
        ("seat_id,code\nA-1,x\0y\n", "has a zero byte in line 2"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(content: str, problem: str) -> None:
    assert problems(content) == [problem]


def test_a_file_that_is_too_large_or_not_text_is_refused() -> None:
    for content, words in ((b"x" * (MAX_CSV_BYTES + 1), "bytes"), (b"seat_id,code\nA-1,\xff\n", "UTF-8 in line 2")):
        found = read_codes("csv", content, SEATS)
        assert isinstance(found, FieldInvalid)
        assert words in found.problem


def test_a_fault_repeats_no_code() -> None:
    assert "secret" not in "".join(problems("seat_id,code\nB-1,secret\nA-1,secret\nA-2,secret\n"))


@given(st.sampled_from([b"", b"\xef\xbb\xbf", b"seat_id,code\n"]), st.binary(max_size=200))
def test_no_bytes_break_the_reader(begins: bytes, content: bytes) -> None:
    assert isinstance(read_codes("csv", begins + content, SEATS), dict | FieldInvalid)

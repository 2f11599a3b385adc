"""Another system's ticket codes for the seats of a foreign allotment (R1.9), as a CSV with columns seat_id and code."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Set

from services.contracts.bounds import MAX_SEAT_ID_CHARS
from services.contracts.texts import text_problem
from services.contracts.ticket_codes import CODE_BEGINS
from services.runtime.errors import FAULTS_TOLD, FieldInvalid, refused_fields
from services.ticketing.domain.ticket import MAX_FOREIGN_CODE_CHARS

MAX_CSV_BYTES = 2_000_000
SEAT_COLUMN, CODE_COLUMN = "seat_id", "code"
_LIMIT = f"columns {SEAT_COLUMN} and {CODE_COLUMN}, one seat a line"
# As much of a cell as a fault repeats; codes are never repeated: whoever reads a log could walk in.
_CELL_CHARS = MAX_SEAT_ID_CHARS


def read_codes(field: str, content: bytes, seats: Set[str]) -> dict[str, str] | FieldInvalid:
    """The code of each seat, or all that is wrong, by line. `seats` are those of the allotment."""
    refused = _refused_file(field, content)
    if refused is not None:
        return refused
    codes: dict[str, str] = {}
    seat_lines: dict[str, int] = {}
    code_lines: dict[str, int] = {}
    faults: list[FieldInvalid] = []
    for line, seat, code in _rows(content.decode("utf-8-sig")):
        problem = _seat_problem(seat, seats, seat_lines) or _code_problem(code, code_lines)
        if problem is not None:
            faults.append(FieldInvalid(field, f"line {line}: {problem}", _LIMIT))
            if len(faults) >= FAULTS_TOLD:
                break
        seat_lines.setdefault(seat, line)
        code_lines.setdefault(code, line)
        codes.setdefault(seat, code)
    if not codes and not faults:
        faults.append(FieldInvalid(field, "has no line after the first", _LIMIT))
    return refused_fields(faults) or codes


def _refused_file(field: str, content: bytes) -> FieldInvalid | None:
    if len(content) > MAX_CSV_BYTES:
        return FieldInvalid(field, f"has {len(content):,} bytes", f"at most {MAX_CSV_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return FieldInvalid(field, f"is not UTF-8 in line {line}", "UTF-8")
    if "\0" in text:
        return FieldInvalid(field, f"has a zero byte in line {text.count(chr(10), 0, text.index(chr(0))) + 1}", "UTF-8")
    # A mark of the byte order alone is no text either.
    if not text.strip():
        return FieldInvalid(field, "is empty", _LIMIT)
    header = _header(text)
    for column in (SEAT_COLUMN, CODE_COLUMN):
        if column not in header:
            return FieldInvalid(field, f"has no column {column} in line 1", _LIMIT)
    return None


def _seat_problem(seat: str, seats: Set[str], seen: Mapping[str, int]) -> str | None:
    if not seat:
        return "has no seat"
    if seat in seen:
        return f"names seat {seat[:_CELL_CHARS]} again, see line {seen[seat]}"
    return None if seat in seats else f"seat {seat[:_CELL_CHARS]} is not in the allotment"


def _code_problem(code: str, seen: Mapping[str, int]) -> str | None:
    if not code:
        return "has no code"
    problem = text_problem(code, 1, MAX_FOREIGN_CODE_CHARS)
    if problem is not None:
        return f"its code {problem}"
    if code.startswith(CODE_BEGINS):
        return f"its code begins with {CODE_BEGINS}, as the house's own do"
    return f"its code is that of line {seen[code]}" if code in seen else None


def _delimiter(text: str) -> str:
    header = text.splitlines()[0]
    return ";" if header.count(";") > header.count(",") else ","


def _header(text: str) -> list[str]:
    first = text.splitlines()[0]
    try:
        return [name.strip() for name in next(csv.reader([first], delimiter=_delimiter(text)), [])]
    except csv.Error:
        # A cell of 128 kB: no column has such a name.
        return []


def _rows(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, seat and code of each line that has anything; '' for a cell that is not there."""
    header = _header(text)
    at_seat, at_code = header.index(SEAT_COLUMN), header.index(CODE_COLUMN)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        for row in reader:
            if reader.line_num > 1 and any(cell.strip() for cell in row):
                yield reader.line_num, _cell(row, at_seat), _cell(row, at_code)
    except csv.Error:
        yield reader.line_num, "", ""


def _cell(row: list[str], at: int) -> str:
    return row[at].strip() if at < len(row) else ""

"""Another system's ticket codes for the seats of a foreign allotment (R1.9), as a CSV with columns seat_id and code."""

from __future__ import annotations

from collections.abc import Mapping, Set

from services.contracts.bounds import MAX_SEAT_ID_CHARS
from services.contracts.csv_columns import CsvColumns
from services.contracts.texts import text_problem
from services.contracts.ticket_codes import CODE_BEGINS
from services.runtime.errors import FAULTS_TOLD, FieldInvalid, refused_fields
from services.ticketing.domain.ticket import MAX_FOREIGN_CODE_CHARS

MAX_CSV_BYTES = 2_000_000
SEAT_COLUMN, CODE_COLUMN = "seat_id", "code"
_LIMIT = f"columns {SEAT_COLUMN} and {CODE_COLUMN}, one seat a line"
_COLUMNS = CsvColumns((SEAT_COLUMN, CODE_COLUMN), MAX_CSV_BYTES, _LIMIT)
# As much of a cell as a fault repeats; codes are never repeated: whoever reads a log could walk in.
_CELL_CHARS = MAX_SEAT_ID_CHARS


def read_codes(field: str, content: bytes, seats: Set[str]) -> dict[str, str] | FieldInvalid:
    """The code of each seat, or all that is wrong, by line. `seats` are those of the allotment."""
    refused = _COLUMNS.refused(field, content)
    if refused is not None:
        return refused
    codes: dict[str, str] = {}
    seat_lines: dict[str, int] = {}
    code_lines: dict[str, int] = {}
    faults: list[FieldInvalid] = []
    for line, (seat, code) in _COLUMNS.lines(content):
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

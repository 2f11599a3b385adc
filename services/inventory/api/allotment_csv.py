"""Seats of an allotment as an office sends them: a CSV with a column seat_id. All wrong lines are told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.contracts.bounds import MAX_SEAT_ID_CHARS
from services.contracts.csv_columns import CsvColumns
from services.inventory.domain.allotment_refusals import SeatsNotAllotted, SeatsReportedSold
from services.inventory.domain.allotments import SEATS_A_STEP
from services.inventory.ports import SeatPlan
from services.runtime.errors import FAULTS_TOLD, FieldInvalid, Refusal, refused_fields
from services.runtime.rpc.errors import accept

MAX_CSV_BYTES = 1_000_000
COLUMN = "seat_id"
# More would not be told: the rest of the file is not read.
_LIMIT = f"a column {COLUMN}, one seat a line"
_COLUMNS = CsvColumns((COLUMN,), MAX_CSV_BYTES, _LIMIT)
# As much of a cell as an error repeats.
_CELL_CHARS = MAX_SEAT_ID_CHARS


def refused_csv(field: str, content: bytes) -> FieldInvalid | None:
    """What is wrong with it, whatever the plan has."""
    return _COLUMNS.refused(field, content)


def seats_of_csv(field: str, content: bytes, plan: SeatPlan) -> tuple[Sequence[int], Mapping[str, int]]:
    """The seats named, ascending, and the line of each by its id. Raises Refused: see refused_csv first."""
    lines: dict[str, int] = {}
    faults: list[FieldInvalid] = []
    for line, (seat_id,) in _COLUMNS.lines(content):
        problem = _problem(seat_id, lines, plan)
        if problem is None:
            lines[seat_id] = line
        else:
            faults.append(FieldInvalid(field, f"line {line}: {problem}", _LIMIT))
        if len(faults) >= FAULTS_TOLD or len(lines) > SEATS_A_STEP:
            break
    if len(lines) > SEATS_A_STEP:
        faults.append(FieldInvalid(field, f"names more than {SEATS_A_STEP:,} seats", f"at most {SEATS_A_STEP:,} seats"))
    if not lines and not faults:
        faults.append(FieldInvalid(field, "names no seat", _LIMIT))
    accept(*faults)
    return sorted(plan.index_of[seat_id] for seat_id in lines), lines


def by_lines(field: str, refusal: Refusal, lines: Mapping[str, int]) -> Refusal:
    """A refusal of seats as whoever sent the file reads it: by the lines that name them."""
    match refusal:
        case SeatsNotAllotted(allotment_id, seats):
            problem = f"is not in allotment {allotment_id}"
        case SeatsReportedSold(allotment_id, seats):
            problem = f"was reported sold by the office of allotment {allotment_id}"
        case _:
            return refusal
    limit = f"seats of allotment {allotment_id}"
    told = sorted((lines[str(seat)], str(seat)) for seat in seats if str(seat) in lines)
    return refused_fields(FieldInvalid(field, f"line {line}: seat {seat} {problem}", limit) for line, seat in told) or (
        refusal
    )


def _problem(seat_id: str, seen: Mapping[str, int], plan: SeatPlan) -> str | None:
    if not seat_id:
        return "has no seat"
    if seat_id in seen:
        return f"names seat {seat_id[:_CELL_CHARS]} again, see line {seen[seat_id]}"
    if seat_id not in plan.index_of:
        return f"seat {seat_id[:_CELL_CHARS]} is not in plan version {plan.plan_version}"
    return None

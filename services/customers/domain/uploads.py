"""A list of people who have consented elsewhere (R3.19): a CSV with columns email and name, a source and a date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.contracts.bounds import MAX_EMAIL_CHARS, MAX_NAME_CHARS
from services.contracts.csv_columns import CsvColumns
from services.contracts.email_addresses import EmailAddress, email_address
from services.contracts.texts import text_problem
from services.runtime.errors import FieldInvalid, refused_fields

MAX_LINES: Final = 5_000
MAX_CSV_BYTES: Final = 2_000_000
MAX_FAULTS_TOLD: Final = 100
_LIMIT = f"columns email and name, one person a line, at most {MAX_LINES:,} lines"
_COLUMNS = CsvColumns(("email", "name"), MAX_CSV_BYTES, _LIMIT)


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """A line of the list."""

    email: EmailAddress
    name: str


def read_people(field: str, content: bytes) -> tuple[ListedPerson, ...] | FieldInvalid:
    """The people in their order, or all that is wrong, by line. Addresses are not repeated: faults are logged."""
    refused = _COLUMNS.refused(field, content)
    if refused is not None:
        return refused
    people: list[ListedPerson] = []
    lines: dict[str, int] = {}
    faults: list[FieldInvalid] = []
    for line, (written, name) in _COLUMNS.lines(content):
        if len(lines) >= MAX_LINES:
            faults.append(FieldInvalid(field, f"has more than {MAX_LINES:,} lines", _LIMIT))
            break
        email = email_address(written, field) if written else None
        problem = _problem(email, name, lines)
        if problem is not None:
            faults.append(FieldInvalid(field, f"line {line}: {problem}", _LIMIT))
            if len(faults) >= MAX_FAULTS_TOLD:
                break
        if isinstance(email, EmailAddress):
            lines.setdefault(email.key, line)
            people.append(ListedPerson(email, name))
    if not people and not faults:
        faults.append(FieldInvalid(field, "has no line after the first", _LIMIT))
    return refused_fields(faults) or tuple(people)


def _problem(email: EmailAddress | FieldInvalid | None, name: str, seen: dict[str, int]) -> str | None:
    if email is None:
        return "has no e-mail address"
    if isinstance(email, FieldInvalid):
        return f"its e-mail address is none of at most {MAX_EMAIL_CHARS} characters"
    if email.key in seen:
        return f"its e-mail address is that of line {seen[email.key]}"
    problem = text_problem(name, 1, MAX_NAME_CHARS)
    return None if problem is None else f"its name {problem}"

"""CSV as people send it: UTF-8 with a mark or without, comma or semicolon, the columns that count named in line 1."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from services.runtime.errors import FieldInvalid


@dataclass(frozen=True, slots=True)
class CsvColumns:
    """The columns that a file must have; `limit` says in words what it must be like."""

    names: tuple[str, ...]
    max_bytes: int
    limit: str

    def refused(self, field: str, content: bytes) -> FieldInvalid | None:
        """What is wrong with the file as a whole, whatever is in its lines."""
        if len(content) > self.max_bytes:
            return FieldInvalid(field, f"has {len(content):,} bytes", f"at most {self.max_bytes:,} bytes")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            return FieldInvalid(field, f"is not UTF-8 in line {line}", "UTF-8")
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            return FieldInvalid(field, f"has a zero byte in line {line}", "UTF-8")
        # A mark of the byte order alone is no text either.
        if not text.strip():
            return FieldInvalid(field, "is empty", self.limit)
        header = _header(text)
        missing = next((name for name in self.names if name not in header), None)
        return FieldInvalid(field, f"has no column {missing} in line 1", self.limit) if missing else None

    def lines(self, content: bytes) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The number of each line that has anything, and its cells in the order of the names; '' for one that is not
        there. See refused() first."""
        text = content.decode("utf-8-sig")
        header = _header(text)
        places = [header.index(name) for name in self.names]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        try:
            next(reader)
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, tuple(row[at].strip() if at < len(row) else "" for at in places)
        except csv.Error:
            # A quote that never ends, a cell of 128 kB: nothing after it can be trusted.
            yield reader.line_num, ("",) * len(places)


def _header(text: str) -> list[str]:
    try:
        return [
            name.strip() for name in next(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)), [])
        ]
    except csv.Error:
        return []


def _delimiter(text: str) -> str:
    first = text.splitlines()[0]
    return ";" if first.count(";") > first.count(",") else ","

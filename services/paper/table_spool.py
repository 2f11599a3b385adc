"""A table written down for the process that makes its file: first what is about it, then its rows, however many.

Only this process and that one read it; rows are written as they come and read as they are wanted, more than once.
"""

from __future__ import annotations

import os
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, Final

import msgspec

from services.paper.house_style import HouseStyle
from services.paper.tables import (
    Amount,
    Cell,
    CellKind,
    Chart,
    Row,
    Share,
    TableBlock,
    TableColumn,
    TableDocument,
    Total,
)

_LENGTH: Final = struct.Struct(">I")
_ROWS_AT_ONCE: Final = 500
_END: Final = _LENGTH.pack(0)


@dataclass(frozen=True, slots=True)
class SpooledBlock:
    """A block before its rows are known: they come one after the other, once."""

    name: str
    rows: AsyncIterator[Row]
    totals: Sequence[Total] = ()
    charts: Sequence[Chart] = ()


class _Block(msgspec.Struct):
    name: str
    totals: list[tuple[str, list[Any]]]
    charts: list[Chart]


class _Head(msgspec.Struct):
    form: str
    style: HouseStyle
    title: str
    subtitle: str
    facts: list[tuple[str, str]]
    columns: list[TableColumn]
    blocks_heading: str
    nothing: str
    about: str
    currency_word: str
    blocks: list[_Block]


@dataclass(frozen=True, slots=True)
class Spooled:
    """What was written down: in which form the file is wanted, in which style, and the table."""

    form: str
    style: HouseStyle
    document: TableDocument


async def spool(
    file: BinaryIO, form: str, style: HouseStyle, document: TableDocument, blocks: Sequence[SpooledBlock], most: int
) -> bool:
    """Writes it all, `document` without its blocks. False, and the rest is left out, where rows are over `most`."""
    packed = [
        _Block(block.name, [(total.label, _wire(total.cells)) for total in block.totals], list(block.charts))
        for block in blocks
    ]
    head = _Head(
        form=form,
        style=style,
        title=document.title,
        subtitle=document.subtitle,
        facts=list(document.facts),
        columns=list(document.columns),
        blocks_heading=document.blocks_heading,
        nothing=document.nothing,
        about=document.about,
        currency_word=document.currency_word,
        blocks=packed,
    )
    _write(file, msgspec.msgpack.encode(head))
    count = 0
    for block in blocks:
        waiting: list[list[Any]] = []
        async for row in block.rows:
            count += 1
            if count > most:
                return False
            waiting.append(_wire(row))
            if len(waiting) == _ROWS_AT_ONCE:
                _write(file, msgspec.msgpack.encode(waiting))
                waiting = []
        if waiting:
            _write(file, msgspec.msgpack.encode(waiting))
        file.write(_END)
    file.flush()
    return True


def spooled(file: BinaryIO) -> Spooled:
    """Reads what was written. The file must be able to seek, and stay open while rows are read."""
    file.seek(0)
    head = msgspec.msgpack.decode(_read(file), type=_Head)
    readers = [_READERS[column.kind] for column in head.columns]
    blocks = []
    for block in head.blocks:
        blocks.append(
            TableBlock(
                block.name,
                _rows_from(file, file.tell(), readers),
                [Total(label, _row(readers, cells)) for label, cells in block.totals],
                block.charts,
            )
        )
        while length := _length(file):
            file.seek(length, os.SEEK_CUR)
    document = TableDocument(
        title=head.title,
        subtitle=head.subtitle,
        facts=head.facts,
        columns=head.columns,
        blocks=blocks,
        blocks_heading=head.blocks_heading,
        nothing=head.nothing,
        about=head.about,
        currency_word=head.currency_word,
    )
    return Spooled(head.form, head.style, document)


Reader = Callable[[Any], Cell]


def _same(cell: Any) -> Cell:
    found: Cell = cell
    return found


_READERS: Final[dict[CellKind, Reader]] = {
    CellKind.TEXT: _same,
    CellKind.NUMBER: _same,
    CellKind.MONEY: lambda cell: Amount(*cell),
    CellKind.PERCENT: lambda cell: Share(*cell),
    CellKind.DAY: date.fromisoformat,
    CellKind.MONTH: date.fromisoformat,
    CellKind.MOMENT: datetime.fromisoformat,
}


def _rows_from(file: BinaryIO, place: int, readers: Sequence[Reader]) -> Callable[[], Iterator[Row]]:
    def rows() -> Iterator[Row]:
        at = place
        while True:
            # Another block's rows may have been read in between.
            file.seek(at)
            content = _read(file)
            at = file.tell()
            if not content:
                return
            for row in msgspec.msgpack.decode(content):
                yield _row(readers, row)

    return rows


def _row(readers: Sequence[Reader], row: list[Any]) -> Row:
    return [None if cell is None else reader(cell) for reader, cell in zip(readers, row, strict=True)]


def _wire(row: Row) -> list[Any]:
    # msgpack has no offsets: an instant would come back in UTC.
    return [cell.isoformat() if isinstance(cell, datetime) else cell for cell in row]


def _write(file: BinaryIO, content: bytes) -> None:
    file.write(_LENGTH.pack(len(content)))
    file.write(content)


def _length(file: BinaryIO) -> int:
    length: int = _LENGTH.unpack(file.read(_LENGTH.size))[0]
    return length


def _read(file: BinaryIO) -> bytes:
    return file.read(_length(file))

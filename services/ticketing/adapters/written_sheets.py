"""What stands on a document, as bytes that are kept until it is drawn: msgpack, compressed."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from services.ticketing.ports.paper import (
    CalendarSheet,
    InvoiceSheet,
    LetterSheet,
    LogoSheet,
    NoteSheet,
    OfficeSheet,
    PlanSheet,
    Sheet,
    StatementSheet,
    TicketsSheet,
)

_KINDS: Final[dict[str, type[Sheet]]] = {
    "tickets": TicketsSheet,
    "note": NoteSheet,
    "plan": PlanSheet,
    "statement": StatementSheet,
    "logo": LogoSheet,
    "office": OfficeSheet,
    "letter": LetterSheet,
    "calendar": CalendarSheet,
    "invoice": InvoiceSheet,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


def written(sheet: Sheet) -> bytes:
    """The kind's name, a line end, and the sheet."""
    return _NAMES[type(sheet)].encode() + b"\n" + zlib.compress(msgspec.msgpack.encode(sheet), 1)


def read(content: bytes) -> Sheet:
    """What `written` was given."""
    name, _, packed = content.partition(b"\n")
    sheet: Sheet = msgspec.msgpack.decode(zlib.decompress(packed), type=_KINDS[name.decode()])
    return sheet

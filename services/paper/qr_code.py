"""QR codes for tickets: level M, 37 to 49 modules a side, so that a box of 27 mm shows at least 22 mm of code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import segno

SMALLEST_VERSION: Final = 5
LARGEST_VERSION: Final = 8
# Modules of white that a code needs on each side.
QUIET_MODULES: Final = 4
# With its quiet zone.
SMALLEST_BOX_MM: Final = 27.0
# Short texts are filled up with a regular pattern, so the best of the eight masks is looked for; signed codes are noise
# under any mask, and looking takes six times as long as the rest.
_SHORT_TEXT = 60
_MASK_OF_LONG_TEXTS = 3


@dataclass(frozen=True, slots=True)
class QrCode:
    """A side's modules without quiet zone, and the rows as bits for a PDF image mask: hexadecimal, dark is 0."""

    modules: int
    bits: str


class QrTextTooLong(ValueError):
    """The text does not fit into 49 x 49 modules at level M."""


def qr_code(text: str) -> QrCode:
    """The code of a ticket. Raises QrTextTooLong: codes are made short enough, foreign ones are refused before."""
    mask = _MASK_OF_LONG_TEXTS if len(text) >= _SHORT_TEXT else None
    try:
        code = segno.make_qr(text, error="m", boost_error=False, mask=mask)
        if int(code.version) < SMALLEST_VERSION:
            code = segno.make_qr(text, error="m", boost_error=False, mask=mask, version=SMALLEST_VERSION)
    except segno.DataOverflowError as error:
        raise QrTextTooLong(len(text)) from error
    if int(code.version) > LARGEST_VERSION:
        raise QrTextTooLong(len(text))
    modules = len(code.matrix)
    digits = (modules + 7) // 8 * 2
    padding = digits * 4 - modules
    every_bit = (1 << modules) - 1
    rows = (int("".join("1" if module else "0" for module in row), 2) for row in code.matrix)
    return QrCode(modules, "".join(f"{(row ^ every_bit) << padding:0{digits}x}" for row in rows))

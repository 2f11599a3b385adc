"""Fits a text into a box: smaller, on more lines, and only as the last resort with an ellipsis. Nothing overflows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from services.paper.typeface import ASCENT, DESCENT, LEADING, printable, text_width

ELLIPSIS = "…"
# Points by which a text shrinks from try to try.
_STEP = 0.5


@dataclass(frozen=True, slots=True)
class FittedText:
    """Lines of one size, in points. `is_whole` False: the end did not fit."""

    lines: tuple[str, ...]
    size: float
    is_whole: bool = True

    @property
    def height(self) -> float:
        """In points, from the top of the first line's accents to the bottom of the last."""
        return block_height(len(self.lines), self.size)


def block_height(lines: int, size: float) -> float:
    """Points that so many lines take."""
    return ((lines - 1) * LEADING + ASCENT + DESCENT) * size if lines else 0.0


@lru_cache(maxsize=2_048)
def fitted(text: str, width: float, height: float, size: float, smallest: float, *, bold: bool) -> FittedText:
    """The text in the largest size from `size` down to `smallest` at which it fits, all in points.

    Words are broken only where no size would do without; lines of the text (\\n) stay lines.
    """
    paragraphs = [printable(line) for line in text.split("\n")]
    for breaks_words in (False, True):
        tried = size
        while tried >= smallest:
            lines = _wrapped(paragraphs, width, tried, bold=bold, breaks_words=breaks_words)
            if lines is not None and block_height(len(lines), tried) <= height:
                return FittedText(tuple(lines), tried)
            tried -= _STEP
    return _cut(paragraphs, width, height, smallest, bold=bold)


def wrapped(text: str, width: float, size: float, *, bold: bool) -> tuple[str, ...]:
    """The lines of a text in one size, however many."""
    return tuple(_wrapped([printable(line) for line in text.split("\n")], width, size, bold=bold) or ())


def _cut(paragraphs: list[str], width: float, height: float, size: float, *, bold: bool) -> FittedText:
    lines = _wrapped(paragraphs, width, size, bold=bold) or []
    room = max(1, int((height / size - ASCENT - DESCENT) / LEADING) + 1)
    if len(lines) <= room:
        return FittedText(tuple(lines), size, is_whole=False)
    last = lines[room - 1].rstrip()
    while last and text_width(last + ELLIPSIS, size, bold=bold) > width:
        last = last[:-1].rstrip()
    return FittedText((*lines[: room - 1], last + ELLIPSIS), size, is_whole=False)


def _wrapped(
    paragraphs: list[str], width: float, size: float, *, bold: bool, breaks_words: bool = True
) -> list[str] | None:
    """None where a word is wider than the box and may not be broken."""
    lines: list[str] = []
    for paragraph in paragraphs:
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if text_width(longer, size, bold=bold) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
            if text_width(word, size, bold=bold) > width:
                if not breaks_words:
                    return None
                *full, line = _pieces(word, width, size, bold=bold)
                lines.extend(full)
        lines.append(line)
    return lines


def _pieces(word: str, width: float, size: float, *, bold: bool) -> list[str]:
    pieces, piece = [], ""
    for character in word:
        if piece and text_width(piece + character, size, bold=bold) > width:
            pieces.append(piece)
            piece = ""
        piece += character
    return [*pieces, piece]

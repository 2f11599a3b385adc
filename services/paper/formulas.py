"""Keeps a spreadsheet from running what people typed: texts it would take for formulas begin with an apostrophe."""

from __future__ import annotations

from typing import Final

# The wide ones are taken for the narrow ones by spreadsheets set to Chinese, Japanese or Korean.
_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Spreadsheets and the programs that clean up after them take these off first.
_SKIPPED: Final = " \u00a0\u3000\ufeff\u200b\"'`"


def neutralised(text: str) -> str:
    """The text, with an apostrophe before it where it could be run. Numbers are no texts and never come here."""
    return f"'{text}" if text.startswith(_STARTS) or text.lstrip(_SKIPPED).startswith(_STARTS) else text

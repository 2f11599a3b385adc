"""Bounds on text that strangers send. Nothing here knows what the text is for."""

from __future__ import annotations

import re

from services.runtime.errors import FieldInvalid

# Control characters, line separators, and halves of surrogate pairs: no store, log line or page wants them.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def text_problem(value: str, at_least: int, at_most: int) -> str | None:
    """What is wrong with a text of `at_least` to `at_most` characters on one line, None if nothing is."""
    if len(value) > at_most:
        return f"has {len(value):,} characters"
    if len(value) < at_least:
        return "is empty" if not value else f"has {len(value)} characters"
    if not value.isprintable() and _FORBIDDEN.search(value):
        return "has control characters"
    return "is blank" if value and value.isspace() else None


def text_limit(at_least: int, at_most: int) -> str:
    """The bound as people read it."""
    return f"{at_least} to {at_most} characters on one line"


def refused_text(field: str, value: str, *, at_least: int = 1, at_most: int) -> FieldInvalid | None:
    """The refusal for a text outside its bounds, else None."""
    problem = text_problem(value, at_least, at_most)
    return None if problem is None else FieldInvalid(field, problem, text_limit(at_least, at_most))

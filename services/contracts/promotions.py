"""Promotion codes as people type them. Catalogue and orders read them by the same rule. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.runtime.errors import UNSET, FieldInvalid, Kind, Refusal

MAX_CODE_CHARS = 40

_CODE = re.compile(r"[A-Z0-9](?:[A-Z0-9_-]*[A-Z0-9])?")


@dataclass(frozen=True, slots=True)
class PromotionUnknown(Refusal):
    """The house has no promotion {code} that may be had."""

    kind = Kind.NOT_FOUND
    code: str


def code_of(typed: str) -> str:
    """The code in its one spelling: capitals, no space around it."""
    return typed.strip().upper()


def refused_code(field: str, code: str, *, at_most: int = MAX_CODE_CHARS) -> FieldInvalid | None:
    """The refusal for what is no code in its one spelling, else None."""
    if len(code) <= at_most and _CODE.fullmatch(code):
        return None
    problem = UNSET
    if code:
        problem = f"has {len(code):,} characters" if len(code) > at_most else "has characters that a code cannot have"
    return FieldInvalid(field, problem, f"1 to {at_most} letters, digits, inner hyphens and underscores")

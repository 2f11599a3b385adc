"""The languages that Balcon speaks to people: of mails, pages and texts that a house gives in several of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.runtime.errors import UNSET, FieldInvalid

LANGUAGES: Final = ("en", "nl", "de", "nb")
_LIMIT = f"some of {', '.join(LANGUAGES)}, each once, the default first"


def refused_language(field: str, language: str) -> FieldInvalid | None:
    """The refusal for what is none of LANGUAGES, else None."""
    if language in LANGUAGES:
        return None
    return FieldInvalid(field, f"{language[:16]!r} is not spoken" if language else UNSET, ", ".join(LANGUAGES))


def refused_languages(field: str, languages: Sequence[str]) -> FieldInvalid | None:
    """The refusal for a list that is empty, has one twice or one that is none of LANGUAGES, else None."""
    if not languages:
        return FieldInvalid(field, UNSET, _LIMIT)
    unknown = sorted({language[:16] for language in languages if language not in LANGUAGES})
    if unknown:
        return FieldInvalid(field, f"has {', '.join(map(repr, unknown[:8]))}", _LIMIT)
    return FieldInvalid(field, "has a language twice", _LIMIT) if len(set(languages)) < len(languages) else None

"""What is said of one performance in place of what its production says: a prelude, a guest, signs for the deaf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.catalogue.domain.production import MAX_TRANSLATIONS, ProductionText
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.texts import refused_language, refused_lines, refused_text
from services.runtime.errors import FieldInvalid

# Performances are many, and each event tells all of one.
MAX_OWN_DESCRIPTION_CHARS = 2_000
# As many characters take the room of one price in an answer.
_PART_CHARS = 900


def faults_of_own_texts(texts: Sequence[ProductionText], within: str = "") -> Iterator[FieldInvalid | None]:
    """All that is wrong with them; `within` leads to their field."""
    if len(texts) > MAX_TRANSLATIONS:
        yield FieldInvalid(f"{within}texts", f"has {len(texts):,}", f"at most {MAX_TRANSLATIONS}")
        return
    seen: set[str] = set()
    for index, text in enumerate(texts):
        at = f"{within}texts[{index}]"
        yield refused_language(f"{at}.language", text.language)
        if text.language in seen:
            yield FieldInvalid(f"{at}.language", f"{text.language!r} is there twice", "each language once")
        seen.add(text.language)
        yield refused_text(f"{at}.title", text.title, at_least=0, at_most=MAX_NAME_CHARS)
        yield refused_text(f"{at}.subtitle", text.subtitle, at_least=0, at_most=MAX_NAME_CHARS)
        yield refused_lines(f"{at}.description", text.description, at_most=MAX_OWN_DESCRIPTION_CHARS)


def parts_of(texts: Sequence[ProductionText]) -> int:
    """How much of a page of a list they take: see MAX_PAGE_PARTS."""
    characters = sum(len(text.title) + len(text.subtitle) + len(text.description) for text in texts)
    return (characters + _PART_CHARS - 1) // _PART_CHARS


def search_text(title: str, code: str, texts: Sequence[ProductionText]) -> str:
    """What a list's `text` is looked for in, a line a name, upper and lower case being the same."""
    return "\n".join(name.casefold() for name in (title, code, *(text.title for text in texts)) if name)

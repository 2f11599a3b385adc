"""What a house asks consent to (R3.18). Nothing here could say that a box is ticked beforehand, and nothing may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from services.contracts.languages import refused_language
from services.contracts.texts import refused_lines, refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields

MAX_TITLE_CHARS: Final = 120
MAX_DESCRIPTION_CHARS: Final = 2_000
MAX_POSITION: Final = 1_000
# Nobody reads more, and a checkout shows all of a kind at once.
MAX_CONSENTS: Final = 100
# Of one answer.
MAX_TICKS: Final = 20


class ConsentScope(Enum):
    """What a consent is about; names as in balcon.customers.v1.ConsentScope."""

    HOUSE = "HOUSE"
    PRODUCTION = "PRODUCTION"
    PERFORMANCE = "PERFORMANCE"
    PROMOTER = "PROMOTER"


class ConsentMedium(Enum):
    """By which way somebody is spoken to; names as in balcon.customers.v1.ConsentMedium."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    POST = "POST"


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What is asked, in one language."""

    language: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """A question of the house. `thing_id` is '' for the house in general; `text_version` is that of `texts`."""

    house_id: str
    consent_id: str
    scope: ConsentScope
    thing_id: str
    medium: ConsentMedium
    position: int
    text_version: int
    texts: tuple[ConsentText, ...]
    archived: bool
    revision: int

    def title_in(self, language: str) -> str:
        """In the language, or else in the first that there is."""
        return next((text.title for text in self.texts if text.language == language), self.texts[0].title)


@dataclass(frozen=True, slots=True, order=True)
class Tick:
    """A box that somebody has ticked, with the version of the text that was read."""

    consent_id: str
    text_version: int


def refused_consent_texts(field: str, texts: Sequence[ConsentText]) -> FieldInvalid | None:
    """All that is wrong with the texts of a question, else None."""
    if not texts:
        return FieldInvalid(field, UNSET, "one a language, one at least")
    languages = [text.language for text in texts]
    twice = sorted({one for one in languages if languages.count(one) > 1})
    return refused_fields(
        (
            FieldInvalid(field, f"has {', '.join(twice)[:50]} twice", "one a language") if twice else None,
            *(_refused_text(f"{field}[{place}]", text) for place, text in enumerate(texts)),
        )
    )


def _refused_text(field: str, text: ConsentText) -> FieldInvalid | None:
    return refused_fields(
        (
            refused_language(f"{field}.language", text.language),
            refused_text(f"{field}.title", text.title, at_most=MAX_TITLE_CHARS),
            refused_lines(f"{field}.description", text.description, at_most=MAX_DESCRIPTION_CHARS),
        )
    )


def refused_thing(scope: ConsentScope | None, thing_id: str) -> FieldInvalid | None:
    """A question about something names it, one of the house in general names nothing."""
    if scope is ConsentScope.HOUSE and thing_id:
        return FieldInvalid("thing_id", "is set", "empty for the house in general")
    if scope not in {ConsentScope.HOUSE, None} and not thing_id:
        return FieldInvalid("thing_id", UNSET, "the production, the performance, or the grant to the promoter")
    return None


def refused_position(position: int) -> FieldInvalid | None:
    """The refusal for a place that nothing stands at, else None."""
    return None if position <= MAX_POSITION else FieldInvalid("position", f"is {position}", f"0 to {MAX_POSITION}")


def changed_consent(
    consent: Consent, *, position: int | None, texts: tuple[ConsentText, ...] | None, archived: bool | None = None
) -> Consent:
    """With the new values, None leaves one as it is. New texts are a new version; no news is the same consent."""
    new_texts = consent.texts if texts is None else texts
    after = replace(
        consent,
        position=consent.position if position is None else position,
        texts=new_texts,
        text_version=consent.text_version + (new_texts != consent.texts),
        archived=consent.archived if archived is None else archived,
    )
    return consent if after == consent else replace(after, revision=consent.revision + 1)

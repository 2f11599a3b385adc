"""Productions: what is shown, and what is told about it in the languages that a house publishes in (R2.3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, fields, replace
from enum import Enum

from services.catalogue.domain.house import House
from services.catalogue.domain.poster import Poster
from services.contracts.bounds import MAX_NAME_CHARS, MAX_PAGE_SIZE
from services.contracts.instants import refused_instant
from services.contracts.texts import refused_language, refused_lines, refused_text, refused_url
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_DESCRIPTION_CHARS = 10_000
MAX_CREDITS_CHARS = 4_000
MAX_PERFORMERS = 50
MAX_TRANSLATIONS = 20
MAX_EXTERNAL_CODES = 20
MAX_DURATION_MINUTES = 24 * 60
MAX_AGE = 120
DEFAULT_LANGUAGE = "en"
_SYSTEM = re.compile(r"[a-z0-9._-]{1,64}")
# With the longest letters a part is some 4 kB, and as many as a page has stay within MAX_ANSWER_BYTES.
_PART_CHARS = 900


class Genre(Enum):
    """What kind of show it is. Values are what the store keeps; UNKNOWN is one of a later version, which is refused."""

    PLAY = "play"
    MUSICAL = "musical"
    OPERA = "opera"
    DANCE = "dance"
    COMEDY = "comedy"
    CIRCUS = "circus"
    FAMILY = "family"
    CLASSICAL = "classical"
    POP = "pop"
    JAZZ_AND_WORLD = "jazz_and_world"
    LITERATURE = "literature"
    FILM = "film"
    EXHIBITION = "exhibition"
    SPORTS = "sports"
    EDUCATION = "education"
    SOCIAL = "social"
    FESTIVAL = "festival"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AgeAdvice:
    """For whom it is meant, in years; 0 is any."""

    from_age: int = 0
    to_age: int = 0


@dataclass(frozen=True, slots=True)
class ProductionText:
    """What is said in one more language; what is empty is said in the default language."""

    language: str
    title: str = ""
    subtitle: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class ExternalCode:
    """What somebody else calls the production."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class ProductionDetails:
    """What a house says of a production. Its fields are those that an update may change, named as on the wire."""

    title: str
    performers: tuple[str, ...] = ()
    # Empty: the house's first; see with_language.
    default_language: str = ""
    subtitle: str = ""
    description: str = ""
    translations: tuple[ProductionText, ...] = ()
    genre: Genre | None = None
    duration_minutes: int = 0
    age_advice: AgeAdvice = field(default_factory=AgeAdvice)
    credits: str = ""
    source_url: str = ""
    external_codes: tuple[ExternalCode, ...] = ()


CHANGEABLE = frozenset(detail.name for detail in fields(ProductionDetails))


@dataclass(frozen=True, slots=True)
class Production:
    """A production as it is now. `archived_at_ms` is None as long as it is not archived."""

    production_id: str
    house_id: str
    details: ProductionDetails
    created_at_ms: int
    revision: int = 1
    archived_at_ms: int | None = None
    poster: Poster | None = None

    @property
    def title(self) -> str:
        """What is shown, in the default language."""
        return self.details.title


@dataclass(frozen=True, slots=True)
class ProductionFilter:
    """Which productions a list has: those that pass everything that is set."""

    text: str = ""
    genre: Genre | None = None
    performed_from_ms: int = 0
    include_archived: bool = False
    # Empty: whichever.
    production_ids: tuple[str, ...] = ()


def with_language(details: ProductionDetails, house: House) -> ProductionDetails:
    """The details with a default language: where none is said, the first that the house publishes in."""
    if details.default_language:
        return details
    return replace(details, default_language=next(iter(house.languages), DEFAULT_LANGUAGE))


def changed(production: Production, details: ProductionDetails) -> Production:
    """The production with other details, one revision later."""
    return replace(production, details=details, revision=production.revision + 1)


def changed_poster(production: Production, poster: Poster | None) -> Production:
    """The production with another poster or with none, one revision later."""
    return replace(production, poster=poster, revision=production.revision + 1)


def archived(production: Production, now_ms: int) -> Production:
    """The production out of use, one revision later."""
    return replace(production, archived_at_ms=now_ms, revision=production.revision + 1)


def search_text(details: ProductionDetails) -> str:
    """What a list's `text` is looked for in, a line a name, upper and lower case being the same."""
    names = (details.title, *details.performers, *(text.title for text in details.translations))
    return "\n".join(name.casefold() for name in names if name)


def answer_parts(details: ProductionDetails) -> int:
    """How much of a page of a list it takes: see MAX_PAGE_PARTS."""
    texts = (details.title, *details.performers, details.subtitle, details.description, details.credits)
    translated = sum(len(text.title) + len(text.subtitle) + len(text.description) for text in details.translations)
    codes = sum(len(code.system) + len(code.code) for code in details.external_codes)
    return 1 + (sum(map(len, texts)) + translated + codes + len(details.source_url)) // _PART_CHARS


def refused_filter(wanted: ProductionFilter) -> FieldInvalid | None:
    """All that is wrong with a list's filters, None if nothing is."""
    text = refused_text("text", wanted.text, at_least=0, at_most=MAX_NAME_CHARS)
    performed = refused_instant("performed_from_at", wanted.performed_from_ms, may_be_unset=True)
    count = _refused_count("production_ids", wanted.production_ids, MAX_PAGE_SIZE)
    asked = wanted.production_ids[:MAX_PAGE_SIZE]
    ids = (refused_key(f"production_ids[{index}]", one) for index, one in enumerate(asked))
    return refused_fields((text, _refused_genre("genre", wanted.genre), performed, count, *ids))


def refused_details(details: ProductionDetails, *, within: str = "") -> FieldInvalid | None:
    """All that is wrong with what is said of a production, None if nothing is. `within` leads to its fields."""
    return refused_fields(
        (
            *_faults_of_texts(details, within),
            *_faults_of_translations(details, within),
            _refused_genre(f"{within}genre", details.genre),
            *_faults_of_numbers(details, within),
            *_faults_of_codes(details.external_codes, within),
        )
    )


def _faults_of_texts(details: ProductionDetails, within: str) -> Iterator[FieldInvalid | None]:
    yield refused_text(f"{within}title", details.title, at_most=MAX_NAME_CHARS)
    yield _refused_count(f"{within}performers", details.performers, MAX_PERFORMERS)
    for index, performer in enumerate(details.performers[:MAX_PERFORMERS]):
        yield refused_text(f"{within}performers[{index}]", performer, at_most=MAX_NAME_CHARS)
    if details.default_language:
        yield refused_language(f"{within}default_language", details.default_language)
    yield refused_text(f"{within}subtitle", details.subtitle, at_least=0, at_most=MAX_NAME_CHARS)
    yield refused_lines(f"{within}description", details.description, at_most=MAX_DESCRIPTION_CHARS)
    yield refused_lines(f"{within}credits", details.credits, at_most=MAX_CREDITS_CHARS)
    if details.source_url:
        yield refused_url(f"{within}source_url", details.source_url)


def _faults_of_translations(details: ProductionDetails, within: str) -> Iterator[FieldInvalid | None]:
    yield _refused_count(f"{within}translations", details.translations, MAX_TRANSLATIONS)
    seen = {details.default_language}
    for index, text in enumerate(details.translations[:MAX_TRANSLATIONS]):
        at = f"{within}translations[{index}]"
        yield refused_language(f"{at}.language", text.language)
        if text.language in seen:
            yield FieldInvalid(f"{at}.language", f"{text.language!r} is there twice", "each language once")
        seen.add(text.language)
        yield refused_text(f"{at}.title", text.title, at_least=0, at_most=MAX_NAME_CHARS)
        yield refused_text(f"{at}.subtitle", text.subtitle, at_least=0, at_most=MAX_NAME_CHARS)
        yield refused_lines(f"{at}.description", text.description, at_most=MAX_DESCRIPTION_CHARS)


def _refused_genre(at: str, genre: Genre | None) -> FieldInvalid | None:
    if genre is not Genre.UNKNOWN:
        return None
    return FieldInvalid(at, "is not known", ", ".join(one.value for one in Genre if one is not Genre.UNKNOWN))


def _faults_of_numbers(details: ProductionDetails, within: str) -> Iterator[FieldInvalid]:
    age = details.age_advice
    for at, value, limit in (
        ("duration_minutes", details.duration_minutes, MAX_DURATION_MINUTES),
        ("age_advice.from_age", age.from_age, MAX_AGE),
        ("age_advice.to_age", age.to_age, MAX_AGE),
    ):
        if value > limit:
            yield FieldInvalid(f"{within}{at}", f"is {value:,}", f"0 to {limit:,}")
    if 0 < age.to_age < age.from_age <= MAX_AGE:
        yield FieldInvalid(f"{within}age_advice.to_age", f"is {age.to_age}", f"{age.from_age} (from_age) or more, or 0")


def _faults_of_codes(codes: tuple[ExternalCode, ...], within: str) -> Iterator[FieldInvalid | None]:
    yield _refused_count(f"{within}external_codes", codes, MAX_EXTERNAL_CODES)
    seen = set()
    for index, one in enumerate(codes[:MAX_EXTERNAL_CODES]):
        at = f"{within}external_codes[{index}]"
        if not _SYSTEM.fullmatch(one.system):
            problem = "has characters that a system's name cannot have, or too many" if one.system else UNSET
            yield FieldInvalid(f"{at}.system", problem, "1 to 64 characters of a-z, 0-9, '.', '_' and '-'")
        elif one.system in seen:
            yield FieldInvalid(f"{at}.system", f"{one.system!r} is there twice", "one code for each system")
        seen.add(one.system)
        yield refused_text(f"{at}.code", one.code, at_most=MAX_NAME_CHARS)


def _refused_count(at: str, things: Collection[object], limit: int) -> FieldInvalid | None:
    return None if len(things) <= limit else FieldInvalid(at, f"has {len(things):,}", f"at most {limit}")

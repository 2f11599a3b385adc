"""Productions between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.domain.poster import Poster
from services.catalogue.domain.production import (
    AgeAdvice,
    ExternalCode,
    Genre,
    Production,
    ProductionDetails,
    ProductionFilter,
    ProductionText,
)
from services.contracts.changes import etag_of
from services.contracts.texts import as_lines
from services.contracts.wire_types import instant_ms, wire_instant

_GENRES: Mapping[Genre | None, pb.Genre.ValueType] = {
    genre: pb.Genre.Value(f"GENRE_{genre.name}") for genre in Genre if genre is not Genre.UNKNOWN
} | {None: pb.GENRE_UNSPECIFIED}
_GENRES_OF_WIRE: Mapping[int, Genre | None] = {wire: genre for genre, wire in _GENRES.items()}


def production_message(production: Production) -> pb.Production:
    """The production on the wire."""
    details = production.details
    age = details.age_advice
    return pb.Production(
        production_id=production.production_id,
        house_id=production.house_id,
        title=details.title,
        performers=details.performers,
        default_language=details.default_language,
        subtitle=details.subtitle,
        description=details.description,
        translations=text_messages(details.translations),
        genre=_GENRES[details.genre],
        duration_minutes=details.duration_minutes,
        age_advice=pb.AgeAdvice(from_age=age.from_age, to_age=age.to_age) if age != AgeAdvice() else None,
        credits=details.credits,
        source_url=details.source_url,
        external_codes=[pb.ExternalCode(system=one.system, code=one.code) for one in details.external_codes],
        etag=etag_of(production.revision),
        created_at=wire_instant(production.created_at_ms),
        poster=None if production.poster is None else _poster_message(production.poster),
        archived_at=None if production.archived_at_ms is None else wire_instant(production.archived_at_ms),
    )


def _poster_message(poster: Poster) -> pb.Poster:
    sizes = [pb.PosterSize(width=size.width, height=size.height) for size in poster.sizes]
    return pb.Poster(version=poster.version, sizes=sizes)


def details_of(asked: pb.CreateProductionRequest | pb.Production) -> ProductionDetails:
    """What the house says of it: the two messages have these fields under the same names."""
    return ProductionDetails(
        title=asked.title,
        performers=tuple(asked.performers),
        default_language=asked.default_language,
        subtitle=asked.subtitle,
        description=as_lines(asked.description),
        translations=texts_of(asked.translations),
        genre=_genre_of(asked.genre),
        duration_minutes=asked.duration_minutes,
        age_advice=AgeAdvice(asked.age_advice.from_age, asked.age_advice.to_age),
        credits=as_lines(asked.credits),
        source_url=asked.source_url,
        external_codes=tuple(ExternalCode(one.system, one.code) for one in asked.external_codes),
    )


def text_messages(texts: Sequence[ProductionText]) -> list[pb.ProductionText]:
    """What is said in more languages, on the wire."""
    return [
        pb.ProductionText(
            language=text.language, title=text.title, subtitle=text.subtitle, description=text.description
        )
        for text in texts
    ]


def texts_of(asked: Iterable[pb.ProductionText]) -> tuple[ProductionText, ...]:
    """What the house says in more languages."""
    return tuple(ProductionText(text.language, text.title, text.subtitle, as_lines(text.description)) for text in asked)


def filter_of(asked: pb.ListProductionsRequest) -> ProductionFilter:
    """Which productions are asked for."""
    return ProductionFilter(
        text=asked.text,
        genre=_genre_of(asked.genre),
        performed_from_ms=instant_ms(asked.performed_from_at),
        include_archived=asked.include_archived,
        production_ids=tuple(asked.production_ids),
    )


def _genre_of(wire: int) -> Genre | None:
    return _GENRES_OF_WIRE.get(wire, Genre.UNKNOWN)

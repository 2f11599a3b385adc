"""Which performances a list has: those that pass everything that is set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.catalogue.domain.performance import Publication, SaleState, refused_code
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.instants import instant_text, refused_instant
from services.contracts.texts import refused_text
from services.runtime.errors import FieldInvalid, refused_fields
from services.runtime.ids import refused_key


@dataclass(frozen=True, slots=True)
class PerformanceFilter:
    """Instants are unix milliseconds. A state or publication that is None is one that is not known."""

    starts_from_ms: int = 0
    # Before that one, so that the days of a calendar do not overlap.
    starts_until_ms: int = 0
    production_id: str = ""
    hall_id: str = ""
    series_id: str = ""
    code: str = ""
    text: str = ""
    sale_states: tuple[SaleState | None, ...] = ()
    publications: tuple[Publication | None, ...] = ()
    # What the public is shown then.
    shown_at_ms: int = 0
    include_archived: bool = False


def refused_filter(wanted: PerformanceFilter) -> FieldInvalid | None:
    """All that is wrong with a list's filters, None if nothing is."""
    return refused_fields(_faults(wanted))


def _faults(wanted: PerformanceFilter) -> Iterator[FieldInvalid | None]:
    yield refused_instant("starts_from_at", wanted.starts_from_ms, may_be_unset=True)
    yield refused_instant("starts_until_at", wanted.starts_until_ms, may_be_unset=True)
    yield refused_instant("shown_at", wanted.shown_at_ms, may_be_unset=True)
    if 0 < wanted.starts_until_ms <= wanted.starts_from_ms:
        limit = f"after {instant_text(wanted.starts_from_ms)}"
        yield FieldInvalid("starts_until_at", f"is {instant_text(wanted.starts_until_ms)}", limit)
    for field, value in (
        ("production_id", wanted.production_id),
        ("hall_id", wanted.hall_id),
        ("series_id", wanted.series_id),
    ):
        yield refused_key(field, value) if value else None
    yield refused_code(wanted.code)
    yield refused_text("text", wanted.text, at_least=0, at_most=MAX_NAME_CHARS)
    yield from _faults_of_known("sale_states", wanted.sale_states, [state.name for state in SaleState])
    yield from _faults_of_known("publications", wanted.publications, [each.name for each in Publication])


def _faults_of_known(field: str, asked: Sequence[object], known: Sequence[str]) -> Iterator[FieldInvalid]:
    if len(asked) > len(known):
        yield FieldInvalid(field, f"has {len(asked):,}", f"at most {len(known)}")
        return
    for index, one in enumerate(asked):
        if one is None:
            yield FieldInvalid(f"{field}[{index}]", "is not known", ", ".join(known))

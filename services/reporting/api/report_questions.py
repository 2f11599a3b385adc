"""Questions for reports over gRPC: all that is wrong with one at once, then the question. Saved ones as well."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from balcon.reporting.v1 import report_questions_pb2 as pb

from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.instants import refused_instant
from services.contracts.languages import refused_language
from services.contracts.texts import refused_text
from services.contracts.wire_types import channel_of, instant_ms, refused_channel
from services.reporting.domain.report_kinds import FileFormat, Interval, Period, ReportKind
from services.reporting.handlers.reports.registry import TELLERS
from services.reporting.ports.figures import Narrowing
from services.reporting.ports.report_files import ReportQuestion
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key

MAX_NAMED: Final = 100
_KINDS: Final = {pb.ReportKind.Value(f"REPORT_KIND_{kind.name}"): kind for kind in ReportKind}
_INTERVALS: Final = {pb.ReportInterval.Value(f"REPORT_INTERVAL_{one.name}"): one for one in Interval}
_PERIODS: Final = {pb.ReportPeriod.Value(f"REPORT_PERIOD_{one.name}"): one for one in Period}
_FORMATS: Final = {pb.ReportFormat.Value(f"REPORT_FORMAT_{one.name}"): one for one in FileFormat}
_LISTS: Final = ("performance_ids", "production_ids", "hall_ids", "seller_ids", "office_ids")


def wire_kind(kind: ReportKind) -> pb.ReportKind.ValueType:
    """For a message."""
    return pb.ReportKind.Value(f"REPORT_KIND_{kind.name}")


def refused_format(field: str, wire: pb.ReportFormat.ValueType) -> FieldInvalid | None:
    """The refusal for a format that is none, else None."""
    return _refused_name(field, int(wire), _FORMATS, [one.name for one in FileFormat])


def format_of(wire: pb.ReportFormat.ValueType) -> FileFormat:
    """Of a message that is not refused."""
    return _FORMATS[wire]


def refused_question(field: str, wire: pb.ReportQuestion, *, for_promoter: bool) -> list[FieldInvalid | None]:
    """All that is wrong with it."""
    known = [kind for kind in TELLERS if not (for_promoter and kind is ReportKind.CUSTOMERS)]
    kinds = {wire_kind(kind): kind for kind in known}
    return [
        _refused_name(f"{field}.kind", int(wire.kind), kinds, [kind.name for kind in known]),
        _refused_interval(field, wire),
        *_refused_filter(f"{field}.filter", wire.filter),
        refused_language(f"{field}.language", wire.language),
    ]


def refused_sellers(field: str, wire: pb.ReportFilter) -> FieldInvalid | None:
    """Who sold is the house's: whoever is told of no seller does not find out by asking for one, either."""
    return FieldInvalid(field, "is set", "nothing in what houses have granted") if wire.seller_ids else None


def question_of(wire: pb.ReportQuestion) -> ReportQuestion:
    """Of a message that is not refused."""
    asked = wire.filter
    channels = (channel_of(channel) for channel in asked.channels)
    return ReportQuestion(
        kind=_KINDS[wire.kind],
        language=wire.language,
        narrowing=Narrowing(
            performance_ids=frozenset(asked.performance_ids),
            production_ids=frozenset(asked.production_ids),
            hall_ids=frozenset(asked.hall_ids),
            titles=frozenset(asked.titles),
            channels=frozenset(channel for channel in channels if channel is not None),
            sellers=frozenset(asked.seller_ids),
            office_ids=frozenset(asked.office_ids),
            moved_from_ms=_instant(asked, "moved_from_at"),
            moved_until_ms=_instant(asked, "moved_until_at"),
            starts_from_ms=_instant(asked, "starts_from_at"),
            starts_until_ms=_instant(asked, "starts_until_at"),
        ),
        moved_in=_PERIODS.get(asked.moved_in),
        starts_in=_PERIODS.get(asked.starts_in),
        interval=_INTERVALS.get(wire.interval, Interval.DAY),
    )


def customers_question(wire: pb.ReportFilter, language: str) -> ReportQuestion:
    """Of a filter that is not refused."""
    return question_of(pb.ReportQuestion(kind=pb.REPORT_KIND_CUSTOMERS, filter=wire, language=language))


def refused_filter(field: str, wire: pb.ReportFilter) -> list[FieldInvalid | None]:
    """All that is wrong with a filter by itself."""
    return list(_refused_filter(field, wire))


def kept_question(kept: bytes) -> ReportQuestion:
    """Of a message that was kept in its wire form; it was not refused then."""
    return question_of(pb.ReportQuestion.FromString(kept))


def _refused_interval(field: str, wire: pb.ReportQuestion) -> FieldInvalid | None:
    if not wire.interval:
        return None
    if wire.kind != pb.REPORT_KIND_BY_INTERVAL and wire.kind in _KINDS:
        return FieldInvalid(f"{field}.interval", "is set", "only with BY_INTERVAL")
    return _refused_name(f"{field}.interval", int(wire.interval), _INTERVALS, [one.name for one in Interval])


def _refused_filter(field: str, wire: pb.ReportFilter) -> Iterator[FieldInvalid | None]:
    for times in ("moved", "starts"):
        yield from _refused_times(field, wire, times)
    for name in _LISTS:
        yield from _refused_ids(f"{field}.{name}", getattr(wire, name))
    yield _refused_count(f"{field}.titles", wire.titles)
    for index, title in enumerate(wire.titles[:MAX_NAMED]):
        yield refused_text(f"{field}.titles[{index}]", title, at_most=MAX_NAME_CHARS)
    yield _refused_count(f"{field}.channels", wire.channels)
    for index, channel in enumerate(wire.channels[:MAX_NAMED]):
        yield refused_channel(f"{field}.channels[{index}]", channel)


def _refused_times(field: str, wire: pb.ReportFilter, times: str) -> Iterator[FieldInvalid | None]:
    begins, ends, period = f"{times}_from_at", f"{times}_until_at", f"{times}_in"
    for name in (begins, ends):
        if wire.HasField(name):  # type: ignore[arg-type]
            yield refused_instant(f"{field}.{name}", instant_ms(getattr(wire, name)))
    has_begin, has_end = wire.HasField(begins), wire.HasField(ends)  # type: ignore[arg-type]
    if has_begin and has_end and instant_ms(getattr(wire, begins)) >= instant_ms(getattr(wire, ends)):
        yield FieldInvalid(f"{field}.{ends}", f"is not after {begins}", "later")
    asked = getattr(wire, period)
    if asked:
        yield _refused_name(f"{field}.{period}", int(asked), _PERIODS, [one.name for one in Period])
        if has_begin or has_end:
            yield FieldInvalid(f"{field}.{period}", "is set beside times", f"one of {period} and {begins}, {ends}")


def _refused_ids(field: str, ids: Sequence[str]) -> Iterator[FieldInvalid | None]:
    yield _refused_count(field, ids)
    for index, one in enumerate(ids[:MAX_NAMED]):
        yield refused_key(f"{field}[{index}]", one)


def refused_houses(field: str, ids: Sequence[str]) -> list[FieldInvalid | None]:
    """All that is wrong with a list of houses."""
    return list(_refused_ids(field, ids))


def _refused_count(field: str, entries: Sequence[object]) -> FieldInvalid | None:
    return FieldInvalid(field, f"has {len(entries)} entries", f"{MAX_NAMED}") if len(entries) > MAX_NAMED else None


def _refused_name(field: str, wire: int, known: Collection[int], names: Sequence[str]) -> FieldInvalid | None:
    if wire in known:
        return None
    return FieldInvalid(field, f"{wire} is none" if wire else UNSET, ", ".join(names))


def _instant(wire: pb.ReportFilter, name: str) -> int | None:
    return instant_ms(getattr(wire, name)) if wire.HasField(name) else None  # type: ignore[arg-type]

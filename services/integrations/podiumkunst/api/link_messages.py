"""Links, lines and what is odd about them between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Iterable

from balcon.podiumkunst.v1 import links_pb2 as pb
from balcon.types.v1.principal_pb2 import PrincipalRef as WirePrincipalRef

from services.contracts.house_time import NoSuchLocalTime, calendar_day, local_instant
from services.contracts.texts import refused_text
from services.contracts.wire_types import wire_instant, wire_principal
from services.integrations.podiumkunst.domain.alert import Alert, Oddity
from services.integrations.podiumkunst.domain.connection import MAX_THEATRE_ID_CHARS
from services.integrations.podiumkunst.domain.linkable import LineFilter
from services.integrations.podiumkunst.domain.platform import (
    MAX_NUMBER_CHARS,
    PlatformPerformance,
    is_number,
    split_number,
)
from services.integrations.podiumkunst.domain.show import Link, Show
from services.integrations.podiumkunst.handlers.link_lists import LinkLine, SuggestedShow, UnlinkedLine
from services.integrations.podiumkunst.ports.transaction import Listed
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.principal import PrincipalKind, PrincipalRef

MAX_SEARCH_CHARS = 100
_DAY_LIMIT = "YYYY-MM-DD, 2000 to 2099"
_ODDITIES = {one: pb.Oddity.Value(f"ODDITY_{one.name}") for one in Oddity}


def refused_number(field: str, number: str) -> FieldInvalid | None:
    """The refusal for what cannot be a number of the platform, else None."""
    if is_number(number):
        return None
    return FieldInvalid(
        field,
        "must be letters, digits and signs without spaces" if number else UNSET,
        f"1 to {MAX_NUMBER_CHARS} characters, as the platform has it: NL-00-000-0000000|00000",
    )


def refused_day(field: str, day: str) -> FieldInvalid | None:
    """The refusal for what is no date; '' is not set."""
    if not day or calendar_day(day) is not None:
        return None
    return FieldInvalid(field, f"is {day[:20]!r}", _DAY_LIMIT)


def refused_search(field: str, value: str) -> FieldInvalid | None:
    """The refusal for what nobody can look for, else None."""
    return refused_text(field, value, at_least=0, at_most=MAX_SEARCH_CHARS)


def refused_filter(wire: pb.LineFilter) -> tuple[FieldInvalid | None, ...]:
    """What is wrong with it."""
    is_year = not wire.season or 2000 <= wire.season <= 2099
    return (
        None if is_year else FieldInvalid("which.season", f"is {wire.season}", "a year, 2000 to 2099"),
        refused_search("which.text", wire.text),
        refused_day("which.from_date", wire.from_date),
        refused_day("which.until_date", wire.until_date),
        refused_text("which.theatre_id", wire.theatre_id, at_least=0, at_most=MAX_THEATRE_ID_CHARS),
    )


def filter_of(wire: pb.LineFilter) -> LineFilter:
    """Of one that is not refused."""
    return LineFilter(
        season_from=wire.season,
        text=wire.text,
        from_day=calendar_day(wire.from_date),
        until_day=calendar_day(wire.until_date),
        theatre_id=wire.theatre_id,
        with_others=wire.with_others,
    )


def unlinked_message(line: UnlinkedLine, zone: str) -> pb.UnlinkedLine:
    """A line of the linking screen."""
    return pb.UnlinkedLine(
        performance=platform_message(line.listed, zone),
        suggestions=[_suggestion(one, zone) for one in line.suggestions],
        alerts=_alerts(line.alerts),
    )


def link_message(line: LinkLine, zone: str) -> pb.Link:
    """A link with both its sides."""
    link = line.link
    message = pb.Link(
        number=link.number,
        performance=_own(line, zone),
        linked_at=wire_instant(link.linked_at_ms),
        alerts=_alerts(line.alerts),
    )
    if line.listed is not None:
        message.platform.CopyFrom(platform_message(line.listed, zone))
    who = _principal(link)
    if who is not None:
        message.linked_by.CopyFrom(who)
    return message


def platform_message(listed: Listed, zone: str) -> pb.PlatformPerformance:
    """As the platform tells it."""
    one = listed.performance
    message = pb.PlatformPerformance(
        number=one.number,
        production=split_number(one.number)[0],
        title=one.title,
        performer=one.performer,
        theatre_id=one.theatre.theatre_id,
        theatre=one.theatre.name,
        location=one.location,
        province=one.theatre.province,
        date=one.day.isoformat(),
        time="" if one.at is None else f"{one.at:%H:%M}",
        season=one.season,
        status=one.status,
        kind=one.kind,
        is_private=one.is_private,
        is_school=one.is_school,
        capacity=_seats(one.capacity),
    )
    starts_at_ms = _instant(one, zone)
    if starts_at_ms is not None:
        message.starts_at.CopyFrom(wire_instant(starts_at_ms))
    if listed.gone_at_ms is not None:
        message.gone_at.CopyFrom(wire_instant(listed.gone_at_ms))
    return message


def own_message(show: Show, zone: str, number: str = "") -> pb.OwnPerformance:
    """A performance of the house."""
    starts = show.starts(zone)
    return pb.OwnPerformance(
        performance_id=show.performance_id,
        code=show.code,
        title=show.title,
        starts_at=wire_instant(show.starts_at_ms),
        date=starts.date().isoformat(),
        time=f"{starts:%H:%M}",
        hall_id=show.hall_id,
        capacity=show.capacity,
        state=show.state.value,
        number=number,
    )


def _own(line: LinkLine, zone: str) -> pb.OwnPerformance:
    link = line.link
    if line.show is None:
        return pb.OwnPerformance(performance_id=link.performance_id, code=link.code, number=link.number)
    return own_message(line.show, zone, link.number)


def _suggestion(one: SuggestedShow, zone: str) -> pb.Suggestion:
    return pb.Suggestion(
        performance=own_message(one.suggestion.show, zone),
        certainty=one.suggestion.certainty,
        is_clear=one.suggestion.is_clear,
        alerts=_alerts(one.alerts),
    )


def _alerts(alerts: Iterable[Alert]) -> list[pb.Alert]:
    return [pb.Alert(oddity=_ODDITIES[one.oddity], detail=one.detail) for one in alerts]


def _principal(link: Link) -> WirePrincipalRef | None:
    if not link.linked_by:
        return None
    return wire_principal(PrincipalRef(PrincipalKind(link.linked_by_kind), link.linked_by))


def _seats(capacity: tuple[int, ...]) -> list[int]:
    """Without the empty ranks at the end; a count that no message holds is none."""
    seats = [one if 0 <= one < 2**32 else 0 for one in capacity]
    while seats and not seats[-1]:
        seats.pop()
    return seats


def _instant(one: PlatformPerformance, zone: str) -> int | None:
    if one.at is None:
        return None
    found = local_instant(zone, one.starts)
    if not isinstance(found, NoSuchLocalTime):
        return found
    return found.earlier_ms if found.is_doubled else None

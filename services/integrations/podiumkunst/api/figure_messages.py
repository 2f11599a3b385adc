"""Figures, pushes and rules as messages, and back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from balcon.catalogue.v1.prices_pb2 import TicketKind
from balcon.podiumkunst.v1 import figures_pb2 as pb

from services.contracts.wire_types import wire_instant, wire_money
from services.integrations.podiumkunst.domain.figures import CURRENCY, Excluded, ReportsItself, Why
from services.integrations.podiumkunst.domain.sales import NOTHING, Kind, Sold
from services.integrations.podiumkunst.domain.telling import Part
from services.integrations.podiumkunst.handlers.figure_desk import NumberPushes, PartPush, etag_of_rules
from services.integrations.podiumkunst.handlers.figures import Made
from services.integrations.podiumkunst.ports.figure_store import Rules
from services.runtime.errors import FieldInvalid, refused_fields
from services.runtime.ids import refused_key

MAX_SELLERS: Final = 500
_PARTS: Final = {part: pb.FigurePart.Value(f"FIGURE_PART_{part.name}") for part in Part}
_KINDS: Final = {kind: TicketKind.Value(f"TICKET_KIND_{kind.name}") for kind in Kind}
_REASONS: Final = {why: pb.ExclusionReason.Value(f"EXCLUSION_REASON_{why.name}") for why in Why}


def figures_message(made: Made) -> pb.PerformanceFigures:
    """What would be told."""
    linked, figures = made.linked, made.figures
    message = pb.PerformanceFigures(
        number=linked.number,
        performance_id=linked.performance_id,
        code=linked.code,
        title=linked.title,
        is_cancelled=linked.is_cancelled,
        platform_status=linked.platform_status,
        unknown_parts=[_PARTS[part] for part in Part if part in made.unknown],
    )
    if linked.starts_at_ms:
        message.starts_at.CopyFrom(wire_instant(linked.starts_at_ms))
    currency = figures.other_currency or CURRENCY
    message.other_currency = figures.other_currency
    if Part.TICKETS not in made.unknown:
        message.kinds.extend(
            pb.KindFigures(kind=_KINDS[kind], sold=_counted(figures.by_kind.get(kind, NOTHING), currency))
            for kind in Kind
        )
        message.sold.CopyFrom(_counted(figures.sold, currency))
    if Part.RESERVATIONS not in made.unknown:
        message.reserved.CopyFrom(_counted(figures.reserved, currency))
    if Part.BLOCKED not in made.unknown:
        message.blocked.CopyFrom(_counted(figures.blocked, currency))
    message.ranks.extend(pb.RankSeats(rank=rank, seats=seats) for rank, seats in enumerate(figures.ranks, 1) if seats)
    message.unranked_categories.extend(figures.unranked)
    message.excluded.extend(_excluded(one, currency) for one in figures.excluded)
    return message


def _counted(sold: Sold, currency: str = CURRENCY) -> pb.CountAndRecette:
    return pb.CountAndRecette(count=sold.tickets, recette=wire_money(sold.recette_minor, currency))


def _excluded(one: Excluded, currency: str) -> pb.Excluded:
    message = pb.Excluded(reason=_REASONS[one.why], sold=_counted(one.sold, currency))
    if one.is_office:
        message.office_id = one.who
    else:
        message.reseller_subject = one.who
    return message


def pushes_message(pushes: NumberPushes) -> pb.NumberPushes:
    """What the platform has of a number."""
    linked = pushes.linked
    return pb.NumberPushes(
        number=linked.number,
        performance_id=linked.performance_id,
        code=linked.code,
        parts=[_part(one) for one in pushes.parts],
    )


def _part(push: PartPush) -> pb.PartPush:
    line = push.line
    return pb.PartPush(
        part=_PARTS[line.part],
        put_at=wire_instant(line.put_at_ms),
        told_at=wire_instant(line.told_at_ms) if line.told is not None else None,
        told={name: _counted(Sold(*counts)) for name, counts in (line.told.counts if line.told else {}).items()},
        differs_from_now=push.differs,
        answered_at=wire_instant(line.answered_at_ms) if line.answered_at_ms else None,
        outcome=line.outcome,
        answer=line.answer,
    )


def sellers_message(rules: Rules) -> pb.ReportingSellers:
    """Who tells the platform itself."""
    return pb.ReportingSellers(
        reseller_subjects=sorted(rules.reports_itself.resellers),
        office_ids=sorted(rules.reports_itself.offices),
        etag=etag_of_rules(rules),
    )


def reports_itself_of(sellers: pb.ReportingSellers) -> ReportsItself:
    """Of sellers that are not refused."""
    return ReportsItself(frozenset(sellers.reseller_subjects), frozenset(sellers.office_ids))


def refused_sellers(sellers: pb.ReportingSellers) -> FieldInvalid | None:
    """All that is wrong with them, else None."""
    return refused_fields(
        (
            _refused_ids("sellers.reseller_subjects", sellers.reseller_subjects),
            _refused_ids("sellers.office_ids", sellers.office_ids),
        )
    )


def _refused_ids(field: str, ids: Collection[str]) -> FieldInvalid | None:
    if len(ids) > MAX_SELLERS:
        return FieldInvalid(field, f"has {len(ids):,}", f"at most {MAX_SELLERS}")
    checks: list[FieldInvalid | None] = []
    seen: set[str] = set()
    for place, one in enumerate(ids):
        checks.append(refused_key(f"{field}[{place}]", one))
        if one in seen:
            checks.append(FieldInvalid(f"{field}[{place}]", f"is {one[:64]!r} again", "each once"))
        seen.add(one)
    return refused_fields(checks)

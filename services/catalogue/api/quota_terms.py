"""What the owner of seats is told of a quota, on the wire. No rule is decided here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from balcon.types.v1 import quotas_pb2 as pb

from services.catalogue.domain.quota import QuotaAssignment
from services.catalogue.domain.quotas import Outcome
from services.contracts.quotas import QuotaPercentages, SalePhase
from services.contracts.wire_types import channel_of, wire_channel, wire_instant

PHASES: Mapping[SalePhase, pb.SalePhase.ValueType] = {
    SalePhase.PRESALE: pb.SALE_PHASE_PRESALE,
    SalePhase.DAY: pb.SALE_PHASE_DAY,
}
_PHASES_OF_WIRE: Mapping[int, SalePhase] = {wire: phase for phase, wire in PHASES.items()}


def terms_of_quota(outcome: Outcome) -> pb.QuotaTerms:
    """Of one that limits something."""
    body = outcome.quota.body
    return pb.QuotaTerms(
        quota_id=outcome.quota.thing_id,
        name=body.name,
        size=outcome.size,
        categories=body.categories,
        zones=body.zones,
        anchor_at=wire_instant(outcome.anchor_ms),
        presale_hours=body.presale_hours,
        percentages=percentages_message(body.percentages),
        assignments=assignment_messages(body.assignments),
    )


def percentages_message(percentages: QuotaPercentages) -> pb.QuotaPercentages:
    """Those that are set."""
    return pb.QuotaPercentages(**dataclasses.asdict(percentages))


def percentages_of(message: pb.QuotaPercentages) -> QuotaPercentages:
    """What a request sets."""
    return QuotaPercentages(**{field.name: value for field, value in message.ListFields()})


def assignment_messages(assignments: Iterable[QuotaAssignment]) -> list[pb.QuotaAssignment]:
    """Each is known: they have passed refused_quota."""
    return [
        pb.QuotaAssignment(ticket_type=one.ticket_type, channel=wire_channel(one.channel), phase=PHASES[one.phase])
        for one in assignments
        if one.channel is not None and one.phase is not None
    ]


def assignments_of(messages: Iterable[pb.QuotaAssignment]) -> tuple[QuotaAssignment, ...]:
    """What a request says; a channel or phase of a later version is None."""
    return tuple(
        QuotaAssignment(one.ticket_type, channel_of(one.channel), _PHASES_OF_WIRE.get(one.phase)) for one in messages
    )

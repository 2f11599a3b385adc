"""Quotas and what comes out of them between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.performance_messages import ADMISSIONS
from services.catalogue.api.quota_terms import (
    PHASES,
    assignment_messages,
    assignments_of,
    percentages_message,
    percentages_of,
)
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.quota import Quota, QuotaRule
from services.catalogue.domain.quotas import Outcome
from services.catalogue.handlers.capacity_view import ShownCapacity
from services.contracts.channels import Channel
from services.contracts.quotas import SalePhase
from services.contracts.wire_types import wire_channel, wire_instant, wire_instant_or_none


def quota_message(kept: Kept[Quota]) -> pb.Quota:
    """The quota on the wire."""
    body = kept.body
    return pb.Quota(
        quota_id=kept.thing_id,
        name=body.name,
        production_id=body.production_id,
        performance_ids=body.performance_ids,
        categories=body.categories,
        zones=body.zones,
        size=body.size,
        presale_hours=body.presale_hours,
        percentages=percentages_message(body.percentages),
        assignments=assignment_messages(body.assignments),
        rules=map(_rule_message, body.rules),
        etag=kept.etag,
        archived_at=wire_instant_or_none(kept.archived_at_ms),
    )


def _rule_message(rule: QuotaRule) -> pb.QuotaRule:
    return pb.QuotaRule(
        rule_number=rule.rule_number,
        weekdays=rule.weekdays,
        first_date=rule.first_date,
        last_date=rule.last_date,
        local_times=rule.local_times,
        local_opening=rule.local_opening,
        local_closing=rule.local_closing,
        size=rule.size,
    )


def quota_of(message: pb.Quota) -> Quota:
    """What a request says of a quota."""
    return Quota(
        name=message.name,
        production_id=message.production_id,
        performance_ids=tuple(message.performance_ids),
        categories=tuple(message.categories),
        zones=tuple(message.zones),
        size=message.size,
        presale_hours=message.presale_hours,
        percentages=percentages_of(message.percentages),
        assignments=assignments_of(message.assignments),
        rules=tuple(map(_rule_of, message.rules)),
    )


def _rule_of(message: pb.QuotaRule) -> QuotaRule:
    return QuotaRule(
        rule_number=message.rule_number,
        weekdays=tuple(message.weekdays),
        first_date=message.first_date,
        last_date=message.last_date,
        local_times=tuple(message.local_times),
        local_opening=message.local_opening,
        local_closing=message.local_closing,
        size=message.size,
    )


def capacity_message(shown: ShownCapacity) -> pb.PerformanceCapacity:
    """One performance of the capacity view."""
    performance = shown.performance
    return pb.PerformanceCapacity(
        performance_id=performance.performance_id,
        local_date=shown.local_date,
        starts_at=wire_instant(performance.starts_at_ms),
        admission=ADMISSIONS[performance.admission],
        capacity=performance.capacity,
        outcomes=map(_outcome_message, shown.outcomes),
    )


def _outcome_message(outcome: Outcome) -> pb.QuotaOutcome:
    passed_over = sorted(outcome.passed_over.items())
    caps = [
        pb.ChannelCap(
            channel=wire_channel(channel),
            phase=PHASES[phase],
            percent=outcome.percent(channel, phase),
            cap=outcome.cap(channel, phase),
        )
        for phase in SalePhase
        for channel in Channel
    ]
    return pb.QuotaOutcome(
        quota_id=outcome.quota.thing_id,
        name=outcome.quota.body.name,
        size=outcome.size,
        rule_number=outcome.rule.rule_number if outcome.rule else 0,
        passed_over=[pb.RulePassedOver(rule_number=number, why=why) for number, why in passed_over],
        opens_at=wire_instant_or_none(outcome.opens_at_ms),
        closes_at=wire_instant_or_none(outcome.closes_at_ms),
        day_sale_at=wire_instant(outcome.day_sale_ms),
        caps=caps,
    )

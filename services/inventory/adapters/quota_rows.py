"""Quotas between the catalogue's messages, the inventory's copy of them, and the domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from balcon.types.v1 import quotas_pb2 as pb

from services.contracts.quotas import QuotaPercentages, SalePhase
from services.contracts.wire_types import instant_ms
from services.inventory.domain.records import QuotaTerms

_PHASES = {pb.SALE_PHASE_PRESALE: SalePhase.PRESALE, pb.SALE_PHASE_DAY: SalePhase.DAY}


def quota_rows(told: Iterable[pb.QuotaTerms]) -> Any:
    """For the JSON column of the copy."""
    return msgspec.to_builtins([_terms(quota) for quota in told])


def quotas_of_rows(rows: Any) -> tuple[QuotaTerms, ...]:
    """As the column has them."""
    return msgspec.convert(rows, tuple[QuotaTerms, ...]) if rows else ()


def _terms(told: pb.QuotaTerms) -> QuotaTerms:
    given = {field.name: value for field, value in told.percentages.ListFields()}
    return QuotaTerms(
        quota_id=told.quota_id,
        name=told.name,
        size=told.size,
        categories=tuple(told.categories),
        zones=tuple(told.zones),
        anchor_ms=instant_ms(told.anchor_at),
        presale_hours=told.presale_hours,
        percentages=QuotaPercentages(**given),
        assignments=frozenset(map(_assigned, told.assignments)),
    )


def _assigned(told: pb.QuotaAssignment) -> tuple[str, int, SalePhase]:
    """No channel sells in a phase of a later version. Left out, the last of them would leave every ticket type open."""
    phase = _PHASES.get(told.phase)
    return (told.ticket_type, 0, SalePhase.DAY) if phase is None else (told.ticket_type, told.channel, phase)

"""What people are told of quotas (R4): how many a channel may still sell now, and why. Of acknowledged seats."""

from __future__ import annotations

import msgspec

from services.contracts.quotas import SalePhase, available_of
from services.inventory.domain.quotas import CHANNELS, QuotaLimits, QuotaUse
from services.inventory.domain.records import QuotaTerms


class ChannelFigures(msgspec.Struct, frozen=True):
    """Of one channel: its ceiling now and from the day sale on, and what it may still sell now."""

    channel: int
    cap: int
    available: int
    day_cap: int


class QuotaFigures(msgspec.Struct, frozen=True):
    """Of one quota."""

    terms: QuotaTerms
    phase: SalePhase
    day_sale_from_ms: int
    use: QuotaUse
    channels: tuple[ChannelFigures, ...]


def quota_figures(limits: QuotaLimits, statuses: bytes | bytearray, now_ms: int) -> tuple[QuotaFigures, ...]:
    """Of all quotas, in the order of the terms."""
    uses = limits.uses(statuses)
    return tuple(_figures(limits, number, use, now_ms) for number, use in enumerate(uses, 1))


def _figures(limits: QuotaLimits, number: int, use: QuotaUse, now_ms: int) -> QuotaFigures:
    terms, phase = limits.terms[number - 1], limits.phase(number, now_ms)
    channels = []
    for channel in CHANNELS:
        cap = limits.cap(number, channel, phase)
        left = available_of(terms.size, cap, use.used)
        channels.append(ChannelFigures(channel, cap, left, limits.cap(number, channel, SalePhase.DAY)))
    return QuotaFigures(terms, phase, limits.day_sale_from_ms[number - 1], use, tuple(channels))

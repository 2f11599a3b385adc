"""Figures of quotas as they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.quotas_pb2 import SalePhase as WirePhase
from balcon.types.v1.seating_pb2 import Channel

from services.contracts.wire_types import wire_instant
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.domain.quota_figures import QuotaFigures


def figures_messages(figures: Sequence[QuotaFigures]) -> list[pb.QuotaFigures]:
    """For a message."""
    return [
        pb.QuotaFigures(
            quota_id=each.terms.quota_id,
            name=each.terms.name,
            size=each.terms.size,
            phase=WirePhase.Value(f"SALE_PHASE_{each.phase.value}"),
            day_sale_from_at=wire_instant(each.day_sale_from_ms),
            sold=each.use.sold,
            claimed=each.use.claimed,
            reserved=each.use.reserved,
            held=each.use.held,
            channels=[
                pb.QuotaChannelFigures(
                    channel=Channel.ValueType(one.channel), cap=one.cap, available=one.available, day_cap=one.day_cap
                )
                for one in each.channels
            ],
        )
        for each in figures
    ]


async def watch_figures(actor: PerformanceActor) -> AsyncIterator[bytes]:
    """Ends when the owner is gone: the caller watches again."""
    news = actor.quota_news
    queue = news.join()
    try:
        while (told := await queue.get()) is not None:
            if told.encoded is None:
                message = pb.WatchQuotaFiguresResponse(
                    quotas=figures_messages(told.figures), terms_version=told.terms_version, epoch=actor.epoch
                )
                told.encoded = message.SerializeToString()
            yield told.encoded
    finally:
        news.leave(queue)

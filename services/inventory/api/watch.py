"""WatchSeats: one snapshot, then the deltas that every watcher of the performance shares, encoded once."""

from __future__ import annotations

from collections.abc import AsyncIterator

from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.actors.seat_feed import Delta


def _encoded(delta: Delta, epoch: int, plan_version: int) -> bytes:
    if delta.encoded is None:
        message = pb.WatchSeatsResponse(
            epoch=epoch,
            version=delta.version,
            plan_version=plan_version,
            delta=pb.SeatMapDelta(seat_indexes=delta.indexes, seat_states=delta.states),
        )
        delta.encoded = message.SerializeToString()
    return delta.encoded


async def watch_seats(actor: PerformanceActor) -> AsyncIterator[pb.WatchSeatsResponse | bytes]:
    """Ends when the watcher falls too far behind or the owner is gone: the caller watches again."""
    plan_version = actor.performance.plan.plan_version
    watcher = actor.feed.join()
    try:
        # No await between join() and the snapshot: version and statuses belong together.
        yield pb.WatchSeatsResponse(
            epoch=actor.epoch,
            version=actor.feed.version,
            plan_version=plan_version,
            snapshot=pb.SeatMapSnapshot(seat_states=bytes(actor.feed.statuses)),
        )
        while (delta := await watcher.next()) is not None:
            yield _encoded(delta, actor.epoch, plan_version)
    finally:
        actor.feed.leave(watcher)

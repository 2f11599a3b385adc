"""The hall as the crowd sees it: a snapshot and deltas from WatchSeats, never the generator's own knowledge."""

from __future__ import annotations

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import SEAT_STATE_FREE

# Places looked at from the wished one on before a buyer gives up.
LOOKED_AT = 400


class SeatView:
    """The latest seat states told."""

    def __init__(self, capacity: int) -> None:
        self._states = bytearray([SEAT_STATE_FREE]) * capacity
        self.updates = 0

    def take(self, update: pb.WatchSeatsResponse) -> None:
        """Applies a snapshot or a delta."""
        self.updates += 1
        if update.HasField("snapshot"):
            self._states[:] = update.snapshot.seat_states
            return
        for seat, state in zip(update.delta.seat_indexes, update.delta.seat_states, strict=True):
            self._states[seat] = state

    def choose(self, wish: float, size: int) -> tuple[int, ...] | None:
        """`size` neighbouring free seats at or after the wished place, round the end; None: none seen nearby."""
        capacity = len(self._states)
        start = int(wish * capacity)
        free = bytes([SEAT_STATE_FREE]) * size
        found = self._states.find(free, start, min(capacity, start + LOOKED_AT))
        if found < 0:
            found = self._states.find(free, 0, min(capacity, LOOKED_AT))
        return None if found < 0 else tuple(range(found, found + size))

    @property
    def free(self) -> int:
        """Free seats as last told."""
        return self._states.count(SEAT_STATE_FREE)

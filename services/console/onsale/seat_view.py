"""The hall as the crowd sees it: a snapshot and deltas from WatchSeats, never the generator's own knowledge."""

from __future__ import annotations

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import SEAT_STATE_FREE

# Places looked at from the wished one on before a buyer looks elsewhere.
LOOKED_AT = 400


class SeatView:
    """The latest seat states told."""

    def __init__(self, capacity: int) -> None:
        self._states = bytearray([SEAT_STATE_FREE]) * capacity
        # So many side by side were not found since the last update: whoever wants as many need not look.
        self._too_many = capacity + 1

    def take(self, update: pb.WatchSeatsResponse) -> None:
        """Applies a snapshot or a delta."""
        self._too_many = len(self._states) + 1
        if update.HasField("snapshot"):
            self._states[:] = update.snapshot.seat_states
            return
        for seat, state in zip(update.delta.seat_indexes, update.delta.seat_states, strict=True):
            self._states[seat] = state

    def choose(self, wish: float, elsewhere: float, size: int) -> tuple[int, ...] | None:
        """`size` free seats side by side: near the wished place (0 to 1), else from `elsewhere` on, round the end.

        None: no free seats side by side are seen in the whole hall.
        """
        if size >= self._too_many:
            return None
        capacity = len(self._states)
        free = bytes([SEAT_STATE_FREE]) * size
        start, other = int(wish * capacity), int(elsewhere * capacity)
        found = self._states.find(free, start, start + LOOKED_AT)
        if found < 0:
            found = self._states.find(free, other)
        if found < 0:
            found = self._states.find(free, 0, other + size - 1)
        if found < 0:
            self._too_many = size
            return None
        return tuple(range(found, found + size))

    @property
    def free(self) -> int:
        """Free seats as last told."""
        return self._states.count(SEAT_STATE_FREE)

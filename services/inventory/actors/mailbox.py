"""What waits for a performance's next turn: bounded, in two lanes, each first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.inventory.domain.commands import Command, ExtendHold, HoldBestAvailable, HoldSeats, MoveHold
from services.inventory.domain.decisions import Decision
from services.runtime.errors import Overloaded

# Commands of one turn (architecture section 3): above it the tail latency jumps.
TURN_COMMANDS = 128
# Most commands that wait. New holds are refused first; what ends or pays holds has room of its own (RULE 21).
HOLD_LANE_COMMANDS = 4_096
URGENT_LANE_COMMANDS = 16_384
RETRY_AFTER_MS = 100


@dataclass(slots=True, eq=False)
class Work:
    """Commands that one caller wants decided in one turn, in order. `answer` gets one Decision per command."""

    commands: Sequence[Command]
    answer: asyncio.Future[Sequence[Decision] | Overloaded]
    # On the clock's monotonic scale, None: the caller gave none.
    deadline: float | None
    waiting_since: float = field(default=0.0)
    is_urgent: bool = field(default=False)


def is_urgent(commands: Sequence[Command]) -> bool:
    """Whether all of it ends holds or moves orders on, and so outranks new holds."""
    return not any(isinstance(command, HoldSeats | HoldBestAvailable | ExtendHold | MoveHold) for command in commands)


class Mailbox:
    """Two lanes of Work; urgent first."""

    def __init__(self) -> None:
        self._urgent: deque[Work] = deque()
        self._holds: deque[Work] = deque()
        self._urgent_commands = 0
        self._hold_commands = 0
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return self._urgent_commands + self._hold_commands

    def put(self, work: Work) -> Overloaded | None:
        """Queues the work, or refuses it when its lane is full."""
        count = len(work.commands)
        work.is_urgent = is_urgent(work.commands)
        if work.is_urgent:
            if self._urgent_commands + count > URGENT_LANE_COMMANDS:
                return Overloaded(RETRY_AFTER_MS)
            self._urgent.append(work)
            self._urgent_commands += count
        else:
            if self._hold_commands + count > HOLD_LANE_COMMANDS:
                return Overloaded(RETRY_AFTER_MS)
            self._holds.append(work)
            self._hold_commands += count
        self._filled.set()
        return None

    async def wait(self) -> None:
        """Returns when something waits."""
        await self._filled.wait()

    def nudge(self) -> None:
        """Lets wait() return although nothing waits."""
        self._filled.set()

    def take(self) -> list[Work]:
        """The next turn's work: whole pieces, urgent first, up to TURN_COMMANDS commands (or one larger piece)."""
        taken: list[Work] = []
        room = TURN_COMMANDS
        while self._urgent and (not taken or len(self._urgent[0].commands) <= room):
            work = self._urgent.popleft()
            self._urgent_commands -= len(work.commands)
            room -= len(work.commands)
            taken.append(work)
        while self._holds and (not taken or len(self._holds[0].commands) <= room):
            work = self._holds.popleft()
            self._hold_commands -= len(work.commands)
            room -= len(work.commands)
            taken.append(work)
        if not self._urgent and not self._holds:
            self._filled.clear()
        return taken

    def drain(self) -> list[Work]:
        """Everything that waits, for an actor that ends."""
        left = [*self._urgent, *self._holds]
        self._urgent.clear()
        self._holds.clear()
        self._urgent_commands = self._hold_commands = 0
        self._filled.clear()
        return left

"""What waits for a performance's next turn: bounded, in three lanes, each first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby

from services.inventory.domain.commands import (
    BlockSeats,
    CancelClaim,
    CancelSale,
    ClaimSeats,
    Command,
    ConfirmClaim,
    ExtendHold,
    HoldBestAvailable,
    HoldSeats,
    MoveHold,
    UnblockSeats,
)
from services.inventory.domain.decisions import Decision
from services.runtime.errors import Overloaded

# Commands of one piece of work, and so of one message on the stream.
WORK_COMMANDS = 128
# Commands of one turn. What waits shares one append (architecture section 3): at 512 a hold costs the owner a fifth
# less than at 128, and a turn still takes only a few milliseconds.
TURN_COMMANDS = 512
# Most commands that wait. New holds are refused first; what ends or pays holds has room of its own (RULE 21).
HOLD_LANE_COMMANDS = 4_096
URGENT_LANE_COMMANDS = 16_384
RECORD_LANE_COMMANDS = 16_384
RETRY_AFTER_MS = 100

_FOR_THE_RECORD = frozenset({ClaimSeats, ConfirmClaim, CancelClaim, CancelSale, BlockSeats, UnblockSeats})
_TAKES_SEATS = frozenset({HoldSeats, HoldBestAvailable, ExtendHold, MoveHold})


class LaneName(Enum):
    """Where a piece of work waits."""

    # Ends holds, or only looks at them.
    URGENT = "urgent"
    HOLDS = "holds"
    # Needs the record: claims, sales, blocks.
    RECORD = "record"


@dataclass(slots=True, eq=False)
class Work:
    """Commands of one lane that one caller wants decided in one turn, in order. `answer` gets a Decision for each."""

    commands: Sequence[Command]
    answer: asyncio.Future[Sequence[Decision] | Overloaded]
    # On the clock's monotonic scale, None: the caller gave none.
    deadline: float | None
    waiting_since: float = field(default=0.0)
    lane: LaneName = field(default=LaneName.HOLDS)


def lane_of(commands: Iterable[Command]) -> LaneName:
    """The lane of commands as lanes_in_turn() parts them. Raises ValueError for others."""
    kinds = set(map(type, commands))
    if kinds <= _FOR_THE_RECORD:
        return LaneName.RECORD
    if not kinds.isdisjoint(_FOR_THE_RECORD):
        raise ValueError("commands of two lanes in one piece of work")
    return LaneName.URGENT if kinds.isdisjoint(_TAKES_SEATS) else LaneName.HOLDS


def lanes_in_turn(commands: Sequence[Command]) -> list[Sequence[Command]]:
    """The commands, parted where they change between the record's lane and the others."""
    kinds = set(map(type, commands))
    if kinds.isdisjoint(_FOR_THE_RECORD) or kinds <= _FOR_THE_RECORD:
        return [commands]
    return [list(run) for _, run in groupby(commands, lambda command: type(command) in _FOR_THE_RECORD)]


class _Lane:
    """Work in the order of its coming; `waiting` counts its commands."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._works: deque[Work] = deque()
        self.waiting = 0

    def put(self, work: Work) -> bool:
        count = len(work.commands)
        if self.waiting + count > self._limit:
            return False
        self._works.append(work)
        self.waiting += count
        return True

    def take(self, room: int, taken: list[Work]) -> int:
        """Moves whole pieces to `taken` while there is room (one larger piece if it is the first). The room left."""
        works = self._works
        while works and (not taken or len(works[0].commands) <= room):
            work = works.popleft()
            count = len(work.commands)
            self.waiting -= count
            room -= count
            taken.append(work)
        return room

    def drain(self) -> list[Work]:
        left = list(self._works)
        self._works.clear()
        self.waiting = 0
        return left


class Mailbox:
    """Three lanes of Work."""

    def __init__(self) -> None:
        self._urgent = _Lane(URGENT_LANE_COMMANDS)
        self._holds = _Lane(HOLD_LANE_COMMANDS)
        self._record = _Lane(RECORD_LANE_COMMANDS)
        self._lanes = {
            LaneName.URGENT: self._urgent,
            LaneName.HOLDS: self._holds,
            LaneName.RECORD: self._record,
        }
        self._news = asyncio.Event()

    @property
    def waiting_for_a_turn(self) -> int:
        """Commands that need no record."""
        return self._urgent.waiting + self._holds.waiting

    @property
    def waiting_for_the_record(self) -> int:
        """Commands that do."""
        return self._record.waiting

    def put(self, work: Work) -> Overloaded | None:
        """Queues the work, or refuses it when its lane is full."""
        work.lane = lane_of(work.commands)
        if not self._lanes[work.lane].put(work):
            return Overloaded(RETRY_AFTER_MS)
        self._news.set()
        return None

    async def wait(self) -> None:
        """Returns when something has come or nudge() was called since the last time."""
        await self._news.wait()
        self._news.clear()

    def nudge(self) -> None:
        """Lets wait() return although nothing has come."""
        self._news.set()

    def take(self) -> list[Work]:
        """The next turn's work: whole pieces, urgent first, up to TURN_COMMANDS commands (or one larger piece)."""
        taken: list[Work] = []
        self._holds.take(self._urgent.take(TURN_COMMANDS, taken), taken)
        return taken

    def take_for_the_record(self) -> list[Work]:
        """The same for the record's next batch."""
        taken: list[Work] = []
        self._record.take(TURN_COMMANDS, taken)
        return taken

    def drain_for_the_record(self) -> list[Work]:
        """Everything that waits for the record."""
        return self._record.drain()

    def drain(self) -> list[Work]:
        """Everything that waits, for an actor that ends."""
        return [work for lane in self._lanes.values() for work in lane.drain()]

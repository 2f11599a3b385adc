"""What waits for a performance's next turn: bounded, in three lanes, each first come first served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import Generic, TypeAlias, TypeGuard, TypeVar, get_args

from services.inventory.domain.commands import Command, HoldCommand, RecordCommand, TakingCommand
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

_TAKING = frozenset(get_args(TakingCommand))
_IN_TURNS = frozenset(get_args(HoldCommand))
_FOR_THE_RECORD = frozenset(get_args(RecordCommand))

CommandT = TypeVar("CommandT", bound=Command)
OfOneLane: TypeAlias = Sequence[HoldCommand] | Sequence[RecordCommand]


class LaneName(Enum):
    """Where a piece of work waits."""

    # Ends holds, or only looks at them.
    URGENT = "urgent"
    HOLDS = "holds"
    # Needs the record: claims, sales, blocks.
    RECORD = "record"


@dataclass(slots=True, eq=False)
class Work(Generic[CommandT]):
    """Commands of one lane that one caller wants decided in one turn, in order. `answer` gets a Decision for each."""

    commands: Sequence[CommandT]
    answer: asyncio.Future[Sequence[Decision] | Overloaded]
    # On the clock's monotonic scale, None: the caller gave none.
    deadline: float | None
    waiting_since: float
    lane: LaneName


HoldWork: TypeAlias = Work[HoldCommand]
RecordWork: TypeAlias = Work[RecordCommand]


def _are_for_turns(commands: Sequence[Command]) -> TypeGuard[Sequence[HoldCommand]]:
    return _IN_TURNS.issuperset(map(type, commands))


def _are_for_the_record(commands: Sequence[Command]) -> TypeGuard[Sequence[RecordCommand]]:
    return _FOR_THE_RECORD.issuperset(map(type, commands))


def lanes_in_turn(commands: Sequence[Command]) -> Sequence[OfOneLane]:
    """The commands, parted where they change between the record's lane and the others."""
    if _are_for_turns(commands) or _are_for_the_record(commands):
        return [commands]
    runs: list[OfOneLane] = []
    for _, same in groupby(commands, lambda command: type(command) in _FOR_THE_RECORD):
        run = list(same)
        if not (_are_for_turns(run) or _are_for_the_record(run)):
            raise _no_lane(run)
        runs.append(run)
    return runs


def _no_lane(commands: Sequence[Command]) -> TypeError:
    """Whoever adds a command and names it in neither union hears of it before anything is decided."""
    return TypeError(f"not of one lane: {sorted({type(command).__name__ for command in commands})}")


class _Lane(Generic[CommandT]):
    """Work in the order of its coming; `waiting` counts its commands."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._works: deque[Work[CommandT]] = deque()
        self.waiting = 0

    def put(self, work: Work[CommandT]) -> bool:
        count = len(work.commands)
        if self.waiting + count > self._limit:
            return False
        self._works.append(work)
        self.waiting += count
        return True

    def take(self, room: int, taken: list[Work[CommandT]]) -> int:
        """Moves whole pieces to `taken` while there is room (one larger piece if it is the first). The room left."""
        works = self._works
        while works and (not taken or len(works[0].commands) <= room):
            work = works.popleft()
            count = len(work.commands)
            self.waiting -= count
            room -= count
            taken.append(work)
        return room

    def drain(self) -> list[Work[CommandT]]:
        left = list(self._works)
        self._works.clear()
        self.waiting = 0
        return left


class Mailbox:
    """Three lanes of Work."""

    def __init__(self) -> None:
        self._urgent: _Lane[HoldCommand] = _Lane(URGENT_LANE_COMMANDS)
        self._holds: _Lane[HoldCommand] = _Lane(HOLD_LANE_COMMANDS)
        self._record: _Lane[RecordCommand] = _Lane(RECORD_LANE_COMMANDS)
        self._news = asyncio.Event()

    @property
    def waiting_for_a_turn(self) -> int:
        """Commands that need no record."""
        return self._urgent.waiting + self._holds.waiting

    @property
    def waiting_for_the_record(self) -> int:
        """Commands that do."""
        return self._record.waiting

    def put(
        self,
        commands: OfOneLane,
        answer: asyncio.Future[Sequence[Decision] | Overloaded],
        deadline: float | None,
        now: float,
    ) -> Overloaded | None:
        """Queues them as one piece of work, or refuses it when its lane is full."""
        if _are_for_turns(commands):
            takes = not _TAKING.isdisjoint(map(type, commands))
            lane, name = (self._holds, LaneName.HOLDS) if takes else (self._urgent, LaneName.URGENT)
            found_room = lane.put(Work(commands, answer, deadline, now, name))
        elif _are_for_the_record(commands):
            found_room = self._record.put(Work(commands, answer, deadline, now, LaneName.RECORD))
        else:
            raise _no_lane(commands)
        if not found_room:
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

    def take(self) -> list[HoldWork]:
        """The next turn's work: whole pieces, urgent first, up to TURN_COMMANDS commands (or one larger piece)."""
        taken: list[HoldWork] = []
        self._holds.take(self._urgent.take(TURN_COMMANDS, taken), taken)
        return taken

    def take_for_the_record(self) -> list[RecordWork]:
        """The same for the record's next batch."""
        taken: list[RecordWork] = []
        self._record.take(TURN_COMMANDS, taken)
        return taken

    def drain_for_the_record(self) -> list[RecordWork]:
        """Everything that waits for the record."""
        return self._record.drain()

    def drain(self) -> list[HoldWork | RecordWork]:
        """Everything that waits, for an actor that ends."""
        return [*self._urgent.drain(), *self._holds.drain(), *self._record.drain()]

"""Puts a house's figures out: cumulative, computed from state each time, linked performances only (R0.3, R0.6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from services.integrations.podiumkunst.domain.telling import Part, Telling, is_due, tellings
from services.integrations.podiumkunst.handlers.figures import FigureMaker, Made
from services.integrations.podiumkunst.ports.figure_store import FigureStore, FigureTransaction, Linked

# Numbers of one transaction.
CHUNK: Final = 50


@dataclass(frozen=True, slots=True)
class Pushed:
    """So many linked numbers were looked at, so many parts of them put out, and these could not be told now."""

    numbers: int = 0
    parts: int = 0
    unknown: int = 0

    def plus(self, other: Pushed) -> Pushed:
        """Both together."""
        return Pushed(self.numbers + other.numbers, self.parts + other.parts, self.unknown + other.unknown)


class Pusher:
    """Of one house at a time; two processes at once come one after the other at the house's lock."""

    def __init__(self, store: FigureStore, maker: FigureMaker) -> None:
        self._store = store
        self._maker = maker

    async def push(self, house_id: str, *, all_of_it: bool, numbers: Collection[str] = ()) -> Pushed:
        """`all_of_it`: also what the platform has already; `numbers` empty: all that are linked."""
        total, after = Pushed(), ""
        while True:
            async with self._store.transaction(house_id) as transaction:
                linked = await transaction.linked(after=after, limit=CHUNK, numbers=numbers)
                known = await transaction.known([one.performance_id for one in linked])
            if not linked:
                return total
            around = await self._maker.ask(house_id, linked, known)
            async with self._store.transaction(house_id) as transaction:
                await transaction.lock()
                made = await self._maker.make(transaction, await _still(transaction, linked), around)
                total = total.plus(await _put(transaction, made, all_of_it=all_of_it))
                await transaction.commit()
            after = linked[-1].number


async def _still(transaction: FigureTransaction, linked: Sequence[Linked]) -> Sequence[Linked]:
    """Those that were not unlinked while others were asked."""
    now = {one.number: one for one in await transaction.linked(numbers=[one.number for one in linked])}
    return [one for one in linked if now.get(one.number) == one]


async def _put(transaction: FigureTransaction, made: Sequence[Made], *, all_of_it: bool) -> Pushed:
    last = await transaction.last([one.linked.number for one in made])
    due: list[Telling] = []
    unknown = 0
    for one in made:
        number = one.linked.number
        for part, telling in tellings(number, one.linked.performance_id, one.figures).items():
            if not one.is_told(part):
                unknown += 1
            elif is_due(telling.encoded(), last.get((number, part)), transaction.now_ms, all_of_it=all_of_it):
                due.append(telling)
    await transaction.put(due)
    return Pushed(len(made), len(due), unknown)


def differs(now: Made, part: Part, told: Telling | None) -> bool:
    """Whether the platform has something else than what is so now."""
    if not now.is_told(part):
        return False
    return tellings(now.linked.number, now.linked.performance_id, now.figures)[part] != told

"""Makes the figures of linked performances out of what is known now: nothing that was told before comes into it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.integrations.podiumkunst.domain.figures import Figures, HallFigures, OfficeSales, figures_of
from services.integrations.podiumkunst.domain.telling import Part
from services.integrations.podiumkunst.ports.figure_store import FigureTransaction, Known, Linked
from services.integrations.podiumkunst.ports.seats import Hall, Seats, SeatsSilent, Standing

_AT_ONCE: Final = 4
_NOBODY: Final = Standing({}, {})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What other services say of one performance. `hall` None: it is gone, or nobody answers."""

    hall: Hall | None = None
    standing: Standing = _NOBODY
    reported: Mapping[str, Mapping[str, int]] | None = None
    # What could not be asked now.
    unknown: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Made:
    """`figures` without what is `unknown` now: that is told as soon as it is known again."""

    linked: Linked
    figures: Figures
    unknown: frozenset[Part] = frozenset()

    def is_told(self, part: Part) -> bool:
        """Whether this part can go out."""
        return not self.figures.other_currency and part not in self.unknown


class FigureMaker:
    """Asks the others before a transaction, and reads the sold within it."""

    def __init__(self, seats: Seats) -> None:
        self._seats = seats

    async def ask(
        self, house_id: str, linked: Sequence[Linked], known: Mapping[str, Known]
    ) -> Mapping[str, Surroundings]:
        """By performance. A silent neighbour costs what only it knows, and nothing else."""
        ids = [one.performance_id for one in linked]
        # Of each that asks: a house whose performances nobody answers for takes no other's turn.
        room = asyncio.Semaphore(_AT_ONCE)
        found = await asyncio.gather(*(self._ask(room, house_id, each, known.get(each, Known())) for each in ids))
        return dict(zip(ids, found, strict=True))

    async def make(
        self, transaction: FigureTransaction, linked: Sequence[Linked], around: Mapping[str, Surroundings]
    ) -> Sequence[Made]:
        """With the sales and rules as they are in the transaction."""
        known = await transaction.known([one.performance_id for one in linked])
        rules = (await transaction.rules()).reports_itself
        ranks: dict[str, Mapping[str, int]] = {}
        made = []
        for one in linked:
            beside, sold = around.get(one.performance_id, Surroundings()), known.get(one.performance_id, Known())
            hall = beside.hall
            if hall is not None and hall.hall_id not in ranks:
                ranks[hall.hall_id] = await transaction.ranks(hall.hall_id)
            offices = _offices(sold, beside)
            unknown = beside.unknown | ({Part.TICKETS} if offices is None else frozenset())
            figures = figures_of(
                sold.sales,
                offices or (),
                _hall_figures(hall, beside.standing),
                ranks[hall.hall_id] if hall is not None else {},
                rules,
            )
            made.append(Made(one, figures, unknown))
        return made

    async def _ask(self, room: asyncio.Semaphore, house_id: str, performance_id: str, known: Known) -> Surroundings:
        everything = frozenset({Part.CAPACITY, Part.RESERVATIONS, Part.BLOCKED})
        async with room:
            try:
                hall = await self._seats.hall(house_id, performance_id)
            except SeatsSilent:
                hall = None
            if hall is None:
                return Surroundings(unknown=everything)
            standing, unknown = _NOBODY, frozenset[Part]()
            if known.reserved or known.blocked:
                # What nobody has reserved or blocked is not asked about: the owner counts them anyway.
                try:
                    standing = await self._seats.standing(house_id, hall)
                except SeatsSilent:
                    unknown = frozenset({Part.RESERVATIONS, Part.BLOCKED})
            reported: Mapping[str, Mapping[str, int]] | None = {}
            if known.allotments:
                try:
                    ids = [one.allotment_id for one in known.allotments]
                    reported = await self._seats.reported(house_id, hall, ids)
                except SeatsSilent:
                    reported = None
            return Surroundings(hall, standing, reported, unknown)


def _hall_figures(hall: Hall | None, standing: Standing) -> HallFigures:
    if hall is None:
        return HallFigures({}, {}, "", {}, {})
    return HallFigures(hall.capacity, hall.worth_minor, hall.currency, standing.reserved, standing.blocked)


def _offices(known: Known, around: Surroundings) -> Sequence[OfficeSales] | None:
    """None: what offices sold is not known now, and without it no sum is whole."""
    if not known.allotments:
        return ()
    if around.reported is None:
        return None
    return [
        OfficeSales(one.allotment_id, one.office_id, one.kind, around.reported[one.allotment_id])
        for one in known.allotments
        if one.allotment_id in around.reported
    ]

"""What the house's people were told of seats that they dealt to offices or blocked, and the auditor of it.

It knows the rules only: a seat is in one hand; what an office sold stays sold; a soft block keeps the shop out, and
comes back until the seat is sold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Protocol

from services.inventory.domain import commands as c
from services.inventory.domain.allotment_refusals import AllotmentNotFound, SeatsNotAllotted, SeatsReportedSold
from services.inventory.domain.records import BlockKind
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from tests.simulation.stage.ceilings import ONLINE
from tests.simulation.stage.tenures import Asked, Hand, Tenure

HOUSE = "the house"
OfAnAllotment = c.ReportSold | c.TakeBackReport | c.RecallSeats | c.ReturnUnsold | c.CloseAllotment


class Tenures(Protocol):
    """Who has which seat: see History."""

    def add(self, tenure: Tenure) -> None: ...

    def living(self, performance_id: str, owner: str) -> list[Tenure]: ...


class HouseHistory:
    """Told by History of everything that is no buyer's."""

    def __init__(self, tenures: Tenures, clock: Clock) -> None:
        self._tenures = tenures
        self._clock = clock
        # Seats that are surely under a soft block, by since when.
        self._kept: dict[tuple[str, int], float] = {}
        # Block commands have no ids: a late copy of an earlier one may undo the next. Only a seat's first is sure.
        self._touched: set[tuple[str, int]] = set()
        self._first: dict[int, set[int]] = {}
        self._asked_for: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.violations: list[str] = []
        self.met: Counter[str] = Counter()

    def asks(self, asked: Asked) -> None:
        """Called before the command is sent."""
        performance_id, command = asked.performance_id, asked.command
        match command:
            case c.BlockSeats(seats=seats) | c.UnblockSeats(seats=seats):
                self._first[id(asked)] = {seat for seat in seats if (performance_id, seat) not in self._touched}
                self._touched.update((performance_id, seat) for seat in seats)
                self._end(performance_id, HOUSE, seats)
                self._lets_go(performance_id, seats)
            case c.ReportSold() | c.TakeBackReport() | c.RecallSeats() | c.ReturnUnsold() | c.CloseAllotment():
                asked.denies = self._named(asked, command)
                if isinstance(command, c.TakeBackReport):
                    for tenure in asked.denies:
                        tenure.is_sold = False
                elif not isinstance(command, c.ReportSold):
                    unsold = [tenure.seat for tenure in asked.denies if not tenure.is_sold]
                    self._end(performance_id, command.allotment_id, unsold)
            case _:
                pass

    def claims(self, asked: Asked, order_id: str, seats: Collection[int]) -> None:
        """An order asks for seats: a sale of it may end the soft blocks on them."""
        self._asked_for[asked.performance_id, order_id].update(seats)

    def sells(self, performance_id: str, order_id: str) -> None:
        """A sale is asked for."""
        self._lets_go(performance_id, self._asked_for[performance_id, order_id])

    def takes(self, asked: Asked, seats: Collection[int], channel: int) -> None:
        """A buyer was told to have them. `channel`: ONLINE for whoever did not name them."""
        for seat in seats:
            since = self._kept.get((asked.performance_id, seat))
            self.met["soft_block_taken"] += since is not None and channel != ONLINE
            if channel == ONLINE and since is not None and since < asked.at:
                self.violations.append(f"{asked.command} got seat {seat}, kept from the shop since {since:.3f}")

    def obeyed(self, asked: Asked, epoch: int) -> None:
        """Called with the owner's yes."""
        performance_id, command, now = asked.performance_id, asked.command, self._clock.monotonic()
        match command:
            case c.BlockSeats(kind=kind):
                for seat in sorted(self._first[id(asked)]):
                    if kind is BlockKind.SOFT:
                        self._kept[performance_id, seat] = now
                    else:
                        self._tenures.add(Tenure(performance_id, seat, HOUSE, epoch, now, hand=Hand.HOUSE))
            case c.AllotSeats() | c.ExtendAllotment():
                due_ms = command.return_due_at_ms or None if isinstance(command, c.AllotSeats) else None
                for seat in command.wanted.seats:
                    had = Tenure(performance_id, seat, command.allotment_id, epoch, now, hand=Hand.OFFICE)
                    had.due_ms = due_ms
                    self._tenures.add(had)
            case c.ReportSold():
                for tenure in asked.denies:
                    tenure.is_sold = True
            case c.RecallSeats() if any(tenure.is_sold for tenure in asked.denies):
                self.violations.append(f"{command} was obeyed, but the office has sold of them")
            case _:
                pass

    def refused(self, asked: Asked, decision: Refusal) -> None:
        """Called with the owner's no."""
        command = asked.command
        if isinstance(decision, AllotmentNotFound | SeatsNotAllotted) and isinstance(command, OfAnAllotment):
            wanted = getattr(command, "wanted", None)
            is_due = any(tenure.due_ms is not None for tenure in asked.denies)
            if wanted is not None and len(asked.denies) == len(wanted.seats) and not is_due:
                self.violations.append(f"{command} was told {decision}, but the office has them")
        elif isinstance(decision, SeatsReportedSold) and not any(tenure.is_sold for tenure in asked.denies):
            self.violations.append(f"{command} was told {decision}, but nothing of it was reported")

    def dealt(self, performance_id: str, allotment_id: str) -> tuple[set[int], set[int]]:
        """Open and sold, as all the answers make it."""
        living = self._tenures.living(performance_id, allotment_id)
        return {each.seat for each in living if not each.is_sold}, {each.seat for each in living if each.is_sold}

    def _named(self, asked: Asked, command: OfAnAllotment) -> list[Tenure]:
        living = self._tenures.living(asked.performance_id, command.allotment_id)
        wanted = getattr(command, "wanted", None)
        return living if wanted is None else [tenure for tenure in living if tenure.seat in wanted.seats]

    def _end(self, performance_id: str, owner: str, seats: Collection[int]) -> None:
        for tenure in self._tenures.living(performance_id, owner):
            if tenure.seat in seats:
                tenure.ends_at = self._clock.monotonic()

    def _lets_go(self, performance_id: str, seats: Collection[int]) -> None:
        for seat in seats:
            self._kept.pop((performance_id, seat), None)

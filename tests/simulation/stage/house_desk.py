"""The house's people: seats handed to offices, what offices report and return, seats blocked, quotas changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 (the type only; services.runtime.ids makes them)

from services.inventory.domain import commands as c
from services.inventory.domain.allotments import DIGITAL_HARD, FOREIGN, HARD, SeatsAsked
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import BlockKind
from services.runtime.clock import Clock
from tests.simulation.stage.buyers import UNTIL_ANSWERED_SECONDS
from tests.simulation.stage.cluster_client import ClusterClient
from tests.simulation.stage.history import History

MEAN_PAUSE_SECONDS = 1.5
# More would leave too little to sell.
ALLOTMENTS_AT_ONCE = 2
PROMISED_AT_ONCE = 2
BACKEND = 3
SEATS_AT_ONCE = 3


@dataclass(slots=True)
class _Dealt:
    """What the desk was told that an office has."""

    open: set[int]
    has_due: bool
    sold: set[int] = field(default_factory=set)
    wrongly_recalled: set[int] = field(default_factory=set)


class HouseDesk:
    """One for each performance: it waits for the answer to every command before it gives the next."""

    def __init__(
        self,
        performance_id: str,
        capacity: int,
        client: ClusterClient,
        history: History,
        clock: Clock,
        chances: Random,
        met: Counter[str],
    ) -> None:
        self._performance_id = performance_id
        self._capacity = capacity
        self._client = client
        self._history = history
        self._clock = clock
        self._random = chances
        self._met = met
        self._dealt: dict[str, _Dealt] = {}
        self._steps = 0
        self._promised: dict[str, tuple[int, ...]] = {}
        self._blocked: set[int] = set()

    async def works(self, seconds: float) -> None:
        """Until so many have passed."""
        until = self._clock.monotonic() + seconds
        while self._clock.monotonic() < until:
            await self._clock.sleep(self._random.expovariate(1.0 / MEAN_PAUSE_SECONDS))
            await self._acts()

    async def _acts(self) -> None:
        act = self._random.choices(["deals", "office", "blocks", "unblocks", "promises"], [3, 6, 2, 2, 3])[0]
        if act == "blocks":
            kind = self._random.choice([BlockKind.SOFT, BlockKind.SOFT, BlockKind.HARD])
            seats = self._some(range(self._capacity), 2)
            if await self._is_done(c.BlockSeats(seats, "the house's", kind)):
                self._blocked.update(seats)
        elif act == "unblocks" and self._blocked:
            seats = self._some(self._blocked, 2)
            if await self._is_done(c.UnblockSeats(seats)):
                self._blocked.difference_update(seats)
        elif act == "promises":
            await self._promises()
        elif act == "deals" and len(self._dealt) < ALLOTMENTS_AT_ONCE:
            await self._deals()
        elif act == "office" and self._dealt:
            await self._goes_on(self._random.choice(sorted(self._dealt)))

    async def _promises(self) -> None:
        """A reservation, and what becomes of the one before: kept, let go, or sold."""
        seats, name = self._some(range(self._capacity), 2), f"promise-{self._steps}"
        self._steps += 1
        if await self._is_done(c.ReserveSeats(name, "desk", seats, BACKEND, asked=name)):
            self._promised[name] = seats
        if len(self._promised) < PROMISED_AT_ONCE:
            return
        first = min(self._promised)
        seats = self._promised.pop(first)
        if self._random.random() < 0.5:
            await self._is_done(c.ReleaseReservation(first))
            return
        order_id = f"order-{first}"
        claim = c.ClaimSeats(order_id, "desk", "", seats, BACKEND, reservation_id=first)
        if await self._is_done(claim):
            await self._is_done(c.ConfirmClaim(order_id) if self._random.random() < 0.5 else c.CancelClaim(order_id))

    async def _deals(self) -> None:
        name = f"allotment-{self._steps}"
        seats = self._some(range(self._capacity), SEATS_AT_ONCE)
        kind = self._random.choice([HARD, DIGITAL_HARD, FOREIGN])
        step = self._step()
        due_ms = self._clock.now_ms() + self._random.randrange(3_000, 20_000) if self._random.random() < 0.3 else 0
        command = c.AllotSeats(step, step, name, kind, "office_1", SeatsAsked(seats), "", due_ms, "agreed")
        if await self._is_done(command):
            self._dealt[name] = _Dealt(set(seats), due_ms > 0)

    async def _goes_on(self, name: str) -> None:
        dealt, step = self._dealt[name], self._step()
        way = self._random.choices(
            ["reports", "takes back", "recalls", "returns", "extends", "closes"], [7, 2, 3, 1, 2, 1]
        )[0]
        if way == "reports" and dealt.open:
            seats = self._some(dealt.open, SEATS_AT_ONCE)
            if await self._is_done(c.ReportSold(step, step, name, SeatsAsked(seats))):
                dealt.open.difference_update(seats)
                dealt.sold.update(seats)
        elif way == "takes back" and dealt.sold - dealt.wrongly_recalled and not dealt.has_due:
            seats = self._some(dealt.sold - dealt.wrongly_recalled, 1)
            if await self._is_done(c.TakeBackReport(step, step, name, SeatsAsked(seats))):
                dealt.sold.difference_update(seats)
                dealt.open.update(seats)
        elif way == "recalls" and dealt.open:
            seats = self._some(dealt.open, 2)
            if await self._is_done(c.RecallSeats(step, step, name, SeatsAsked(seats))):
                dealt.open.difference_update(seats)
        elif way == "recalls" and dealt.sold:
            # Refused, since it is sold; a late copy would be obeyed, once it were taken back.
            seats = self._some(dealt.sold, 2)
            dealt.wrongly_recalled.update(seats)
            await self._is_done(c.RecallSeats(step, step, name, SeatsAsked(seats)))
        elif way == "returns":
            if await self._is_done(c.ReturnUnsold(step, step, name)):
                dealt.open.clear()
        elif way == "extends" and not dealt.has_due:
            seats = self._some(range(self._capacity), 1)
            extended = c.ExtendAllotment(step, step, name, SeatsAsked(seats), override_reason="agreed")
            if await self._is_done(extended):
                dealt.open.update(seats)
        elif way == "closes" and await self._is_done(c.CloseAllotment(step, step, name)):
            del self._dealt[name]

    def _step(self) -> str:
        self._steps += 1
        return f"{self._performance_id}-step-{self._steps}"

    def _some(self, among: Sequence[int] | set[int], at_most: int) -> tuple[int, ...]:
        count = min(len(among), self._random.randint(1, at_most))
        return tuple(sorted(self._random.sample(sorted(among), count)))

    async def _is_done(self, command: c.Command) -> bool:
        asked = self._history.asks(self._performance_id, command)
        decided = await self._client.decide(self._performance_id, command, UNTIL_ANSWERED_SECONDS)
        self._history.told(asked, decided.decision, decided.epoch)
        accepted = isinstance(decided.decision, Accepted)
        self._met[f"{type(command).__name__}_{'yes' if accepted else 'no'}"] += 1
        return accepted

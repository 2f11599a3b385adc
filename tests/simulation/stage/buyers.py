"""People at the seats: they hold, extend, move, let go, come back too late; the box office sells and takes back."""

from __future__ import annotations

from dataclasses import dataclass

from services.inventory.domain import commands as c
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import Hold
from services.runtime.clock import Clock
from tests.simulation.stage.cluster_client import ONLINE, ClusterClient
from tests.simulation.stage.history import History
from tests.simulation.stage.network import NoAnswer
from tests.simulation.stage.node import Decided
from tests.simulation.stage.weather import Weather

BOX_OFFICE = 1
# How long somebody who has nothing to lose waits for an answer, and somebody who must know it.
PATIENCE_SECONDS = 8.0
UNTIL_ANSWERED_SECONDS = 100_000.0
SLEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Hall:
    """What is for sale."""

    performance_ids: tuple[str, ...]
    capacity: int
    grace_seconds: float


class SeatBuyer:
    """One person, one visit after another."""

    def __init__(
        self, name: str, client: ClusterClient, hall: Hall, history: History, clock: Clock, weather: Weather
    ) -> None:
        self.name = name
        self._client = client
        self._hall = hall
        self._history = history
        self._clock = clock
        self._random = weather.random
        self._met = weather.met

    async def visit(self, number: int) -> None:
        """From choosing seats to the last answer about them."""
        performance_id = self._random.choice(self._hall.performance_ids)
        hold_id = f"{self.name}-{number}"
        try:
            hold = await self._holds(performance_id, hold_id)
            if hold is None:
                return
            for _ in range(self._random.randrange(4)):
                await self._clock.sleep(self._random.uniform(0.0, 2.0))
                hold = await self._changes_mind(performance_id, hold)
                if hold is None:
                    return
        except NoAnswer:
            self._met["buyer_gave_up"] += 1
            return
        await self._ends(performance_id, hold)

    async def _ask(self, performance_id: str, command: c.Command, patience_seconds: float) -> Decided:
        asked = self._history.asks(performance_id, command)
        decided = await self._client.decide(performance_id, command, patience_seconds)
        self._history.told(asked, decided.decision, decided.epoch)
        accepted = isinstance(decided.decision, Accepted)
        self._met[f"{type(command).__name__}_{'yes' if accepted else 'no'}"] += 1
        return decided

    async def _holds(self, performance_id: str, hold_id: str) -> Hold | None:
        count = self._random.randint(1, 3)
        command: c.Command
        if self._random.random() < 0.3:
            command = c.HoldBestAvailable(hold_id, self.name, (SeatGroup(count),), ONLINE)
        else:
            command = c.HoldSeats(hold_id, self.name, self._seats(count), self._random.choice([ONLINE, BOX_OFFICE]))
        decided = await self._ask(performance_id, command, PATIENCE_SECONDS)
        return decided.decision.hold if isinstance(decided.decision, Accepted) else None

    def _seats(self, count: int) -> tuple[int, ...]:
        start = self._random.randrange(self._hall.capacity - count + 1)
        return tuple(range(start, start + count))

    async def _changes_mind(self, performance_id: str, hold: Hold) -> Hold | None:
        """The hold as it is then; None when it is no more."""
        command: c.Command
        if self._random.random() < 0.4:
            command = c.ExtendHold(hold.hold_id, hold.holder_id)
        else:
            command = c.MoveHold(hold.hold_id, hold.holder_id, self._seats(len(hold.seats)))
        decided = await self._ask(performance_id, command, PATIENCE_SECONDS)
        if isinstance(decided.decision, Accepted):
            return decided.decision.hold
        return hold if decided.decision.reason() in {"SEATS_TAKEN", "ORPHAN_LEFT", "QUOTA_REACHED"} else None

    async def _ends(self, performance_id: str, hold: Hold) -> None:
        way = self._random.choices(["releases", "leaves", "buys", "sleeps", "returns"], [3, 1, 6, 2, 2])[0]
        self._met[f"buyer_{way}"] += 1
        if way == "leaves":
            return
        if way == "releases":
            await self._ask(performance_id, c.ReleaseHold(hold.hold_id, hold.holder_id), UNTIL_ANSWERED_SECONDS)
            return
        if way == "returns":
            # After the end that was shown first, before the one that an extension gave.
            await self._clock.sleep(self._random.uniform(7.0, 9.0))
            extended = c.ExtendHold(hold.hold_id, hold.holder_id)
            decided = await self._ask(performance_id, extended, UNTIL_ANSWERED_SECONDS)
            if not isinstance(decided.decision, Accepted):
                return
            await self._clock.sleep(self._random.uniform(7.0, 9.0))
        if way == "sleeps":
            left = hold.hold_until_ms / 1000 - self._clock.now_ms() / 1000 + self._hall.grace_seconds
            # The store's clock may be an hour ahead of ours.
            await self._clock.sleep(min(max(left + self._random.choice([-1.0, 0.0, 0.1, 5.0]), 0.0), SLEEP_SECONDS))
        await self._buys(performance_id, hold)

    async def _buys(self, performance_id: str, hold: Hold) -> None:
        order_id = f"box-{hold.hold_id}"
        claim = c.ClaimSeats(order_id, hold.holder_id, hold.hold_id, hold.seats, hold.channel)
        claimed = await self._ask(performance_id, claim, UNTIL_ANSWERED_SECONDS)
        if not isinstance(claimed.decision, Accepted):
            return
        await self._clock.sleep(self._random.uniform(0.0, 3.0))
        if self._random.random() < 0.3:
            await self._ask(performance_id, c.CancelClaim(order_id), UNTIL_ANSWERED_SECONDS)
            if self._random.random() < 0.5:
                again = c.ClaimSeats(order_id, hold.holder_id, "", hold.seats, hold.channel)
                claimed = await self._ask(performance_id, again, UNTIL_ANSWERED_SECONDS)
                if isinstance(claimed.decision, Accepted):
                    await self._ask(performance_id, c.CancelClaim(order_id), UNTIL_ANSWERED_SECONDS)
            return
        await self._ask(performance_id, c.ConfirmClaim(order_id), UNTIL_ANSWERED_SECONDS)
        if self._random.random() < 0.7:
            await self._clock.sleep(self._random.uniform(0.0, 10.0))
            await self._ask(performance_id, c.CancelSale(order_id), UNTIL_ANSWERED_SECONDS)

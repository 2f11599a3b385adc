"""How buyers and the orders service reach the owner of a performance: any node, hints, the same ids, a deadline."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from services.contracts.channels import Channel
from services.contracts.reasons import Reason
from services.inventory.domain import refusals as no
from services.inventory.domain.commands import CancelClaim, CancelSale, ClaimSeats, Command, ConfirmClaim, ReleaseHold
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import Hold
from services.inventory.ports import SeatPlan
from services.orders.domain.order import Order, OrderPart
from services.orders.ports import Answer, Declined, Done, HeldSeats, Unanswered
from services.runtime.clock import Clock
from services.runtime.errors import Overloaded, Refusal
from tests.simulation.stage.history import History
from tests.simulation.stage.network import Network, NoAnswer
from tests.simulation.stage.node import Decided, InventoryNode
from tests.simulation.stage.weather import Weather

T = TypeVar("T")
Nodes = Mapping[str, InventoryNode | None]

CALL_SECONDS = 2.0
# Answers that say nothing about the matter.
_FOR_NOW = (no.NotOwner, no.DeadlinePassed, Overloaded)
ONLINE = 2
CHANNELS = {1: Channel.BOX_OFFICE, ONLINE: Channel.ONLINE}


class ClusterClient:
    """One per caller. Remembers where owners were last seen."""

    def __init__(self, name: str, nodes: Nodes, network: Network, clock: Clock, weather: Weather) -> None:
        self.name = name
        self._nodes = nodes
        self._network = network
        self._clock = clock
        self._weather = weather
        self._routes: dict[str, tuple[str, int]] = {}

    async def decide(self, performance_id: str, command: Command, patience_seconds: float) -> Decided:
        """The owner's word on the matter. Raises NoAnswer after `patience_seconds`: it may have had its effect."""

        def ask(node: InventoryNode, epoch: int, deadline: float, *, sent: bool) -> Coroutine[Any, Any, Decided]:
            return node.execute(performance_id, [command], epoch, deadline, was_sent_here=sent)

        decided = await self._at_owner(performance_id, ask, lambda answer: answer.decision, patience_seconds)
        self._weather.note(round(self._clock.monotonic(), 6), self.name, command, decided)
        return decided

    async def look(self, performance_id: str, hold_id: str, patience_seconds: float) -> Hold | Refusal | None:
        """GetHold. Raises NoAnswer."""

        def ask(
            node: InventoryNode, _epoch: int, _deadline: float, *, sent: bool
        ) -> Coroutine[Any, Any, Hold | Refusal | None]:
            return node.look(performance_id, hold_id, was_sent_here=sent)

        return await self._at_owner(performance_id, ask, lambda answer: answer, patience_seconds)

    async def _at_owner(
        self,
        performance_id: str,
        ask: Callable[..., Coroutine[Any, Any, T]],
        word: Callable[[T], object],
        patience_seconds: float,
    ) -> T:
        until = self._clock.monotonic() + patience_seconds
        hops = 0
        while True:
            try:
                answer = await self._once(performance_id, ask)
            except NoAnswer:
                self._routes.pop(performance_id, None)
                hops = 0
            else:
                said = word(answer)
                if not isinstance(said, _FOR_NOW):
                    return answer
                self._weather.met[f"told_{said.reason()}"] += 1
                if isinstance(said, no.NotOwner) and said.endpoint != self._routes.get(performance_id, ("", 0))[0]:
                    self._routes[performance_id] = (said.endpoint, said.epoch)
                    hops += 1
                else:
                    self._routes.pop(performance_id, None)
                    hops = 5
            if self._clock.monotonic() >= until:
                raise NoAnswer
            await self._clock.sleep(0.002 if 0 < hops < 4 else self._weather.random.uniform(0.05, 0.4))

    async def _once(self, performance_id: str, ask: Callable[..., Coroutine[Any, Any, T]]) -> T:
        place, epoch = self._routes.get(performance_id, ("", 0))
        node = self._nodes.get(place) if place else self._anyone()
        if node is None:
            await self._clock.sleep(0.01)
            raise NoAnswer
        owner, deadline = node, self._clock.monotonic() + CALL_SECONDS
        return await self._network.to_process(
            self.name, owner.process, lambda: ask(owner, epoch, deadline, sent=bool(place)), CALL_SECONDS
        )

    def _anyone(self) -> InventoryNode | None:
        return self._nodes[self._weather.random.choice(sorted(self._nodes))]


class ClusterSeatInventory:
    """See orders.ports.SeatInventory: what GrpcSeatInventory does over wires."""

    def __init__(self, client: ClusterClient, plan: SeatPlan, history: History) -> None:
        self._client = client
        self._plan = plan
        self._history = history

    async def held_seats(self, house_id: str, performance_id: str, hold_id: str) -> HeldSeats | Declined:
        """See SeatInventory."""
        try:
            hold = await self._client.look(performance_id, hold_id, CALL_SECONDS)
        except NoAnswer as error:
            raise Unanswered("GetHold") from error
        if isinstance(hold, Refusal):
            return Declined(Reason(hold.reason()))
        if hold is None:
            return Declined(Reason.HOLD_NOT_FOUND)
        seat_ids = tuple(self._plan.seat_ids[seat] for seat in hold.seats)
        channel = CHANNELS[hold.channel]
        return HeldSeats(hold_id, hold.holder_id, self._plan.plan_version, seat_ids, channel, hold.hold_until_ms)

    async def release(self, order: Order, part: OrderPart) -> Answer:
        """See SeatInventory."""
        return await self._answer(part, ReleaseHold(part.hold_id, order.holder_id, self._seats(part)))

    async def claim(self, order: Order, part: OrderPart, *, from_hold: bool) -> Answer:
        """See SeatInventory."""
        hold_id = part.hold_id if from_hold else ""
        return await self._answer(part, ClaimSeats(order.order_id, order.holder_id, hold_id, self._seats(part), ONLINE))

    async def confirm_claim(self, order: Order, part: OrderPart) -> Answer:
        """See SeatInventory."""
        return await self._answer(part, ConfirmClaim(order.order_id))

    async def cancel_claim(self, order: Order, part: OrderPart) -> Answer:
        """See SeatInventory."""
        return await self._answer(part, CancelClaim(order.order_id))

    async def cancel_sale(self, order: Order, part: OrderPart) -> Answer:
        """See SeatInventory."""
        return await self._answer(part, CancelSale(order.order_id))

    async def release_seats(self, order: Order, part: OrderPart) -> Answer:
        """See SeatInventory."""
        seats = tuple(sorted(self._plan.index_of[seat_id] for seat_id in part.release_due))
        return await self._answer(part, CancelSale(order.order_id, seats))

    def _seats(self, part: OrderPart) -> tuple[int, ...]:
        return tuple(sorted(self._plan.index_of[seat_id] for seat_id in part.seat_ids))

    async def _answer(self, part: OrderPart, command: Command) -> Answer:
        asked = self._history.asks(part.performance_id, command)
        try:
            decided = await self._client.decide(part.performance_id, command, CALL_SECONDS)
        except NoAnswer as error:
            raise Unanswered(type(command).__name__) from error
        self._history.told(asked, decided.decision, decided.epoch)
        return Done() if isinstance(decided.decision, Accepted) else Declined(Reason(decided.decision.reason()))

"""Many buyers on few seats at a time, each operation with ids of its own and recorded as it was sent and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 (a type; the generator comes from runtime.ids)
from typing import Any

import grpc
from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, SeatRefs

from bench.stack import HOUSE, PLAN_VERSION
from services.contracts.reasons import Reason
from services.runtime.clock import Clock
from services.runtime.rpc.errors import is_uncertain, refusal_of
from services.runtime.rpc.routing import OwnerRouting
from tests.chaos.history import OK, REFUSED, UNKNOWN, History, Record
from tests.chaos.seat_model import STATES

CALL_SECONDS = 3.0
# Seats that buyers crowd on at a time, and for how long: few enough that they meet, moved on so that no seat's history
# grows without end (TRAP 27).
CROWD_SEATS = 14
CROWD_SECONDS = 2.0
TTL_SECONDS = 20
SHORT_TTL_SECONDS = 2
THINK_SECONDS = 0.12
TIMES_ASKED_AGAIN = 4
SOLD_SHARE = 0.12

Send = Callable[[Any, float, Sequence[tuple[str, str]]], Awaitable[Any]]


@dataclass(slots=True)
class House:
    """The performances on sale, as every buyer knows them."""

    performances: Sequence[str]
    capacity: int
    history: History
    clock: Clock

    def crowd(self, performance: str) -> range:
        """The seats that everybody wants now."""
        blocks = self.capacity // CROWD_SEATS
        turn = int(self.history.now() / CROWD_SECONDS) + self.performances.index(performance) * 3
        start = turn % blocks * CROWD_SEATS
        return range(start, start + CROWD_SEATS)


@dataclass(slots=True)
class Desk:
    """One client process: it knows owners by itself, and its calls go into the history."""

    house: House
    routing: OwnerRouting
    call_seconds: float = CALL_SECONDS
    stubs: dict[Any, Any] = field(default_factory=dict)

    async def ask(self, record: Record, send: Send, service: Any = InventoryServiceStub) -> Any:
        """Sends until it is answered or the time is up; fills the record in. Returns the answer or None. `service`:
        the class of the stub that `send` gets."""
        history = self.house.history

        async def attempt(channel: grpc.aio.Channel, left: float, metadata: Sequence[tuple[str, str]]) -> Any:
            record.attempts += 1
            record.was_uncertain = record.was_uncertain or record.outcome == UNKNOWN
            record.sent = history.now()
            record.first_sent = record.first_sent or record.sent
            record.outcome = UNKNOWN
            try:
                stub = self.stubs.setdefault((service, channel), service(channel))
                return await send(stub, left, metadata)
            except grpc.aio.AioRpcError as error:
                refused = refusal_of(error)
                if refused is not None and not is_uncertain(error):
                    record.outcome = REFUSED
                    record.reason = refused.reason
                    record.refused_seats = _seat_numbers(refused.lists.get("seats", ()))
                else:
                    record.reason = refused.reason if refused is not None else error.code().name
                record.last_fault = record.reason
                raise

        record.outcome = ""
        try:
            answer = await self.routing.call(record.performance, attempt, timeout_seconds=self.call_seconds)
        except grpc.aio.AioRpcError:
            answer = None
        else:
            record.outcome, record.reason, record.refused_seats = OK, "", ()
            record.epoch = answer.epoch
            if hasattr(answer, "hold"):
                record.hold_until = history.at_ms(answer.hold.hold_until_ms)
        record.returned = history.now()
        history.operations.append(record)
        return answer


def _seat_numbers(names: Sequence[str]) -> tuple[int, ...]:
    """s1 and s2 as the refusal names them."""
    return tuple(int(name[1:]) for name in names if name[1:].isdigit())


def refs(seats: Sequence[int]) -> SeatRefs:
    """Seats as the interface names them."""
    return SeatRefs(plan_version=PLAN_VERSION, seat_ids=[f"s{seat}" for seat in seats])


class Buyer:
    """One cart after another until it is told to stop. What it does follows from its random numbers and the answers."""

    service: Any = InventoryServiceStub

    def __init__(self, name: str, desk: Desk, random: Random) -> None:
        self.name = name
        self._desk = desk
        self._random = random
        self._history = desk.house.history
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Until stopping."""
        while not self.stopping.is_set():
            await self._cart()
            await self._think()

    async def _think(self) -> None:
        await self._desk.house.clock.sleep(self._random.random() * THINK_SECONDS)

    def _record(self, act: str, performance: str, **facts: Any) -> Record:
        return Record(number=self._history.next_number(), client=self.name, act=act, performance=performance, **facts)

    async def _cart(self) -> None:
        performance = self._random.choice(self._desk.house.performances)
        wanted = self._desk.house.crowd(performance)
        free: Sequence[int] = wanted
        if self._random.random() < 0.3:
            free = await self.look(performance, wanted) or wanted
        seats = tuple(sorted(self._random.sample(list(free), min(len(free), self._random.randint(1, 3)))))
        leaves = self._random.random() < 0.06
        held = await self.hold(performance, seats, SHORT_TTL_SECONDS if leaves else TTL_SECONDS)
        if held is None or held.outcome == REFUSED or leaves:
            return
        await self._think()
        kept: tuple[int, ...] | None = seats
        touched = seats
        if held.outcome == UNKNOWN:
            kept = None
        elif self._random.random() < 0.25:
            await self.extend(held)
        elif self._random.random() < 0.25:
            moved = self._another_choice(seats, wanted)
            touched = tuple(sorted({*seats, *moved}))
            kept = await self._move(held, moved)
        if kept is not None and self._random.random() < 0.45:
            await self._check_out(held, kept)
        else:
            await self.release(performance, held.hold, touched)

    async def look(self, performance: str, wanted: range) -> list[int]:
        """A glance at the map; the free ones of the seats wanted."""
        record = self._record("look", performance, seats=tuple(wanted))
        request = pb.GetSeatMapRequest(key=key_of(performance))
        answer = await self._desk.ask(
            record, lambda stub, left, metadata: stub.GetSeatMap(request, timeout=left, metadata=metadata)
        )
        if answer is None:
            return []
        record.seen = tuple(answer.seat_states[seat] for seat in wanted)
        return [seat for seat, state in zip(wanted, record.seen, strict=True) if state == 1]

    async def see_all(self, performance: str) -> list[str]:
        """The whole map, which must come."""
        record = self._record("see", performance)
        request = pb.GetSeatMapRequest(key=key_of(performance))
        answer = await self._desk.ask(
            record, lambda stub, left, metadata: stub.GetSeatMap(request, timeout=left, metadata=metadata)
        )
        assert answer is not None, f"no map of {performance}: {record.reason}"
        return [STATES[state] for state in answer.seat_states]

    async def hold(self, performance: str, seats: tuple[int, ...], ttl_seconds: int) -> Record | None:
        """Asks for a hold; once more with the same ids when nobody answered."""
        record = None
        hold_id = f"h{self._history.next_number()}"
        request = pb.HoldSeatsRequest(
            key=key_of(performance),
            hold_id=hold_id,
            holder_id=self.name,
            seats=refs(seats),
            channel=CHANNEL_ONLINE,
            ttl_seconds=ttl_seconds,
        )
        for _ in range(2):
            record = self._record("hold", performance, seats=seats, hold=hold_id, ttl_seconds=ttl_seconds)
            await self._desk.ask(
                record, lambda stub, left, metadata: stub.HoldSeats(request, timeout=left, metadata=metadata)
            )
            if record.outcome != UNKNOWN:
                break
        return record

    async def extend(self, held: Record) -> None:
        """Asks for more time."""
        record = self._record("extend", held.performance, seats=held.seats, hold=held.hold, ttl_seconds=TTL_SECONDS)
        request = pb.ExtendHoldRequest(
            key=key_of(held.performance), hold_id=held.hold, holder_id=self.name, ttl_seconds=TTL_SECONDS
        )
        await self._desk.ask(
            record, lambda stub, left, metadata: stub.ExtendHold(request, timeout=left, metadata=metadata)
        )

    def _another_choice(self, seats: tuple[int, ...], wanted: range) -> tuple[int, ...]:
        others = [seat for seat in wanted if seat not in seats]
        kept = seats[1:] if self._random.random() < 0.5 else ()
        return tuple(sorted({*kept, self._random.choice(others)}))

    async def _move(self, held: Record, seats: tuple[int, ...]) -> tuple[int, ...] | None:
        """Exchanges seats. Returns the hold's seats, None when nobody knows them or it is gone."""
        record = self._record("move", held.performance, seats=seats, before=held.seats, hold=held.hold)
        request = pb.MoveHoldRequest(
            key=key_of(held.performance), hold_id=held.hold, holder_id=self.name, seats=refs(seats)
        )
        await self._desk.ask(
            record, lambda stub, left, metadata: stub.MoveHold(request, timeout=left, metadata=metadata)
        )
        if record.outcome == OK:
            return seats
        is_whole = record.outcome == REFUSED and not record.was_uncertain and record.reason == Reason.SEATS_TAKEN
        return held.seats if is_whole else None

    async def release(self, performance: str, hold: str, seats: tuple[int, ...]) -> Record:
        """Lets go of whatever the hold has; `seats` are all that it may have."""
        request = pb.ReleaseHoldRequest(key=key_of(performance), hold_id=hold, holder_id=self.name)
        return await self._until_known(
            lambda: self._record("release", performance, seats=seats, hold=hold),
            lambda stub, left, metadata: stub.ReleaseHold(request, timeout=left, metadata=metadata),
        )

    async def _check_out(self, held: Record, seats: tuple[int, ...]) -> None:
        order = f"o{self._history.next_number()}"
        request = pb.ClaimSeatsRequest(
            key=key_of(held.performance),
            order_id=order,
            holder_id=self.name,
            hold_id=held.hold,
            seats=refs(seats),
            channel=CHANNEL_ONLINE,
        )
        claim = await self._until_known(
            lambda: self._record("claim", held.performance, seats=seats, hold=held.hold, order=order),
            lambda stub, left, metadata: stub.ClaimSeats(request, timeout=left, metadata=metadata),
        )
        if claim.outcome != OK:
            return
        await self._think()
        key = key_of(held.performance)
        if self._random.random() < SOLD_SHARE:
            confirm = pb.ConfirmClaimRequest(key=key, order_id=order)
            await self._until_known(
                lambda: self._record("confirm", held.performance, seats=seats, order=order),
                lambda stub, left, metadata: stub.ConfirmClaim(confirm, timeout=left, metadata=metadata),
            )
        else:
            cancel = pb.CancelClaimRequest(key=key, order_id=order)
            await self._until_known(
                lambda: self._record("cancel", held.performance, seats=seats, order=order),
                lambda stub, left, metadata: stub.CancelClaim(cancel, timeout=left, metadata=metadata),
            )

    async def _until_known(self, new_record: Callable[[], Record], send: Send) -> Record:
        """Uncertain is not failed: asks again with the same ids, each time as an operation of its own."""
        record = new_record()
        await self._desk.ask(record, send, self.service)
        for _ in range(TIMES_ASKED_AGAIN):
            if record.outcome != UNKNOWN:
                break
            record = new_record()
            await self._desk.ask(record, send, self.service)
        return record


def key_of(performance: str) -> pb.PerformanceKey:
    """The performance as the interface names it."""
    return pb.PerformanceKey(house_id=HOUSE, performance_id=performance)

"""What a no costs beside a yes: an on-sale answers mostly with it. Cheap callers, so that the owner is the limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from balcon.inventory.v1 import inventory_service_pb2 as pb

from bench import load
from bench.flood import Flood, StreamFlood, UnaryFlood
from bench.http2 import grpc_message
from bench.process import Cores
from bench.stack import InventoryStack

# Seats that are held before, and asked for again and again.
TAKEN = 2_560
# One-seat holds of all rounds; no round may run out of seats.
HALL = 200_000
# Yes and no take turns, so that what else the machine does meets both.
ROUNDS = 3
ROUND_SECONDS = 1.5


def _taken(message: bytes, kind: Any) -> bytes:
    """The same request under an id of its own."""
    request = kind.FromString(message[5:])
    if isinstance(request, pb.HoldSeatsRequest):
        request.hold_id = f"late-{request.hold_id}"
    else:
        request.holds.hold_ids[:] = [f"late-{hold_id}" for hold_id in request.holds.hold_ids]
    return grpc_message(request.SerializeToString())


class LateUnary(UnaryFlood):
    """HoldSeats calls for what others have."""

    def _message(self, performance_id: str, seat: int) -> bytes:
        return _taken(super()._message(performance_id, seat), pb.HoldSeatsRequest)


class LateStream(StreamFlood):
    """The same on streams, messages of one hold."""

    def _message(self, performance_id: str, seat: int) -> bytes:
        return _taken(super()._message(performance_id, seat), pb.ExecuteCommandsRequest)


KINDS: dict[str, tuple[type[Flood], type[Flood]]] = {
    "unary": (UnaryFlood, LateUnary),
    "stream of one hold": (StreamFlood, LateStream),
}


@dataclass(slots=True)
class Compared:
    """Answers per second and owner's microseconds per answer, of each round."""

    granted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    granted_us: list[float] = field(default_factory=list)
    refused_us: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> tuple[float, float]:
        """Grants and refusals, over all rounds."""
        return sum(self.granted) / len(self.granted), sum(self.refused) / len(self.refused)

    @property
    def owner_us(self) -> tuple[float, float]:
        """The owner's microseconds of a refusal and of a grant: the least of all rounds, which had least beside it."""
        return min(self.refused_us), min(self.granted_us)

    def as_json(self) -> dict[str, object]:
        """For machines."""
        return {
            "granted_per_second": [round(rate) for rate in self.granted],
            "refused_per_second": [round(rate) for rate in self.refused],
            "owner_us_a_grant": [round(cost) for cost in self.granted_us],
            "owner_us_a_refusal": [round(cost) for cost in self.refused_us],
        }


async def measure(stack: InventoryStack, name: str) -> Compared:
    """Rounds of one kind of caller, each the most that the owner answers."""
    yes, no = KINDS[name]
    target, meter, found = stack.nodes[0], Cores(stack.pids[0]), Compared()
    free, taken = await stack.put_performances(HALL, 2, prefix=f"refusals_{name.replace(' ', '_')}")
    await load.wake_all(target, [free, taken])
    await load.stream(target, list(load.batches(taken, TAKEN, 128, 1)), window=4)
    async with yes(target, free, HALL) as buyers, no(target, taken, TAKEN) as late:
        for _ in range(ROUNDS):
            meter.lap()
            outcome = await buyers.closed(ROUND_SECONDS)
            found.granted.append(outcome.goodput)
            found.granted_us.append(meter.lap()["owner_cores"] / outcome.goodput * 1e6)
            outcome = await late.closed(ROUND_SECONDS)
            rate = sum(outcome.ended.values()) / outcome.seconds
            if outcome.granted:
                raise RuntimeError(f"{outcome.granted} seats were free that should be taken")
            found.refused.append(rate)
            found.refused_us.append(meter.lap()["owner_cores"] / rate * 1e6)
    return found

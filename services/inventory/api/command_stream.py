"""The batched stream: many messages in flight, each one turn's worth of commands for one performance.

Back-pressure: the caller is told its credit; no more than that is read ahead, so HTTP/2 flow control holds the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import Channel

from services.inventory.actors.host import Decided, PerformanceHost
from services.inventory.actors.mailbox import WORK_COMMANDS
from services.inventory.api import messages
from services.inventory.api.columns import read_commands, refused_message
from services.inventory.api.stream_credit import StreamCredit
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.records import Hold
from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid, Overloaded, Refusal, Retryable
from services.runtime.rpc.errors import Refused, accept

_OVERLOADED = Overloaded.reason()
# An answer, and which message of the stream it answers.
_Answers = asyncio.Queue[tuple[int, pb.ExecuteCommandsResponse] | None]


class CommandStream:
    """Serves one stream per call of serve()."""

    def __init__(self, host: PerformanceHost, clock: Clock) -> None:
        self._host = host
        self._clock = clock

    async def serve(
        self, requests: AsyncIterator[pb.ExecuteCommandsRequest]
    ) -> AsyncIterator[pb.ExecuteCommandsResponse]:
        """The credit at once, then answers in the order in which batches are done."""
        credit = StreamCredit()
        # Bounded by the credit: what is not taken yet counts as unanswered.
        done: _Answers = asyncio.Queue()
        reader = asyncio.create_task(self._read(requests, credit, done))
        try:
            yield pb.ExecuteCommandsResponse(credit=credit.now)
            while (answer := await done.get()) is not None:
                number, response = answer
                credit.message_answered(number, overloaded=_is_overloaded(response))
                response.credit = credit.now
                yield response
            await reader
        finally:
            reader.cancel()

    async def _read(
        self, requests: AsyncIterator[pb.ExecuteCommandsRequest], credit: StreamCredit, done: _Answers
    ) -> None:
        async def answer(number: int, request: pb.ExecuteCommandsRequest) -> None:
            done.put_nowait((number, await self._execute(request)))

        try:
            async with asyncio.TaskGroup() as tasks:
                async for request in requests:
                    tasks.create_task(answer(credit.message_read(), request))
                    await credit.room()
        finally:
            done.put_nowait(None)

    async def _execute(self, request: pb.ExecuteCommandsRequest) -> pb.ExecuteCommandsResponse:
        started = self._clock.monotonic()
        deadline = started + request.timeout_ms / 1000 if request.timeout_ms else None
        try:
            return await self._decide(request, deadline)
        except Refused as refused:
            refusal = refused.refusal
        except Retryable as fault:
            return pb.ExecuteCommandsResponse(
                batch_id=request.batch_id,
                batch_refused=pb.Refused(reason="UNAVAILABLE", metadata=_fault_facts(fault)),
            )
        return pb.ExecuteCommandsResponse(batch_id=request.batch_id, batch_refused=refused_message(0, refusal))

    async def _decide(self, request: pb.ExecuteCommandsRequest, deadline: float | None) -> pb.ExecuteCommandsResponse:
        key = request.key
        accept(*messages.refused_performance(key), *_refused_message(request))
        was_sent_here = not request.guessed
        actor = await self._host.owner(key.house_id, key.performance_id, epoch=key.epoch, was_sent_here=was_sent_here)
        if isinstance(actor, Refusal):
            raise Refused(actor)
        plan = actor.performance.plan
        messages.check_plan_version(request.plan_version, plan)
        read = read_commands(request, plan)
        wanted = [command for command in read if not isinstance(command, Refusal)]
        decided: Decided | Refusal = Decided([], actor)
        if wanted:
            decided = await self._host.execute(
                key.house_id,
                key.performance_id,
                wanted,
                deadline=deadline,
                was_sent_here=was_sent_here,
                plan_version=plan.plan_version,
            )
        if isinstance(decided, Refusal):
            raise Refused(decided)
        decisions = iter(decided.decisions)
        answers = (command if isinstance(command, Refusal) else next(decisions) for command in read)
        return _response(request, decided.owner.epoch, answers)


def _refused_message(request: pb.ExecuteCommandsRequest) -> Iterator[FieldInvalid | None]:
    if not request.batch_id:
        # An answer without one says nothing but the credit.
        yield FieldInvalid("batch_id", UNSET, "1 or more")
    yield messages.refused_plan_version("plan_version", request.plan_version)
    holds = request.holds
    count = max(len(holds.hold_ids), len(holds.holder_ids), len(holds.seat_counts)) + len(request.commands)
    if not 1 <= count <= WORK_COMMANDS:
        yield FieldInvalid("commands", f"holds {count} commands", f"1 to {WORK_COMMANDS} commands")


def _is_overloaded(response: pb.ExecuteCommandsResponse) -> bool:
    """Whether there was no room for the message. One command sent back says nothing of its neighbours."""
    if response.HasField("batch_refused"):
        return response.batch_refused.reason == _OVERLOADED
    decided = len(response.hold_until_ms) + len(response.found)
    return 0 < decided == sum(refusal.reason == _OVERLOADED for refusal in response.refused)


def _response(
    request: pb.ExecuteCommandsRequest, epoch: int, answers: Iterable[Decision]
) -> pb.ExecuteCommandsResponse:
    holds = len(request.holds.hold_ids)
    until: list[int] = []
    refused: list[pb.Refused] = []
    found: list[pb.FoundSeats] = []
    seen: list[pb.ReadHold] = []
    for position, answer in enumerate(answers):
        hold_until_ms = 0
        if not isinstance(answer, Accepted):
            refused.append(refused_message(position, answer))
        elif answer.hold is not None:
            hold_until_ms = answer.hold.hold_until_ms
            kind = "" if position < holds else request.commands[position - holds].WhichOneof("command")
            if kind == "best_available":
                seats = answer.hold.seats
                found.append(pb.FoundSeats(position=position, seat_indexes=seats, hold_until_ms=hold_until_ms))
            elif kind == "read_hold":
                seen.append(_read_hold(position, answer.hold))
        if position < holds:
            until.append(hold_until_ms)
    return pb.ExecuteCommandsResponse(
        batch_id=request.batch_id, epoch=epoch, hold_until_ms=until, refused=refused, found=found, read_holds=seen
    )


def _read_hold(position: int, hold: Hold) -> pb.ReadHold:
    return pb.ReadHold(
        position=position,
        holder_id=hold.holder_id,
        seat_indexes=hold.seats,
        channel=Channel.ValueType(hold.channel),
        hold_until_ms=hold.hold_until_ms,
    )


def _fault_facts(fault: Retryable) -> dict[str, str]:
    """The fault's class and when to come back, as a unary call tells them in its status."""
    return {"fault": type(fault).__name__, "retry_after_ms": str(fault.retry_after_ms)}

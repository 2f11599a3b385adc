"""The batched stream: many messages in flight, each one turn's worth of commands for one performance.

Back-pressure: at most MESSAGES_IN_FLIGHT are read ahead; after that HTTP/2 flow control holds the sender.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.inventory.actors.host import PerformanceHost
from services.inventory.actors.mailbox import WORK_COMMANDS
from services.inventory.api import messages
from services.inventory.api.columns import read_commands, refused_message
from services.inventory.domain.decisions import Accepted, Decision
from services.inventory.domain.refusals import PlanVersionMismatch
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Refusal, Retryable
from services.runtime.rpc.errors import Refused

MESSAGES_IN_FLIGHT = 64


class CommandStream:
    """Serves one stream per call of serve()."""

    def __init__(self, host: PerformanceHost, clock: Clock) -> None:
        self._host = host
        self._clock = clock

    async def serve(
        self, requests: AsyncIterator[pb.ExecuteCommandsRequest]
    ) -> AsyncIterator[pb.ExecuteCommandsResponse]:
        """Answers in the order in which batches are done."""
        done: asyncio.Queue[pb.ExecuteCommandsResponse | None] = asyncio.Queue(MESSAGES_IN_FLIGHT + 1)
        reader = asyncio.create_task(self._read(requests, done))
        try:
            while (response := await done.get()) is not None:
                yield response
            await reader
        finally:
            reader.cancel()

    async def _read(
        self,
        requests: AsyncIterator[pb.ExecuteCommandsRequest],
        done: asyncio.Queue[pb.ExecuteCommandsResponse | None],
    ) -> None:
        room = asyncio.Semaphore(MESSAGES_IN_FLIGHT)

        async def answer(request: pb.ExecuteCommandsRequest) -> None:
            try:
                await done.put(await self._execute(request))
            finally:
                room.release()

        try:
            async with asyncio.TaskGroup() as tasks:
                async for request in requests:
                    await room.acquire()
                    tasks.create_task(answer(request))
        finally:
            # Cancelled means that nobody reads any more: a full queue would then keep this task for ever.
            reader = asyncio.current_task()
            if reader is None or not reader.cancelling():
                await done.put(None)

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
                batch_refused=pb.Refused(reason="UNAVAILABLE", metadata={"fault": type(fault).__name__}),
            )
        return pb.ExecuteCommandsResponse(batch_id=request.batch_id, batch_refused=refused_message(0, refusal))

    async def _decide(self, request: pb.ExecuteCommandsRequest, deadline: float | None) -> pb.ExecuteCommandsResponse:
        key = messages.check_performance_key(request.key)
        count = len(request.holds.hold_ids) + len(request.commands)
        if not 1 <= count <= WORK_COMMANDS:
            raise Refused(FieldInvalid("commands", f"holds {count} commands", f"1 to {WORK_COMMANDS} commands"))
        actor = await self._host.owner(key.house_id, key.performance_id, epoch=key.epoch, was_sent_here=True)
        if isinstance(actor, Refusal):
            raise Refused(actor)
        plan = actor.performance.plan
        if request.plan_version != plan.plan_version:
            raise Refused(PlanVersionMismatch(plan.plan_version, request.plan_version))
        read = read_commands(request, plan)
        wanted = [command for command in read if not isinstance(command, Refusal)]
        decisions: Sequence[Decision] | Refusal = []
        if wanted:
            decisions = await self._host.execute(
                key.house_id, key.performance_id, wanted, deadline=deadline, was_sent_here=True
            )
        if isinstance(decisions, Refusal):
            raise Refused(decisions)
        decided = iter(decisions)
        answers = (command if isinstance(command, Refusal) else next(decided) for command in read)
        return _response(request, actor.epoch, answers)


def _response(
    request: pb.ExecuteCommandsRequest, epoch: int, answers: Iterable[Decision]
) -> pb.ExecuteCommandsResponse:
    holds = len(request.holds.hold_ids)
    until: list[int] = []
    refused: list[pb.Refused] = []
    found: list[pb.FoundSeats] = []
    for position, answer in enumerate(answers):
        hold_until_ms = 0
        if not isinstance(answer, Accepted):
            refused.append(refused_message(position, answer))
        elif answer.hold is not None:
            hold_until_ms = answer.hold.hold_until_ms
            if position >= holds and request.commands[position - holds].HasField("best_available"):
                seats = answer.hold.seats
                found.append(pb.FoundSeats(position=position, seat_indexes=seats, hold_until_ms=hold_until_ms))
        if position < holds:
            until.append(hold_until_ms)
    return pb.ExecuteCommandsResponse(
        batch_id=request.batch_id, epoch=epoch, hold_until_ms=until, refused=refused, found=found
    )

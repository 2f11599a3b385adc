"""Releases among a flood of new holds: they have room of their own and go first, so they should hardly notice it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time

from balcon.inventory.v1 import inventory_service_pb2 as pb

from bench.flood import SERVICE, Outcome
from bench.http2 import Http2Connection, grpc_message, header_block
from bench.stack import HOUSE, PLAN_VERSION

PER_SECOND = 50.0


class Releases:
    """Releases of holds that are no more: each goes through a turn and to the store, and changes nothing."""

    def __init__(self, target: str, performance_id: str) -> None:
        self._target = target
        self._key = pb.PerformanceKey(house_id=HOUSE, performance_id=performance_id)
        self._due: dict[int, float] = {}
        self._outcome = Outcome()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Releases:
        """Starts."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stops."""
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def lap(self) -> Outcome:
        """What was answered since the last lap."""
        found, self._outcome = self._outcome, Outcome()
        return found

    async def _run(self) -> None:
        connection = await Http2Connection.connect(self._target, self._broken, self._told)
        stream = connection.open(header_block(f"{SERVICE}ExecuteCommands", self._target))
        due, number = time.perf_counter(), 0
        try:
            while True:
                due += random.expovariate(PER_SECOND)
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                number += 1
                self._due[number] = due
                connection.send(stream, self._message(number))
                connection.flush()
        finally:
            connection.close()

    def _message(self, number: int) -> bytes:
        release = pb.ReleaseCommand(hold_id=f"gone{number}", holder_id="nobody")
        request = pb.ExecuteCommandsRequest(
            batch_id=number, key=self._key, plan_version=PLAN_VERSION, commands=[pb.Command(release=release)]
        )
        return grpc_message(request.SerializeToString())

    def _told(self, connection: Http2Connection, stream: int, message: bytes) -> None:
        answer = pb.ExecuteCommandsResponse.FromString(message)
        if not answer.batch_id:  # word of the credit
            return
        waited = time.perf_counter() - self._due.pop(answer.batch_id)
        refusal = answer.batch_refused.reason or next((one.reason for one in answer.refused), "")
        self._outcome.ended[refusal or "done"] += 1
        self._outcome.latency.record_value(max(1, int(waited * 1e6)))

    def _broken(self, connection: Http2Connection, stream: int, status: int) -> None:
        raise ConnectionResetError(status)

"""The batched way in: many commands a message on one long-lived stream, each let in and answered as by its call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from balcon.orders.v1 import orders_service_pb2 as wire

from services.contracts.wire_types import principal_of, refused_principal
from services.runtime.access.interceptor import MethodGate, RolesWith
from services.runtime.access.method_access import method_access
from services.runtime.call_context import CallContext, current_call, enter_call
from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid, Refusal, Retryable
from services.runtime.ids import Ids
from services.runtime.principal import Principal, PrincipalKind
from services.runtime.rpc.errors import STATUS_OF_KIND, Refused, accept, status_of_fault
from services.runtime.telemetry.logging import get_logger

MOST_COMMANDS = 128
# Commands of one stream that are not answered yet; the next ones are not read.
UNDER_WAY = 1_024
_SERVICE = "/balcon.orders.v1.OrdersService/"
_METHODS = {"create": "CreateOrder", "check_out": "CheckOut", "cancel": "CancelOrder", "get": "GetOrder"}

_log = get_logger("order_stream")

# A method of the servicer, by the name of the command.
Calls = Mapping[str, Callable[[Any, Any], Awaitable[Any]]]
_Done = asyncio.Queue["wire.OrderAnswer | None"]


class OrderStream:
    """Serves one stream per call of serve(). The gate of a command is the gate of the call of its name."""

    def __init__(self, calls: Calls, roles_with: RolesWith, clock: Clock, ids: Ids) -> None:
        self._calls = calls
        self._gates = {
            name: MethodGate(method_access(_SERVICE + method), roles_with) for name, method in _METHODS.items()
        }
        self._clock = clock
        self._ids = ids

    async def serve(
        self, requests: AsyncIterator[wire.ExecuteOrdersRequest]
    ) -> AsyncIterator[wire.ExecuteOrdersResponse]:
        """Answers as commands are done; those of one moment together."""
        done: _Done = asyncio.Queue()  # bounded by UNDER_WAY
        reader = asyncio.create_task(self._read(requests, done))
        try:
            while (answer := await done.get()) is not None:
                response = wire.ExecuteOrdersResponse(answers=[answer])
                while not done.empty() and (answer := done.get_nowait()) is not None:
                    response.answers.append(answer)
                yield response
                if answer is None:  # the last of all came among them
                    break
            await reader
        finally:
            reader.cancel()

    async def _read(self, requests: AsyncIterator[wire.ExecuteOrdersRequest], done: _Done) -> None:
        room = asyncio.Semaphore(UNDER_WAY)
        opened = current_call()
        caller = None if opened is None else opened.principal

        async def answer(command: wire.OrderCommand) -> None:
            try:
                done.put_nowait(await self._answer(command, caller))
            finally:
                room.release()

        refusal: Refusal | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                async for request in requests:
                    count = len(request.commands)
                    if not 1 <= count <= MOST_COMMANDS:
                        problem = f"has {count}" if count else UNSET
                        refusal = FieldInvalid("commands", problem, f"1 to {MOST_COMMANDS} commands")
                        break
                    for command in request.commands:
                        await room.acquire()
                        tasks.create_task(answer(command))
        finally:
            done.put_nowait(None)
        if refusal is not None:
            # After the answers to what came before it.
            raise Refused(refusal)

    async def _answer(self, command: wire.OrderCommand, caller: Principal | None) -> wire.OrderAnswer:
        """Whatever happens to one is its own answer."""
        try:
            order = (await self._called(command, caller)).order
        except Refused as refused:
            return wire.OrderAnswer(command_id=command.command_id, refused=_refused(refused.refusal))
        except Exception as error:  # noqa: BLE001 (one command's trouble is not the others')
            if not isinstance(error, Retryable):
                _log.error("command_broke", command=command.WhichOneof("command"), exc_info=error)
            return wire.OrderAnswer(command_id=command.command_id, refused=_faulted(error))
        return wire.OrderAnswer(command_id=command.command_id, order=order)

    async def _called(self, command: wire.OrderCommand, caller: Principal | None) -> Any:
        kind = command.WhichOneof("command")
        has_named = command.HasField("on_behalf_of")
        accept(
            None if command.command_id else FieldInvalid("commands.command_id", UNSET, "1 or more"),
            None if kind else FieldInvalid("commands.command", UNSET, "one command"),
            refused_principal("commands.on_behalf_of", command.on_behalf_of) if has_named else None,
        )
        assert kind is not None, "refused otherwise"
        request = getattr(command, kind)
        timeout_ms = command.timeout_ms
        call = CallContext({}, self._clock.monotonic() + timeout_ms / 1000 if timeout_ms else None, self._ids)
        named = principal_of(command.on_behalf_of) if has_named else None
        if caller is None:
            # Nobody has checked who calls: at most what is named.
            call.principal = None if named is None else Principal(named.kind, named.subject)
        else:
            is_service = caller.kind is PrincipalKind.SERVICE
            call.principal = Principal(caller.kind, caller.subject, caller.houses, named if is_service else None)
            if (refusal := self._gates[kind].refusal(call.principal, request)) is not None:
                raise Refused(refusal)
        enter_call(call)
        return await self._calls[kind](request, None)


def _refused(refusal: Refusal) -> wire.OrderRefused:
    code = STATUS_OF_KIND[refusal.kind].value[0]
    told = wire.OrderRefused(code=code, reason=refusal.reason(), message=refusal.message())
    told.facts.update(refusal.facts())
    told.retry_after_ms = getattr(refusal, "retry_after_ms", None) or 0
    return told


def _faulted(error: Exception) -> wire.OrderRefused:
    status = status_of_fault(error)
    retry_after_ms = error.retry_after_ms if isinstance(error, Retryable) else 0
    reason = type(error).__name__ if isinstance(error, Retryable) else "InternalError"
    return wire.OrderRefused(
        code=status.code, reason=reason, message=status.message, retry_after_ms=retry_after_ms or 0
    )

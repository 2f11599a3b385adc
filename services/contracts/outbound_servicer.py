"""balcon.outbound.v1.OutboundService, for every integration: targets, the ledger, and what staff do about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import grpc
from balcon.outbound.v1 import outbound_service_pb2 as pb
from balcon.outbound.v1.outbound_service_pb2_grpc import OutboundServiceServicer, add_OutboundServiceServicer_to_server
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.acts import Act, act_event
from services.contracts.bounds import MAX_PAGE_SIZE
from services.contracts.instants import refused_instant
from services.contracts.pages import AskedPage, asked_page, token_after
from services.contracts.wire_types import instant_ms, wire_instant, wire_instant_or_none
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.errors import FieldInvalid, Kind, Refusal
from services.runtime.ids import Ids, refused_key
from services.runtime.outbound.desk import After, Again, Desk, ListedDispatch, TargetStands
from services.runtime.outbound.ledger import Line
from services.runtime.outbound.port import Settled, Target
from services.runtime.outbox.writer import enqueue
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.service import Service
from services.runtime.sql.connections import after_commit

SERVICE_NAME: Final = "balcon.outbound.v1.OutboundService"
_MAX_OUTCOME_CHARS = 40
_STATE_NAMES = {pb.DISPATCH_STATE_WAITING: "waiting"} | {
    pb.DispatchState.Value(f"DISPATCH_STATE_{how.name}"): how.value for how in Settled
}
_STATES = {name: state for state, name in _STATE_NAMES.items()}

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class TargetNotFound(Refusal):
    """House {house_id} has no target {target_id} in {integration}, or nothing was ever to be told to it."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    house_id: str
    target_id: str
    integration: str


class OutboundServicer(OutboundServiceServicer):
    """`wake`: of the outbox's relay, for the acts."""

    def __init__(self, integration: str, desk: Desk, clock: Clock, ids: Ids, wake: Callable[[], None]) -> None:
        self._integration = integration
        self._desk = desk
        self._clock = clock
        self._ids = ids
        self._wake = wake

    async def ListTargets(self, request: pb.ListTargetsRequest, context: Context) -> pb.ListTargetsResponse:  # noqa: N802
        """FieldInvalid."""
        page = _page(request, _refused_filter(request.target_id))
        after = page.after.item_id if page.after else ""
        found = await self._desk.targets(
            request.house_id, target_id=request.target_id, after=after, limit=page.size + 1
        )
        shown = found[: page.size]
        token = token_after(request.house_id, shown[-1].target_id) if len(found) > page.size else ""
        return pb.ListTargetsResponse(targets=[self._target(each) for each in shown], next_page_token=token)

    async def ListDispatches(  # noqa: N802
        self, request: pb.ListDispatchesRequest, context: Context
    ) -> pb.ListDispatchesResponse:
        """FieldInvalid."""
        page = _page(request, _refused_filter(request.target_id), _refused_state("state", request.state, True))
        found = await self._desk.dispatches(
            request.house_id,
            target_id=request.target_id,
            state=_STATE_NAMES.get(request.state, ""),
            after=_after(page),
            limit=page.size + 1,
        )
        shown = found[: page.size]
        token = ""
        if len(found) > page.size:
            token = token_after(request.house_id, shown[-1].dispatch_id, shown[-1].made_at_ms)
        return pb.ListDispatchesResponse(dispatches=[self._dispatch(each) for each in shown], next_page_token=token)

    async def ListExchanges(  # noqa: N802
        self, request: pb.ListExchangesRequest, context: Context
    ) -> pb.ListExchangesResponse:
        """FieldInvalid."""
        page = _page(
            request, _refused_filter(request.target_id), _refused_outcome(request.outcome), *_refused_times(request)
        )
        found = await self._desk.exchanges(
            request.house_id,
            target_id=request.target_id,
            outcome=request.outcome,
            from_ms=instant_ms(request.from_at),
            until_ms=instant_ms(request.until_at),
            after=_after(page),
            limit=page.size + 1,
        )
        shown = found[: page.size]
        token = ""
        if len(found) > page.size:
            token = token_after(request.house_id, shown[-1].exchange_id, shown[-1].exchange.at_ms)
        return pb.ListExchangesResponse(exchanges=[self._exchange(each) for each in shown], next_page_token=token)

    async def ReplayDispatches(  # noqa: N802
        self, request: pb.ReplayDispatchesRequest, context: Context
    ) -> pb.ReplayDispatchesResponse:
        """FieldInvalid, TargetNotFound."""
        accept(
            refused_key("house_id", request.house_id),
            refused_key("target_id", request.target_id),
            *_refused_ids(request),
            *(_refused_state(f"settled_as[{at}]", state, False) for at, state in enumerate(request.settled_as)),
            *_refused_times(request),
        )
        again = Again(
            Target(request.house_id, request.target_id),
            tuple(request.dispatch_ids),
            tuple(Settled(_STATE_NAMES[state]) for state in request.settled_as) or (Settled.REFUSED,),
            instant_ms(request.from_at),
            instant_ms(request.until_at),
        )
        tell = self._telling(again.target, "outbound.replayed")
        count = await self._desk.replay(again, tell)
        if count is None:
            raise Refused(TargetNotFound(request.house_id, request.target_id, self._integration))
        return pb.ReplayDispatchesResponse(replayed=count)

    async def PauseTarget(self, request: pb.PauseTargetRequest, context: Context) -> pb.PauseTargetResponse:  # noqa: N802
        """FieldInvalid, TargetNotFound."""
        target = self._named(request)
        stands = await self._desk.pause(target, _who(), self._telling(target, "outbound.paused"))
        return pb.PauseTargetResponse(target=self._found(target, stands))

    async def ResumeTarget(self, request: pb.ResumeTargetRequest, context: Context) -> pb.ResumeTargetResponse:  # noqa: N802
        """FieldInvalid, TargetNotFound."""
        target = self._named(request)
        stands = await self._desk.resume(target, self._telling(target, "outbound.resumed"))
        return pb.ResumeTargetResponse(target=self._found(target, stands))

    def _named(self, request: pb.PauseTargetRequest | pb.ResumeTargetRequest) -> Target:
        accept(refused_key("house_id", request.house_id), refused_key("target_id", request.target_id))
        return Target(request.house_id, request.target_id)

    def _found(self, target: Target, stands: TargetStands | None) -> pb.OutboundTarget:
        if stands is None:
            raise Refused(TargetNotFound(target.house_id, target.target_id, self._integration))
        return self._target(stands)

    def _telling(self, target: Target, act: str) -> Callable[[AsyncConnection, int], Awaitable[None]]:
        async def tell(connection: AsyncConnection, count: int) -> None:
            facts = {"integration": self._integration, "count": str(count)}
            now_ms = self._clock.now_ms()
            done = Act(act, "outbound_target", target.target_id, facts=facts)
            event = act_event(target.house_id, done, now_ms=now_ms, ids=self._ids)
            await enqueue(connection, [event], now_ms=now_ms, ids=self._ids)
            after_commit(connection, self._wake)

        return tell

    def _target(self, stands: TargetStands) -> pb.OutboundTarget:
        is_resting = stands.state == "resting"
        return pb.OutboundTarget(
            integration=self._integration,
            target_id=stands.target_id,
            state=pb.TargetState.Value(f"TARGET_STATE_{stands.state.upper()}"),
            waiting=stands.waiting,
            oldest_at=wire_instant_or_none(stands.oldest_at_ms),
            resting_since_at=wire_instant_or_none(stands.resting_since_ms) if is_resting else None,
            next_try_at=wire_instant_or_none(stands.rests_until_ms) if is_resting else None,
            locked_at=wire_instant_or_none(stands.locked_at_ms),
            locked_why=stands.locked_why,
            paused_at=wire_instant_or_none(stands.paused_at_ms),
            paused_by=stands.paused_by,
            succeeded_at=wire_instant_or_none(stands.succeeded_at_ms),
            failed_at=wire_instant_or_none(stands.failed_at_ms),
            failure=stands.failure,
        )

    def _dispatch(self, listed: ListedDispatch) -> pb.OutboundDispatch:
        return pb.OutboundDispatch(
            integration=self._integration,
            dispatch_id=listed.dispatch_id,
            target_id=listed.target_id,
            kind=listed.kind,
            about=listed.about,
            state=_STATES[listed.state],
            made_at=wire_instant(listed.made_at_ms),
            due_at=wire_instant_or_none(listed.due_at_ms) if listed.settled_at_ms is None else None,
            settled_at=wire_instant_or_none(listed.settled_at_ms),
            tries=listed.tries,
            note=listed.note,
            exchange_id=listed.exchange_id or "",
            replayable=listed.has_body and listed.settled_at_ms is not None,
        )

    def _exchange(self, line: Line) -> pb.OutboundExchange:
        exchange = line.exchange
        return pb.OutboundExchange(
            integration=self._integration,
            exchange_id=line.exchange_id,
            target_id=exchange.target.target_id,
            asked=exchange.asked,
            kind=exchange.kind,
            asked_at=wire_instant(exchange.at_ms),
            took_ms=exchange.took_ms,
            status=exchange.status,
            answer=exchange.answer,
            payload_hash=exchange.payload_hash,
            dispatches=exchange.dispatches,
            outcome=exchange.outcome,
            about=line.about,
        )


def serve_outbound(service: Service, desk: Desk, wake: Callable[[], None]) -> None:
    """Adds OutboundService to an integration's server, before its start. `wake`: of its outbox's relay."""
    servicer = OutboundServicer(service.name, desk, service.clock, service.ids, wake)
    service.rpc.add(lambda server: add_OutboundServiceServicer_to_server(servicer, server), SERVICE_NAME)


def _page(
    request: pb.ListTargetsRequest | pb.ListDispatchesRequest | pb.ListExchangesRequest, *checks: FieldInvalid | None
) -> AskedPage:
    house = refused_key("house_id", request.house_id)
    return answered(asked_page(request.page_size, request.page_token, request.house_id, house, *checks))


def _after(page: AskedPage) -> After:
    return After(page.after.time_ms, page.after.item_id) if page.after else After()


def _refused_filter(target_id: str) -> FieldInvalid | None:
    return refused_key("target_id", target_id) if target_id else None


def _refused_outcome(outcome: str) -> FieldInvalid | None:
    if len(outcome) <= _MAX_OUTCOME_CHARS:
        return None
    return FieldInvalid("outcome", f"has {len(outcome)} characters", f"0 to {_MAX_OUTCOME_CHARS} characters")


def _refused_state(field: str, state: pb.DispatchState.ValueType, waits_too: bool) -> FieldInvalid | None:
    if state in _STATE_NAMES and (waits_too or state != pb.DISPATCH_STATE_WAITING):
        return None
    if waits_too and state == pb.DISPATCH_STATE_UNSPECIFIED:
        return None
    names = [name for value, name in _STATE_NAMES.items() if waits_too or value != pb.DISPATCH_STATE_WAITING]
    return FieldInvalid(field, f"{int(state)} is no state to choose by", ", ".join(names))


def _refused_times(request: pb.ListExchangesRequest | pb.ReplayDispatchesRequest) -> tuple[FieldInvalid | None, ...]:
    from_ms, until_ms = instant_ms(request.from_at), instant_ms(request.until_at)
    backwards = None
    if from_ms and until_ms and until_ms <= from_ms:
        backwards = FieldInvalid("until_at", "is not after from_at", "after from_at")
    return (
        refused_instant("from_at", from_ms, may_be_unset=True),
        refused_instant("until_at", until_ms, may_be_unset=True),
        backwards,
    )


def _refused_ids(request: pb.ReplayDispatchesRequest) -> tuple[FieldInvalid | None, ...]:
    ids = request.dispatch_ids
    many = None
    if len(ids) > MAX_PAGE_SIZE:
        many = FieldInvalid("dispatch_ids", f"are {len(ids)}", f"at most {MAX_PAGE_SIZE}")
    return (many, *(refused_key(f"dispatch_ids[{at}]", each) for at, each in enumerate(ids[:MAX_PAGE_SIZE])))


def _who() -> str:
    who = current_principal()
    return "" if who is None else f"{who.kind.value}/{who.subject}"

"""The one interceptor that lets calls in: who sent the token, and whether the method's option lets them call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from balcon.types.v1.seating_pb2 import CHANNEL_ONLINE, CHANNEL_UNSPECIFIED

from services.runtime.access.checker import Checked, TokenChecker
from services.runtime.access.method_access import AUDIENCES_OF_KIND, MethodAccess, method_access
from services.runtime.access.refusals import (
    AudienceRefused,
    ChannelForeign,
    HolderForeign,
    HouseNotFound,
    PermissionMissing,
    TokenInvalid,
)
from services.runtime.access.tokens import MAX_SECONDS
from services.runtime.call_context import ON_BEHALF_KEY, CallContext, current_call
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.principal import Principal, PrincipalKind, PrincipalRef
from services.runtime.rpc.errors import Refused
from services.runtime.rpc.interceptors import Context, Handler, is_ours

_REF = re.compile(rf"({'|'.join(PrincipalKind.__members__)})/([A-Za-z0-9_-]{{1,64}})")
_NOT_A_SERVICE = TokenInvalid("is no service's, and the call names somebody to act for")
_NO_REF = TokenInvalid("comes with a name to act for that has no form")

# None at all is told by the call itself, with whatever else is wrong.
_BUYERS_CHANNELS = frozenset({CHANNEL_ONLINE, CHANNEL_UNSPECIFIED})

RolesWith = Callable[[str], frozenset[str]]
# Told of each call of an operator that names a house, before it is answered: the house and the method.
LookedAt = Callable[[str, str], Awaitable[None]]


class MethodGate:
    """Decides for one method. Pure: no token is looked at here."""

    def __init__(self, access: MethodAccess, roles_with: RolesWith, method: str = "") -> None:
        self.method = method
        self._access = access
        self._kinds = frozenset(kind for kind, names in AUDIENCES_OF_KIND.items() if names & access.audiences)
        self._roles = roles_with(access.permission) if access.permission else frozenset[str]()

    def refusal(self, principal: Principal, request: Any) -> Refusal | None:
        """Why the principal may not make this call; None: it may."""
        access, kind = self._access, principal.kind
        if kind in self._kinds or access.is_public:
            # Whoever is named is bound as if it had called itself.
            named = principal.on_behalf_of or principal
            if named.kind is PrincipalKind.BUYER:
                if access.holder_of is not None and access.holder_of(request) != named.subject:
                    return HolderForeign(access.holder)
                return self._refused_channel(request)
            if kind is PrincipalKind.RESELLER and access.house_of is not None:
                house_id = access.house_of(request)
                return None if principal.is_in(house_id) else HouseNotFound(house_id)
            return None
        if kind is not PrincipalKind.STAFF or access.house_of is None or not access.permission:
            return AudienceRefused(kind.value.lower())
        house_id = access.house_of(request)
        if not principal.is_in(house_id):
            return HouseNotFound(house_id)
        return None if principal.roles_in(house_id) & self._roles else PermissionMissing(house_id, access.permission)

    def _refused_channel(self, request: Any) -> ChannelForeign | None:
        """What is sold at a till or in the office has other tickets, prices and times: a buyer cannot choose it."""
        channel = self._access.channel
        return ChannelForeign(channel) if channel and getattr(request, channel) not in _BUYERS_CHANNELS else None


class AccessInterceptor(grpc.aio.ServerInterceptor):
    """Around every method of Balcon's; inside CallInterceptor, which knows the error table and the call's context."""

    def __init__(self, checker: TokenChecker, roles_with: RolesWith, clock: Clock) -> None:
        self._checker = checker
        self._roles_with = roles_with
        self._clock = clock
        self.looked_at: LookedAt | None = None

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """See grpc.aio.ServerInterceptor. Raises AccessUndeclared as the server starts, never later."""
        method = handler_call_details.method
        handler = await continuation(handler_call_details)
        if handler is None or not is_ours(method):
            return handler
        access = method_access(method)
        gate = MethodGate(access, self._roles_with, method)
        codecs = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if not handler.response_streaming:
            inner = handler.unary_unary
            return grpc.unary_unary_rpc_method_handler(self._unary(inner, access, gate), **codecs)
        streaming = handler.stream_stream if handler.request_streaming else handler.unary_stream
        make = (
            grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        )
        return make(self._streaming(streaming, access, gate), **codecs)

    def _unary(self, inner: Any, access: MethodAccess, gate: MethodGate) -> Any:
        async def call(request: Any, context: Context) -> Any:
            await self._admit(access, gate, request)
            return await inner(request, context)

        return call

    def _streaming(self, inner: Any, access: MethodAccess, gate: MethodGate) -> Any:
        async def call(request: Any, context: Context) -> AsyncIterator[Any]:
            checked = await self._admit(access, gate, request)
            expiry = _Expiry(self._checker, checked, self._clock) if checked is not None else None
            try:
                async for response in inner(request, context):
                    yield response
            except asyncio.CancelledError:
                if expiry is None or not expiry.has_ended():
                    raise
                raise Refused(expiry.refusal) from None
            finally:
                if expiry is not None:
                    expiry.stop()

        return call

    async def _admit(self, access: MethodAccess, gate: MethodGate, request: Any) -> Checked | None:
        """Names the principal in the call's context, or raises Refused. None: a public call of nobody in particular."""
        call = current_call()
        assert call is not None
        checked = self._checker.remembered(call.sent_credential)
        if checked is None:
            if access.is_public and not call.credential:
                return None
            found = await self._checker.check(call.credential)
            if isinstance(found, Refusal):
                # Whoever logs in again may still send what was good before.
                if access.is_public:
                    return None
                raise Refused(found)
            checked = found
        principal = _named(checked.token.principal, call)
        refusal = gate.refusal(principal, request)
        if refusal is not None:
            raise Refused(refusal)
        call.principal = principal
        if principal.kind is PrincipalKind.OPERATOR and access.house_of is not None and self.looked_at is not None:
            await self.looked_at(access.house_of(request), gate.method)
        return checked


def _named(principal: Principal, call: CallContext) -> Principal:
    """The principal, with whom it says that it acts for; raises Refused when it may not."""
    said = call.metadata.get(ON_BEHALF_KEY)
    if said is None:
        return principal
    if principal.kind is not PrincipalKind.SERVICE:
        raise Refused(_NOT_A_SERVICE)
    matched = _REF.fullmatch(said) if isinstance(said, str) else None
    if matched is None:
        raise Refused(_NO_REF)
    return Principal(
        principal.kind, principal.subject, on_behalf_of=PrincipalRef(PrincipalKind[matched[1]], matched[2])
    )


class _Expiry:
    """Looks at a stream's token again when it is past its time, and ends the stream if it may not go on."""

    def __init__(self, checker: TokenChecker, checked: Checked, clock: Clock) -> None:
        self._checker = checker
        self._checked = checked
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self.refusal: Refusal = _NO_REF
        self._is_over = False
        left_ms = checked.token.expires_at_ms - clock.now_ms()
        self._timer = self._loop.call_later(max(0.0, left_ms / 1000), self._look)

    def _look(self) -> None:
        refusal = self._checker.again(self._checked)
        if refusal is None:
            self._timer = self._loop.call_later(MAX_SECONDS, self._look)
        elif self._task is not None:
            self.refusal, self._is_over = refusal, True
            self._task.cancel()

    def has_ended(self) -> bool:
        """Whether the stream was ended here; whoever asks deals with the cancellation."""
        if self._is_over and self._task is not None:
            self._task.uncancel()
        return self._is_over

    def stop(self) -> None:
        """The stream is over."""
        self._timer.cancel()

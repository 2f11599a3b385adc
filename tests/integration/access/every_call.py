"""Every call of every service, from the descriptors: a server that answers all of them, and calls by any caller."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from balcon.access.v1 import access_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from services.contracts.access import roles_with
from services.runtime.access.checker import TokenChecker
from services.runtime.access.interceptor import AccessInterceptor
from services.runtime.access.keys import KeyRing, key_id, public_bytes
from services.runtime.access.revocations import Revocations
from services.runtime.access.tokens import Token, encoded
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.principal import HouseRoles, Principal, PrincipalKind
from services.runtime.rpc.errors import refusal_of
from services.runtime.rpc.server import RpcServer
from tests.unit.runtime.test_tokens import ACCOUNTS, DEPLOYMENT

PROTOS = Path(__file__).parents[3] / "protos"
CLOCK = SystemClock()
HOUSE = "hse_a"
HOLDER = "hld_a"


def every_method() -> Iterator[MethodDescriptor]:
    """Found in the folder of protos, so that a new file cannot be forgotten."""
    for path in sorted((PROTOS / "balcon").rglob("*.proto")):
        module = importlib.import_module(".".join(path.relative_to(PROTOS).with_suffix("").parts) + "_pb2")
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from service.methods


def access_of(method: MethodDescriptor) -> access_pb2.Access:
    """What the method declares, as it stands in the proto."""
    return method.GetOptions().Extensions[access_pb2.access]


def audiences_of(method: MethodDescriptor) -> set[str]:
    """The names of its audiences."""
    names = [access_pb2.Audience.Name(audience) for audience in access_of(method).audiences]
    return {name.removeprefix("AUDIENCE_") for name in names}


def request_of(method: MethodDescriptor, *, house: str = HOUSE, holder: str = HOLDER) -> bytes:
    """An otherwise empty request that names that house and that holder where the method says that it does."""
    request = GetMessageClass(method.input_type)()
    said = access_of(method)
    for path, value in ((said.house, house), (said.holder, holder)):
        if path:
            *outer, last = path.split(".")
            message: Any = request
            for name in outer:
                message = getattr(message, name)
            setattr(message, last, value)
    return request.SerializeToString()


class EveryCall:
    """The server's side: counts what got through to a handler."""

    def __init__(self) -> None:
        self.revocations = Revocations()
        self.came: list[str] = []
        self.channel: Any = None

    def handlers(self, methods: list[MethodDescriptor]) -> Mapping[str, Any]:
        """Handlers that answer nothing."""
        return {method.name: self._handler(method) for method in methods}

    def _handler(self, method: MethodDescriptor) -> Any:
        kind = GetMessageClass(method.input_type)
        codecs: dict[str, Any] = {"request_deserializer": kind.FromString, "response_serializer": bytes}

        async def unary(request: Any, context: Any) -> bytes:
            self.came.append(method.full_name)
            return b""

        async def stream(request: Any, context: Any) -> AsyncIterator[bytes]:
            self.came.append(method.full_name)
            yield b""

        if method.client_streaming and method.server_streaming:
            return grpc.stream_stream_rpc_method_handler(stream, **codecs)
        if method.client_streaming:
            return grpc.stream_unary_rpc_method_handler(unary, **codecs)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, **codecs)
        return grpc.unary_unary_rpc_method_handler(unary, **codecs)

    async def call(self, method: MethodDescriptor, credential: str = "", request: bytes | None = None) -> str:
        """What the caller is told: OK, or the reason of the refusal."""
        name = f"/{method.containing_service.full_name}/{method.name}"
        metadata = grpc.aio.Metadata(*([("authorization", credential)] if credential else []))
        sent = request_of(method) if request is None else request
        before = len(self.came)
        try:
            if method.client_streaming and method.server_streaming:
                async for _ in self.channel.stream_stream(name)(_once(sent), metadata=metadata):
                    pass
            elif method.client_streaming:
                await self.channel.stream_unary(name)(_once(sent), metadata=metadata)
            elif method.server_streaming:
                async for _ in self.channel.unary_stream(name)(sent, metadata=metadata):
                    pass
            else:
                await self.channel.unary_unary(name)(sent, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            assert len(self.came) == before, "nothing is done for whom is refused"
            refusal = refusal_of(error)
            assert refusal is not None, error
            return refusal.reason
        assert len(self.came) == before + 1
        return "OK"


async def _once(message: bytes) -> AsyncIterator[bytes]:
    yield message


async def _keys_of_accounts() -> dict[str, bytes]:
    return {key_id(public_bytes(ACCOUNTS)): public_bytes(ACCOUNTS)}


@asynccontextmanager
async def serving_every_call() -> AsyncIterator[EveryCall]:
    """A server of all services, guarded as each of them is."""
    every = EveryCall()
    server = RpcServer(clock=CLOCK, ids=RandomIds())
    keys = KeyRing(DEPLOYMENT, CLOCK, fetch=_keys_of_accounts)
    server.intercept(AccessInterceptor(TokenChecker(keys, every.revocations, CLOCK), roles_with, CLOCK))
    by_service: dict[str, list[MethodDescriptor]] = {}
    for method in every_method():
        by_service.setdefault(method.containing_service.full_name, []).append(method)
    for name, methods in by_service.items():
        handlers = every.handlers(methods)
        server.add(lambda to, name=name, handlers=handlers: to.add_registered_method_handlers(name, handlers), name)  # type: ignore[misc]
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            every.channel = channel
            yield every
    finally:
        await server.stop(0)


def staff(*roles: str, house: str = HOUSE) -> Principal:
    """A member of the house with those roles."""
    return Principal(PrincipalKind.STAFF, "psn_1", (HouseRoles(house, frozenset(roles)),))


def credential_of(
    principal: Principal, *, lives_ms: int = 60_000, at_ms: int | None = None, session: str = "ses_1"
) -> str:
    """Signed by whoever signs tokens of that kind."""
    now = CLOCK.now_ms() if at_ms is None else at_ms
    key = DEPLOYMENT if principal.kind in {PrincipalKind.SERVICE, PrincipalKind.OPERATOR} else ACCOUNTS
    token = Token(principal, now, now + lives_ms, "tok_1", session)
    return f"Bearer {encoded(token, key, key_id(public_bytes(key)))}"

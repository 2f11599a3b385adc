"""Accounts as main.py wires it, in the test's own process: real gRPC, real PostgreSQL, cheap passwords."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import jwt
from balcon.accounts.v1 import accounts_service_pb2 as pb
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from balcon.audit.v1.audit_service_pb2 import AuditRequest, Check
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.accounts.main import build
from services.accounts.settings import AccountsSettings
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.errors import RemoteRefusal, refusal_of
from services.runtime.service import Service
from services.runtime.testing.servers import as_owner

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub
    from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceAsyncStub

PASSWORD = "correct horse battery"


class Accounts:
    """A running service, clients of it, and its database."""

    def __init__(self, service: Service, channel: grpc.aio.Channel, engine: AsyncEngine) -> None:
        self.service = service
        self.stub: AccountsServiceAsyncStub = AccountsServiceStub(channel)
        self._audit: AuditServiceAsyncStub = AuditServiceStub(channel)
        self.engine = engine

    async def sign_up(self, label: str, email: str | None = None) -> pb.SignUpResponse:
        return await self.stub.SignUp(sign_up_request(label, email=email or f"owner@{label}.example"))

    async def log_in(self, email: str, password: str = PASSWORD) -> pb.LogInResponse:
        return await self.stub.LogIn(pb.LogInRequest(email=email, password=password, device="Test"))

    async def token(self, session_secret: str) -> str:
        return (await self.stub.IssueToken(pb.IssueTokenRequest(session_secret=session_secret))).token

    async def claims(self, token: str) -> dict[str, Any]:
        """What the token says, checked with the key that the service tells."""
        keys = {
            key.key_id: key.public_key for key in (await self.stub.ListSigningKeys(pb.ListSigningKeysRequest())).keys
        }
        return claims_of(token, keys)

    async def audit(self) -> list[Check]:
        answers = self._audit.Audit(AuditRequest())
        return [check async for answer in answers for check in answer.checks]

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(sql))]

    async def damage(self, sql: str) -> None:
        """Changes rows behind the service's back."""
        async with self.engine.begin() as connection:
            await connection.execute(text(sql))


def claims_of(token: str, keys: dict[str, bytes]) -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("EdDSA", "balcon+jwt")
    key = Ed25519PublicKey.from_public_bytes(keys[header["kid"]])
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["EdDSA"], issuer="balcon.accounts")
    return claims


def sign_up_request(label: str, /, *, key: str | None = None, **changes: Any) -> pb.SignUpRequest:
    fields: dict[str, Any] = {
        "label": label,
        "house_name": "A house",
        "time_zone": "Europe/Amsterdam",
        "currency": "EUR",
        "languages": ["nl", "en"],
        "person_name": "Ada Owner",
        "email": f"owner@{label}.example",
        "password": PASSWORD,
    }
    return pb.SignUpRequest(idempotency_key=key or f"sign-up-{label}", **(fields | changes))


def settings_of(database_url: str, bus_url: str, **changes: Any) -> AccountsSettings:
    fields: dict[str, Any] = {
        "database_url": SecretStr(database_url),
        "bus_url": SecretStr(bus_url),
        "sealing_secrets": SecretStr("a sealing secret of tests"),
        "relay_interval_seconds": 0.1,
        "drain_seconds": 1,
        "password_time_cost": 1,
        "password_memory_kib": 8,
    }
    return AccountsSettings(**(fields | changes))


@asynccontextmanager
async def running_accounts(database_url: str, bus_url: str = "memory://", **changes: Any) -> AsyncIterator[Accounts]:
    """Serves until the block ends."""
    settings = settings_of(database_url, bus_url, **changes)
    service = Service("accounts", settings)
    engine = as_owner(database_url)
    await build(service, settings)
    await service.start()
    channel = open_channel(f"127.0.0.1:{service.rpc.port}", service.clock)
    try:
        yield Accounts(service, channel, engine)
    finally:
        await channel.close()
        await service.stop()
        await engine.dispose()


async def refusal(call: Awaitable[object]) -> RemoteRefusal:
    """What the call is refused with."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        found = refusal_of(error)
        assert found is not None, error
        return found
    message = f"not refused: {answer}"
    raise AssertionError(message)
